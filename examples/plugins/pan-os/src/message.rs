use std::fmt::Write;
use std::net::IpAddr;

use autosec_plugin::{Failure, FailureKind, HttpRequest, fail};
use ipnet::IpNet;

use crate::config::Config;
use crate::fitting;

/// The longest time that a tag can be given, in seconds.
pub(crate) const LONGEST: u32 = 2_592_000;
/// How many addresses are listed in one answer.
pub(crate) const PAGE: usize = 500;

/// Something that is to carry the tag, or not any more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Item {
    pub(crate) target: IpNet,
    /// In seconds, at least one; `None` is for ever.
    pub(crate) timeout: Option<u32>,
}

impl Item {
    /// Nothing must end before its time, and a timeout of 0 would never end.
    pub(crate) fn read(target: &str, ttl: Option<u32>) -> Result<Self, Failure> {
        let read = target.parse::<IpAddr>().map(IpNet::from).or_else(|_| target.parse::<IpNet>());
        let unfit = |_| fail(FailureKind::InvalidTarget, format!("`{target}` is no address and no prefix"));
        let target = read.map_err(unfit).and_then(|target| fitting(target.trunc()))?;
        Ok(Self { target, timeout: ttl.map(|seconds| seconds.clamp(1, LONGEST)) })
    }

    pub(crate) fn is_host(&self) -> bool {
        self.target.prefix_len() == self.target.max_prefix_len()
    }

    /// Hosts are written without a prefix length: an IPv6 address may have none.
    fn written(&self) -> String {
        if self.is_host() { self.target.addr().to_string() } else { self.target.to_string() }
    }
}

/// What becomes of the tags of some addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Change {
    /// They are given.
    Register,
    /// They are taken away and given anew, in one message.
    Refresh,
    /// They are taken away.
    Unregister,
}

/// The fields of a request that changes tags.
pub(crate) fn change(config: &Config, change: Change, items: &[Item]) -> Vec<u8> {
    let mut message = String::from("<uid-message><version>1.0</version><type>update</type><payload>");
    if matches!(change, Change::Unregister | Change::Refresh) {
        section(&mut message, config, "unregister", items);
    }
    if matches!(change, Change::Register | Change::Refresh) {
        section(&mut message, config, "register", items);
    }
    message.push_str("</payload></uid-message>");
    form(config, &[("type", "user-id"), ("action", "set"), ("cmd", &message)])
}

/// Writing to a text cannot fail.
fn section(message: &mut String, config: &Config, name: &str, items: &[Item]) {
    let registers = name == "register";
    let _ = write!(message, "<{name}>");
    for item in items {
        let _ = write!(message, "<entry ip=\"{}\"", item.written());
        if registers {
            let _ = write!(message, " persistent=\"{}\"", u8::from(config.persistent));
        }
        message.push_str("><tag><member");
        if let Some(seconds) = item.timeout.filter(|_| registers) {
            let _ = write!(message, " timeout=\"{seconds}\"");
        }
        // Without a member every tag of the address would be meant, those of others too.
        let _ = write!(message, ">{}</member></tag></entry>", config.tag);
    }
    let _ = write!(message, "</{name}>");
}

/// The fields of a request that lists a page of what carries the tag, from this place on; the first is 1.
pub(crate) fn page(config: &Config, start: usize) -> Vec<u8> {
    let tag = &config.tag;
    operation(
        config,
        &format!(
            "<show><object><registered-ip><limit>{PAGE}</limit><start-point>{start}</start-point>\
             <tag><entry name=\"{tag}\"/></tag></registered-ip></object></show>"
        ),
    )
}

/// The fields of a request that shows the tags of one address.
pub(crate) fn look_up(config: &Config, item: &Item) -> Vec<u8> {
    let ip = item.written();
    operation(config, &format!("<show><object><registered-ip><ip>{ip}</ip></registered-ip></object></show>"))
}

/// The fields of a request that says which one of a pair the firewall is.
pub(crate) fn pair(config: &Config) -> Vec<u8> {
    operation(config, "<show><high-availability><state/></high-availability></show>")
}

/// The fields of a request that says what model and version the firewall is.
pub(crate) fn system(config: &Config) -> Vec<u8> {
    operation(config, "<show><system><info/></system></show>")
}

/// A whole request; the host puts the key into its header.
pub(crate) fn request(config: &Config, fields: Vec<u8>) -> HttpRequest {
    HttpRequest::new("POST", config.api())
        .with_body("application/x-www-form-urlencoded", fields)
        .with_secret("key")
}

fn operation(config: &Config, command: &str) -> Vec<u8> {
    form(config, &[("type", "op"), ("cmd", command)])
}

fn form(config: &Config, command: &[(&str, &str)]) -> Vec<u8> {
    let place = [("vsys", Some(&*config.vsys)), ("target", config.target.as_deref())];
    let place = place.iter().filter_map(|(name, value)| value.map(|value| (*name, value)));
    let mut body = String::new();
    for (name, value) in command.iter().copied().chain(place) {
        if !body.is_empty() {
            body.push('&');
        }
        let _ = write!(body, "{name}=");
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => body.push(byte.into()),
                b' ' => body.push('+'),
                _ => _ = write!(body, "%{byte:02X}"),
            }
        }
    }
    body.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;

    #[test]
    fn times_are_whole_and_never_endless_by_accident() {
        let timeout = |ttl| Item::read("192.0.2.7/24", ttl).unwrap().timeout;
        for (ttl, seconds) in [(0, 1), (1, 1), (60, 60), (u32::MAX, 2_592_000)] {
            assert_eq!(timeout(Some(ttl)), Some(seconds), "{ttl}");
        }
        assert_eq!(timeout(None), None);
    }

    #[test]
    fn takes_hosts_and_prefixes_of_ipv4() {
        for (text, written) in [
            ("192.0.2.7", Some("192.0.2.7")),
            ("192.0.2.7/32", Some("192.0.2.7")),
            ("192.0.2.7/24", Some("192.0.2.0/24")),
            ("2001:db8::1/128", Some("2001:db8::1")),
            ("2001:db8::/64", None),
            ("x", None),
        ] {
            assert_eq!(Item::read(text, None).ok().map(|item| item.written()).as_deref(), written, "{text}");
        }
    }

    #[test]
    fn a_refresh_takes_before_it_gives() {
        let items = [Item::read("192.0.2.7", Some(60)).unwrap()];
        let body = String::from_utf8(change(&config(), Change::Refresh, &items)).unwrap();
        let (taken, given) = (body.find("unregister%3E").unwrap(), body.find("%3Cregister%3E").unwrap());
        assert!(taken < given && body.ends_with("&vsys=vsys1"), "{body}");
        assert!(body.contains("%3Cmember+timeout%3D%2260%22%3Eautosec-block%3C%2Fmember%3E"), "{body}");
    }
}
