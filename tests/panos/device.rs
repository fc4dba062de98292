//! A firewall that keeps tags as PAN-OS's documentation says, and has every trouble a firewall can have.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use autosec_integrations::firewall::panos::{PanOs, PanOsConfig};
use autosec_integrations::secret::SecretSource;
use autosec_integrations::transport::{Fingerprint, HttpsClient, HttpsConfig, Trust};
use ipnet::IpNet;

use super::message::{self, Entry};
use super::{KEY, secrets};
use crate::support::web::{Answer, Asked, Identity, Site, Web};

/// Something that happens to one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The connection is cut before anything is done.
    CutBefore,
    /// It is done, and the connection is cut before the answer.
    CutAfter,
    /// It is done, and the answer breaks off in the middle.
    Truncated,
    /// It takes its time.
    Slow(Duration),
    /// A server in front of it has enough to do.
    Status(u16, Option<&'static str>),
    /// Somebody commits a change of the configuration.
    Committing,
}

/// How it treats a message in which one address is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Strictness {
    /// It names the address, and hears the rest.
    Named,
    /// It names the address, and hears nothing.
    NamedAlone,
    /// It refuses the message, and says not why.
    Unnamed,
}

#[derive(Debug)]
pub struct State {
    /// Each address with its tags, each until when.
    pub tags: BTreeMap<String, BTreeMap<String, Option<Duration>>>,
    /// What is not persistent.
    pub volatile: BTreeSet<String>,
    pub faults: VecDeque<Fault>,
    pub key: String,
    pub password: String,
    /// `active`, `passive`, or nothing where it stands alone.
    pub pair: &'static str,
    pub capacity: usize,
    pub strictness: Strictness,
    /// Addresses that it takes for wrong.
    pub wrong: BTreeSet<String>,
    /// Whether a message's tags are given before others are taken.
    pub registers_first: bool,
    pub lists_times: bool,
    pub knows_pages: bool,
    /// What was asked: the type, and the command.
    pub asked: Vec<(String, String)>,
    started: Instant,
    advanced: Duration,
}

impl State {
    /// The time that the firewall has been up.
    fn now(&self) -> Duration {
        self.started.elapsed() + self.advanced
    }

    pub fn advance(&mut self, by: Duration) {
        self.advanced += by;
    }

    /// Whether an address has our tag now.
    pub fn blocks(&mut self, ip: &str) -> bool {
        self.expire();
        self.tags.get(ip).is_some_and(|tags| tags.contains_key("autosec-block"))
    }

    fn expire(&mut self) {
        let now = self.now();
        for tags in self.tags.values_mut() {
            tags.retain(|_, until| until.is_none_or(|until| until > now));
        }
        self.tags.retain(|_, tags| !tags.is_empty());
    }

    /// A restart of the firewall.
    pub fn restart(&mut self) {
        let volatile = std::mem::take(&mut self.volatile);
        self.tags.retain(|ip, _| !volatile.contains(ip));
    }
}

/// A firewall; clones are the same.
#[derive(Clone, Debug)]
pub struct Device(Arc<Mutex<State>>);

impl Device {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            tags: BTreeMap::new(),
            volatile: BTreeSet::new(),
            faults: VecDeque::new(),
            key: KEY.to_owned(),
            password: "correct horse".to_owned(),
            pair: "",
            capacity: 1_000_000,
            strictness: Strictness::Named,
            wrong: BTreeSet::new(),
            registers_first: false,
            lists_times: true,
            knows_pages: true,
            asked: Vec::new(),
            started: Instant::now(),
            advanced: Duration::ZERO,
        })))
    }

    pub fn with(self, change: impl FnOnce(&mut State)) -> Self {
        change(&mut self.state());
        self
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The firewall on the network, and our side of it.
    pub async fn online(&self) -> (Web, PanOs) {
        self.online_with(|config| config, Arc::new(secrets())).await
    }

    pub async fn online_with(
        &self,
        set: impl FnOnce(PanOsConfig) -> PanOsConfig,
        secrets: Arc<dyn SecretSource>,
    ) -> (Web, PanOs) {
        let web = Web::start(Arc::new(self.clone()), None).await;
        let trust = Trust::Pinned(Vec::new());
        let client = HttpsClient::new(HttpsConfig { trust, ..HttpsConfig::default() }).unwrap();
        let config = set(PanOsConfig::new(web.url("http")));
        let firewall = PanOs::new(config, Arc::new(client), secrets).unwrap();
        (web, firewall)
    }

    /// The same over TLS, with a certificate of its own making that is pinned.
    pub async fn online_over_tls(&self) -> (Web, PanOs) {
        let identity = Identity::new("pa-220");
        let web = Web::start(Arc::new(self.clone()), Some(identity.tls)).await;
        let trust = Trust::Pinned(vec![Fingerprint::of(&identity.certificate)]);
        let client = HttpsClient::new(HttpsConfig { trust, ..HttpsConfig::default() }).unwrap();
        let config = PanOsConfig::new(web.url("https"));
        (web, PanOs::new(config, Arc::new(client), Arc::new(secrets())).unwrap())
    }
}

