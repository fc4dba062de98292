//! A simulator of AWS WAF's IP sets that is strict where other ones are not: one change a second, 10,000 entries, addresses
//! with a length and without host bits, IPv6 shown in full, and a signature that names service and region.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv6Addr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use ipnet::IpNet;
use serde_json::{Value, json};

use super::{Line, Troubles, body, json};
use crate::support::web::{Answer, Asked, Site};

/// Access key and secret key, as the secret is written.
pub const KEY: &str = "AKIDEXAMPLE:the-secret-key-of-the-test";
pub const REGION: &str = "eu-central-1";

#[derive(Clone, Debug)]
pub struct Set {
    pub name: &'static str,
    pub ipv6: bool,
    pub addresses: BTreeSet<IpNet>,
    lock: u32,
}

#[derive(Debug)]
pub struct State {
    /// By identifier.
    pub sets: BTreeMap<&'static str, Set>,
    pub troubles: Troubles,
    /// The action of all that was asked, and the set.
    pub asked: Vec<String>,
    /// Whether more than one change a second is refused.
    pub is_paced: bool,
    /// How often somebody else will change a set between our reading and our change.
    pub rivals: u32,
    changed: Option<Instant>,
}

/// IP sets of an account; clones are the same.
#[derive(Clone, Debug)]
pub struct Waf(Arc<Mutex<State>>);

impl Waf {
    /// Two sets of IPv4 and one of IPv6.
    pub fn new() -> Self {
        let set = |name, ipv6| Set { name, ipv6, addresses: BTreeSet::new(), lock: 1 };
        let sets = [
            ("id-1", set("blocked-1", false)),
            ("id-2", set("blocked-2", false)),
            ("id-6", set("blocked-6", true)),
        ];
        Self(Arc::new(Mutex::new(State {
            sets: sets.into(),
            troubles: Troubles::default(),
            asked: Vec::new(),
            is_paced: true,
            rivals: 0,
            changed: None,
        })))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl Site for Waf {
    fn answer(&self, asked: Asked) -> Answer {
        let state = &mut *self.state();
        let mut troubles = std::mem::take(&mut state.troubles);
        let answer = troubles.around(|| state.serve(&asked));
        state.troubles = troubles;
        answer
    }
}

impl State {
    fn serve(&mut self, asked: &Asked) -> Answer {
        let line = Line::of(asked);
        if (line.method, line.path) != ("POST", "/") {
            return refused("UnknownOperationException", "");
        }
        if !is_signed(asked) {
            return refused(
                "MissingAuthenticationTokenException",
                "the request is not signed as it should be",
            );
        }
        let Some(body) = body(asked, "application/x-amz-json-1.1") else {
            return refused("SerializationException", "");
        };
        let action = asked.header("x-amz-target").and_then(|target| target.strip_prefix("AWSWAF_20190729."));
        let id = body["Id"].as_str().unwrap_or_default();
        self.asked.push(format!("{} {id}", action.unwrap_or("?")));
        let is_it = |set: &Set| body["Name"] == set.name && body["Scope"] == "REGIONAL";
        if !self.sets.get(id).is_some_and(is_it) {
            return refused(
                "WAFNonexistentItemException",
                "AWS WAF couldn't perform the operation because your resource doesn't exist.",
            );
        }
        match action {
            Some("GetIPSet") => self.read(id),
            Some("UpdateIPSet") => self.update(id, &body),
            _ => refused("UnknownOperationException", ""),
        }
    }

    fn read(&self, id: &str) -> Answer {
        let set = &self.sets[id];
        let addresses: Vec<String> = set.addresses.iter().map(shown).collect();
        let version = if set.ipv6 { "IPV6" } else { "IPV4" };
        let set_body = json!({
            "Name": set.name, "Id": id, "ARN": format!("arn:aws:wafv2:{REGION}:1:regional/ipset/{}/{id}", set.name),
            "IPAddressVersion": version, "Addresses": addresses,
        });
        json(200, &json!({"IPSet": set_body, "LockToken": format!("lock-{}", set.lock)}))
    }

    fn update(&mut self, id: &str, body: &Value) -> Answer {
        let is_early = self.changed.is_some_and(|changed| changed.elapsed() < Duration::from_secs(1));
        if self.is_paced && is_early {
            return refused("ThrottlingException", "Rate exceeded");
        }
        let Some(set) = self.sets.get_mut(id) else { return refused("WAFNonexistentItemException", id) };
        if self.rivals > 0 {
            self.rivals -= 1;
            set.lock += 1;
            let theirs = if set.ipv6 { "2001:db8:ffff::/48" } else { "10.255.0.0/16" };
            set.addresses.insert(theirs.parse().unwrap());
        }
        if body["LockToken"] != format!("lock-{}", set.lock) {
            return refused(
                "WAFOptimisticLockException",
                "AWS WAF couldn't save your changes because someone changed the resource after you started to edit it.",
            );
        }
        let Some(addresses) = addresses(&body["Addresses"], set.ipv6) else {
            return refused(
                "WAFInvalidParameterException",
                "Error reason: The parameter contains formatting that is not valid., field: IP_ADDRESS",
            );
        };
        if addresses.len() > 10_000 {
            return refused(
                "WAFLimitsExceededException",
                "AWS WAF couldn't perform the operation because you exceeded your resource limit.",
            );
        }
        set.addresses = addresses;
        set.lock += 1;
        self.changed = Some(Instant::now());
        json(200, &json!({"NextLockToken": format!("lock-{}", set.lock)}))
    }
}

/// Addresses with a length and without host bits, of one family, none twice.
fn addresses(list: &Value, ipv6: bool) -> Option<BTreeSet<IpNet>> {
    let rows = list.as_array()?;
    let read = |row: &Value| {
        let target: IpNet = row.as_str()?.parse().ok()?;
        let is_fit = target.addr().is_ipv6() == ipv6 && target.trunc() == target && target.prefix_len() > 0;
        is_fit.then_some(target)
    };
    let addresses: BTreeSet<IpNet> = rows.iter().map(read).collect::<Option<_>>()?;
    (addresses.len() == rows.len()).then_some(addresses)
}

/// IPv6 is shown with all its zeros.
fn shown(target: &IpNet) -> String {
    let full = |ip: Ipv6Addr| ip.segments().map(|part| format!("{part:04x}")).join(":");
    match target {
        IpNet::V4(prefix) => prefix.to_string(),
        IpNet::V6(prefix) => format!("{}/{}", full(prefix.addr()), prefix.prefix_len()),
    }
}

/// Whether the signature has its form; that it is right is tried by the signer's own tests.
fn is_signed(asked: &Asked) -> bool {
    let scope = format!("/{REGION}/wafv2/aws4_request, SignedHeaders=");
    let Some(rest) = asked
        .header("authorization")
        .and_then(|held| held.strip_prefix("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"))
    else {
        return false;
    };
    let Some((day, rest)) = rest.split_once(&scope) else { return false };
    let Some((headers, signature)) = rest.split_once(", Signature=") else { return false };
    let names: Vec<&str> = headers.split(';').collect();
    let has_date = asked.header("x-amz-date").is_some_and(|date| date.starts_with(day) && date.len() == 16);
    let is_hash = signature.len() == 64 && signature.bytes().all(|byte| byte.is_ascii_hexdigit());
    has_date && is_hash && names.contains(&"host") && names.contains(&"x-amz-date")
}

fn refused(kind: &str, message: &str) -> Answer {
    json(400, &json!({"__type": kind, "message": message}))
}