impl Site for Device {
    fn answer(&self, asked: Asked) -> Answer {
        assert_eq!(asked.line, "POST /api/ HTTP/1.1");
        assert!(asked.body.len() < 5_000_000, "PAN-OS takes 5 MB");
        let fields = message::fields(&asked.body);
        let state = &mut *self.state();
        let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
        state.asked.push((field("type"), field("cmd")));
        let mut after = Duration::ZERO;
        let mut cut = None;
        match state.faults.pop_front() {
            Some(Fault::CutBefore) => return Answer { cut: Some(0), ..Answer::new("") },
            Some(Fault::Status(status, wait)) => {
                let headers = wait.map(|wait| ("Retry-After", wait.to_owned())).into_iter().collect();
                return Answer { status, headers, ..Answer::new("<html>busy</html>") };
            }
            Some(Fault::Committing) => {
                return Answer::new(error(
                    13,
                    "Another commit/validate is in progress. Please try again later",
                ));
            }
            Some(Fault::CutAfter) => cut = Some(0),
            Some(Fault::Truncated) => cut = Some(usize::MAX),
            Some(Fault::Slow(time)) => after = time,
            None => {}
        }
        state.expire();
        let body = match field("type").as_str() {
            "keygen" => state.keygen(&field("user"), &field("password")),
            _ if asked.header("x-pan-key") != Some(&*state.key) => {
                "<response status = 'error' code = '403'><result><msg>Invalid Credential</msg></result></response>"
                    .to_owned()
            }
            "user-id" if field("action") == "set" => state.user_id(&field("vsys"), &field("cmd")),
            "op" => state.operate(&field("cmd")),
            _ => error(1, "Unknown command"),
        };
        let cut = cut.map(|cut: usize| cut.min(body.len() / 2));
        Answer { after, cut, ..Answer::new(body) }
    }
}

impl State {
    fn keygen(&self, user: &str, password: &str) -> String {
        if (user, password) != ("autosec", &*self.password) {
            return "<response status = 'error' code = '403'><result><msg>Invalid credentials.</msg></result></response>"
                .to_owned();
        }
        format!("<response status = 'success'><result><key>{}</key></result></response>", self.key)
    }

    fn operate(&self, command: &str) -> String {
        if command.starts_with("<show><object><registered-ip>") {
            return self.list(command);
        }
        match command {
            "<show><high-availability><state/></high-availability></show>" if self.pair.is_empty() => {
                success("<enabled>no</enabled>")
            }
            "<show><high-availability><state/></high-availability></show>" => success(&format!(
                "<enabled>yes</enabled><group><mode>Active-Passive</mode><local-info><state>{}</state></local-info>\
                 <peer-info><state>unknown</state></peer-info></group>",
                self.pair
            )),
            "<show><system><info/></system></show>" => success(
                "<system><hostname>edge</hostname><model>PA-220</model><sw-version>10.1.6-h3</sw-version></system>",
            ),
            _ => error(17, "invalid command"),
        }
    }

    fn list(&self, command: &str) -> String {
        let tag = message::between(command, "<tag><entry name=\"", "\"/></tag>");
        let one = message::between(command, "<ip>", "</ip>");
        let number = |name: &str| {
            let text = message::between(command, &format!("<{name}>"), &format!("</{name}>"));
            text.map(|text| text.parse::<usize>().unwrap())
        };
        let (mut start, limit) = (number("start-point").unwrap_or(1), number("limit").unwrap_or(usize::MAX));
        if !self.knows_pages {
            start = 1;
        }
        let has_tag = |tags: &BTreeMap<String, _>| tag.is_none_or(|tag| tags.contains_key(tag));
        let fits = |ip: &String| one.is_none_or(|one| one == ip);
        let found = self.tags.iter().filter(|(ip, tags)| has_tag(tags) && fits(ip));
        let mut listed = String::new();
        let mut count = 0;
        for (ip, tags) in found.skip(start - 1).take(limit) {
            count += 1;
            let persistent = u8::from(!self.volatile.contains(ip));
            let _ = write!(listed, "<entry ip=\"{ip}\" from_agent=\"0\" persistent=\"{persistent}\"><tag>");
            for (tag, until) in tags {
                match until.filter(|_| self.lists_times) {
                    Some(until) => {
                        let left = (until - self.now()).as_secs() + 1;
                        let _ = write!(listed, "<member timeout=\"{left}\">{tag}</member>");
                    }
                    None => {
                        let _ = write!(listed, "<member>{tag}</member>");
                    }
                }
            }
            listed.push_str("</tag></entry>");
        }
        success(&format!("{listed}<count>{count}</count>"))
    }

    fn user_id(&mut self, vsys: &str, command: &str) -> String {
        if self.pair == "passive" {
            return error(15, "Operation denied on this HA peer");
        }
        if vsys != "vsys1" {
            return error(13, &format!("{vsys} not found"));
        }
        let sections = [message::section(command, "unregister"), message::section(command, "register")];
        let [Some(taken), Some(given)] = sections else { return error(17, "uid-message is invalid") };
        let is_wrong = |entry: &Entry| self.wrong.contains(&entry.ip) || !is_possible(&entry.ip);
        if given.iter().any(is_wrong) {
            match self.strictness {
                Strictness::Unnamed => return error(18, "uid-message -> payload -> register is invalid"),
                Strictness::NamedAlone => {
                    let wrong = given.iter().filter(|entry| is_wrong(entry));
                    return complained(
                        "",
                        &wrong.map(|entry| complaint(entry, "Failed to register")).collect::<String>(),
                    );
                }
                Strictness::Named => {}
            }
        }
        let (unregister, register) = if self.registers_first {
            let register = self.register(&given);
            (self.unregister(&taken), register)
        } else {
            (self.unregister(&taken), self.register(&given))
        };
        complained(&unregister, &register)
    }

    fn register(&mut self, entries: &[Entry]) -> String {
        let now = self.now();
        let mut complaints = String::new();
        for entry in entries {
            let said = match self.tags.get(&entry.ip) {
                _ if self.wrong.contains(&entry.ip) || !is_possible(&entry.ip) => {
                    Some("Failed to register".to_owned())
                }
                Some(tags) if tags.contains_key(&entry.tag) => {
                    Some(format!("tag {} already exists, ignore", entry.tag))
                }
                Some(tags) if tags.len() == 32 => Some("too many tags".to_owned()),
                None if self.tags.len() >= self.capacity => Some("registered ip limit reached".to_owned()),
                _ => None,
            };
            if let Some(said) = said {
                complaints += &complaint(entry, &said);
                continue;
            }
            let timeout = entry.timeout.filter(|timeout| *timeout > 0);
            assert!(timeout.is_none_or(|timeout| timeout <= 2_592_000), "PAN-OS takes 30 days at most");
            let until = timeout.map(|timeout| now + Duration::from_secs(timeout));
            self.tags.entry(entry.ip.clone()).or_default().insert(entry.tag.clone(), until);
            if !entry.persistent {
                self.volatile.insert(entry.ip.clone());
            }
        }
        complaints
    }

    fn unregister(&mut self, entries: &[Entry]) -> String {
        let mut complaints = String::new();
        for entry in entries {
            let gone = match self.tags.get_mut(&entry.ip) {
                Some(tags) => tags.remove(&entry.tag).is_none().then(|| format!("tag {}", entry.tag)),
                None => Some(format!("ip {}", entry.ip)),
            };
            if let Some(gone) = gone {
                complaints += &complaint(entry, &format!("{gone} does not exist, ignore unreg"));
            }
        }
        self.tags.retain(|_, tags| !tags.is_empty());
        complaints
    }
}

/// Hosts of both families, and prefixes of IPv4.
fn is_possible(ip: &str) -> bool {
    match ip.parse::<IpNet>() {
        Ok(prefix) => matches!(prefix, IpNet::V4(_)) && prefix.trunc() == prefix,
        Err(_) => ip.parse::<std::net::IpAddr>().is_ok(),
    }
}

fn success(result: &str) -> String {
    format!("<response status=\"success\"><result>{result}</result></response>")
}

fn error(code: u16, words: &str) -> String {
    let words = words.replace('>', "&gt;");
    format!("<response status=\"error\" code=\"{code}\"><msg><line>{words}</line></msg></response>")
}

fn complaint(entry: &Entry, message: &str) -> String {
    format!("<entry ip=\"{}\" message=\"{message}\"/>", entry.ip)
}

fn complained(unregister: &str, register: &str) -> String {
    let said = format!(
        "<uid-response><version>2.0</version><payload><unregister>{unregister}</unregister>\
         <register>{register}</register></payload></uid-response>"
    );
    if unregister.is_empty() && register.is_empty() {
        return success(&said);
    }
    format!("<response status=\"error\"><msg><line>{said}</line></msg></response>")
}
