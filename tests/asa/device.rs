//! Our simulator of a Cisco ASA: its state, and what it does with a line of the command line.
//!
//! It is written from the device's documentation and shares no code with the adapter. It is not the device.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

pub const USER: &str = "autosec";
pub const SSH_PASSWORD: &str = "ssh-Secret-5";
pub const ENABLE_PASSWORD: &str = "enable-Secret-6";
pub const WEB_PASSWORD: &str = "web-Secret-7";

/// What of the device goes wrong, once: the first of its kind that fits.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The connection ends when a line that begins like this arrives, which is not carried out.
    CutBefore(&'static str),
    /// It is carried out, and the connection ends before the answer.
    CutAfter(&'static str),
    /// Answered like this instead of being carried out.
    Answer(&'static str, &'static str),
    /// A question is shown instead, and no prompt; the line is not carried out.
    Ask(&'static str, &'static str),
    /// Carried out so much later.
    Slow(&'static str, Duration),
    /// An answer of HTTP with this status, and how many seconds it asks for.
    Status(u16, Option<&'static str>),
    /// An answer of HTTP that ends before its length.
    Truncated,
}

/// What happens around a line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mishap {
    pub delay: Duration,
    pub answer: Option<&'static str>,
    pub question: Option<&'static str>,
    pub is_cut_before: bool,
    pub is_cut_after: bool,
}

#[derive(Clone, Debug, Default)]
struct Group {
    description: Option<String>,
    members: Vec<String>,
}

#[derive(Clone, Debug, Default)]
struct Configuration {
    groups: BTreeMap<String, Group>,
    access_lists: Vec<String>,
}

#[derive(Debug, Default)]
pub struct State {
    running: Configuration,
    startup: Configuration,
    shuns: BTreeSet<Ipv4Addr>,
    connections: BTreeSet<IpAddr>,
    faults: Vec<Fault>,
    /// How many members and shuns there is memory for.
    pub capacity: Option<usize>,
    pub failover: Option<&'static str>,
    /// Pages every listing, whatever `terminal pager` says.
    pub is_pager_stuck: bool,
    /// How many lines a terminal takes before it breaks off.
    pub lines_a_session: Option<usize>,
    /// Every line that was carried out.
    pub lines: Vec<String>,
    /// How many terminals are open.
    pub terminals: usize,
    /// How many were ever opened.
    pub logins: usize,
}

/// A device that several connections share.
#[derive(Clone, Debug, Default)]
pub struct Device(Arc<Mutex<State>>);

impl Device {
    /// As an administrator leaves it: another group and list, a list that denies the group of AutoSec, all saved.
    pub fn configured() -> Self {
        let device = Self::default();
        let mut console = Console::privileged(&device);
        for line in [
            "configure terminal",
            "object-group network PARTNERS",
            "network-object host 198.51.100.7",
            "object-group network AUTOSEC_BLOCK",
            "description AutoSec owns this group",
            "network-object host 192.0.2.254",
            "access-list outside_in extended deny ip object-group AUTOSEC_BLOCK any",
            "access-list outside_in extended permit ip any any",
            "end",
            "write memory",
            "shun 198.51.100.66",
        ] {
            console.enter(line);
        }
        device.state().lines.clear();
        device
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn fail(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Power off and on: what was not saved is gone, and shuns are.
    pub fn reload(&self) {
        let mut state = self.state();
        state.running = state.startup.clone();
        state.shuns.clear();
        state.connections.clear();
    }

    /// The other unit of the pair takes over: it has the configuration, not the shuns.
    pub fn fail_over(&self) {
        self.state().shuns.clear();
    }

    /// Carries out a line as an administrator at the console.
    pub fn administer(&self, lines: &[&str]) {
        let mut console = Console::privileged(self);
        for line in lines {
            console.enter(line);
        }
    }

    /// Whether a new connection from this address comes about.
    pub fn connects(&self, from: &str) -> bool {
        let from: IpAddr = from.parse().unwrap();
        let mut state = self.state();
        let passes = !state.shuns_it(from) && !state.denies(from);
        if passes {
            state.connections.insert(from);
        }
        passes
    }

    /// Whether what comes on a connection that was there before passes: access lists are not asked.
    pub fn carries(&self, from: &str) -> bool {
        let from: IpAddr = from.parse().unwrap();
        let state = self.state();
        state.connections.contains(&from) && !state.shuns_it(from)
    }

    /// What of a group is not saved yet or not there, as text.
    pub fn listing(&self, group: &str) -> String {
        Console::privileged(self).enter(&format!("show running-config object-group id {group}"))
    }

    /// All that is not AutoSec's.
    pub fn beside(&self) -> String {
        let mut state = self.state();
        let shunned = state.shuns.contains(&Ipv4Addr::new(198, 51, 100, 66));
        let mut running = state.running.clone();
        running.groups.remove("AUTOSEC_BLOCK");
        state.lines.retain(|line| !line.starts_with("write"));
        format!("{running:?} {shunned}")
    }

    pub fn is_saved(&self) -> bool {
        let state = self.state();
        format!("{:?}", state.running) == format!("{:?}", state.startup)
    }

    /// The fault that the next answer of HTTP has.
    pub fn web_fault(&self) -> Option<Fault> {
        let mut state = self.state();
        let at =
            state.faults.iter().position(|fault| matches!(fault, Fault::Status(..) | Fault::Truncated))?;
        Some(state.faults.remove(at))
    }

    /// What happens around a line.
    pub fn mishap(&self, line: &str) -> Mishap {
        let mut mishap = Mishap::default();
        self.state().faults.retain(|fault| {
            match fault {
                Fault::CutBefore(start) if line.starts_with(start) => mishap.is_cut_before = true,
                Fault::CutAfter(start) if line.starts_with(start) => mishap.is_cut_after = true,
                Fault::Answer(start, answer) if line.starts_with(start) => mishap.answer = Some(answer),
                Fault::Ask(start, question) if line.starts_with(start) => mishap.question = Some(question),
                Fault::Slow(start, delay) if line.starts_with(start) => mishap.delay = *delay,
                _ => return true,
            }
            false
        });
        mishap
    }
}

impl State {
    fn shuns_it(&self, from: IpAddr) -> bool {
        matches!(from, IpAddr::V4(from) if self.shuns.contains(&from))
    }

    /// Whether a list denies it, before any permits it.
    fn denies(&self, from: IpAddr) -> bool {
        let denied = self.running.access_lists.iter().filter_map(|line| {
            let (_, group) = line.split_once(" deny ip object-group ")?;
            self.running.groups.get(group.split(' ').next()?)
        });
        denied.flat_map(|group| &group.members).any(|member| covers(member, from))
    }

    fn is_full(&self) -> bool {
        let members: usize = self.running.groups.values().map(|group| group.members.len()).sum();
        self.capacity.is_some_and(|capacity| members + self.shuns.len() >= capacity)
    }
}

/// Whether a member of a group covers an address.
fn covers(member: &str, address: IpAddr) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    let (base, mask) = match member.split(' ').collect::<Vec<_>>()[..] {
        ["host", host] => (host, None),
        [base, mask] => (base, Some(u32::from(mask.parse::<Ipv4Addr>().unwrap()).leading_ones())),
        [prefix] => {
            let (base, length) = prefix.split_once('/').unwrap();
            (base, Some(length.parse().unwrap()))
        }
        _ => return false,
    };
    let ((base, size), (wanted, wanted_size)) = (bits(base.parse().unwrap()), bits(address));
    let shift = size - mask.unwrap_or(size);
    size == wanted_size && (shift == 128 || base >> shift == wanted >> shift)
}

/// Where lines are entered.
#[derive(Clone, Debug, PartialEq)]
enum Mode {
    User,
    Privileged,
    Configuration,
    Group(String),
}

/// One administrator's command line.
#[derive(Debug)]
pub struct Console {
    device: Device,
    mode: Mode,
    /// Lines of a page; 0 is no paging.
    pub pager: usize,
}

const INVALID: &str = "                ^\nERROR: % Invalid input detected at '^' marker.";

impl Console {
    /// As after a login.
    pub fn user(device: &Device) -> Self {
        Self { device: device.clone(), mode: Mode::User, pager: 24 }
    }

    pub fn privileged(device: &Device) -> Self {
        Self { mode: Mode::Privileged, ..Self::user(device) }
    }

    pub fn prompt(&self) -> String {
        match &self.mode {
            Mode::User => "ciscoasa> ".to_owned(),
            Mode::Privileged => "ciscoasa# ".to_owned(),
            Mode::Configuration => "ciscoasa(config)# ".to_owned(),
            Mode::Group(_) => "ciscoasa(config-network-object-group)# ".to_owned(),
        }
    }

    /// Takes the rights that the password of `enable` gives.
    pub fn enable(&mut self) {
        self.mode = Mode::Privileged;
    }

    /// Carries a line out and answers it.
    pub fn enter(&mut self, line: &str) -> String {
        let line = line.trim();
        let device = self.device.clone();
        let mut state = device.state();
        if !line.is_empty() {
            state.lines.push(line.to_owned());
        }
        if self.mode == Mode::User {
            return if line.is_empty() { String::new() } else { INVALID.to_owned() };
        }
        if let Some(lines) = line.strip_prefix("terminal pager ") {
            self.pager = lines.parse().unwrap();
            return String::new();
        }
        match line {
            "" => return String::new(),
            "configure terminal" => {
                self.mode = Mode::Configuration;
                return standby(&state);
            }
            "end" => {
                self.mode = Mode::Privileged;
                return String::new();
            }
            _ => {}
        }
        show(&state, line)
            .or_else(|| act(&mut state, line))
            .unwrap_or_else(|| self.configure(&mut state, line))
    }

    fn configure(&mut self, state: &mut State, line: &str) -> String {
        if self.mode == Mode::Privileged {
            return INVALID.to_owned();
        }
        if let Some(name) = line.strip_prefix("object-group network ") {
            state.running.groups.entry(name.to_owned()).or_default();
            self.mode = Mode::Group(name.to_owned());
            return String::new();
        }
        if line.starts_with("access-list ") || line.starts_with("no access-list ") {
            self.mode = Mode::Configuration;
            let list = line.strip_prefix("no ").unwrap_or(line);
            state.running.access_lists.retain(|held| held != list);
            if list == line {
                state.running.access_lists.push(line.to_owned());
            }
            return String::new();
        }
        if let Some(name) = line.strip_prefix("no object-group network ") {
            state.running.groups.remove(name);
            self.mode = Mode::Configuration;
            return String::new();
        }
        match self.mode.clone() {
            Mode::Group(name) => edit(state, &name, line),
            _ => INVALID.to_owned(),
        }
    }
}

fn standby(state: &State) -> String {
    match state.failover {
        Some(host) if host.contains("Standby") => {
            "**** WARNING ****\n\tConfiguration Replication is NOT performed from \
             Standby unit to Active unit.\n\tConfigurations are no longer synchronized."
                .to_owned()
        }
        _ => String::new(),
    }
}

/// Commands that list something.
fn show(state: &State, line: &str) -> Option<String> {
    if let Some(name) = line.strip_prefix("show running-config object-group id ") {
        let Some(group) = state.running.groups.get(name) else { return Some(String::new()) };
        let description = group.description.iter().map(|text| format!(" description {text}"));
        let members = group.members.iter().map(|member| format!(" network-object {member}"));
        let lines = [format!("object-group network {name}")].into_iter().chain(description).chain(members);
        return Some(lines.collect::<Vec<_>>().join("\n"));
    }
    if let Some(word) = line.strip_prefix("show running-config access-list | include ") {
        let lists = state.running.access_lists.iter().filter(|list| list.contains(word));
        return Some(lists.map(|list| format!("{list} ")).collect::<Vec<_>>().join("\n"));
    }
    match line {
        "show shun" => {
            let shuns = state.shuns.iter().map(|address| format!("Shun {address} 0.0.0.0 0 0"));
            Some(shuns.collect::<Vec<_>>().join("\n"))
        }
        "show version" => Some(
            "Cisco Adaptive Security Appliance Software Version 9.16(4)\n\nciscoasa up 12 days 3 hours"
                .to_owned(),
        ),
        "show failover" => Some(match state.failover {
            None => "Failover Off".to_owned(),
            Some(host) => format!("Failover On\n\tThis host: {host}\n\tOther host: Primary - Active"),
        }),
        _ => None,
    }
}

/// Commands that take effect at once and are no configuration.
fn act(state: &mut State, line: &str) -> Option<String> {
    if let Some(range) = line.strip_prefix("clear conn address ") {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (Ok(first), Ok(last)) = (first.parse::<IpAddr>(), last.parse::<IpAddr>()) else {
            return Some(INVALID.to_owned());
        };
        let before = state.connections.len();
        let within =
            |address: &IpAddr| address.is_ipv4() == first.is_ipv4() && (first..=last).contains(address);
        state.connections.retain(|address| !within(address));
        return Some(format!("{} connection(s) deleted.", before - state.connections.len()));
    }
    let (verb, address) = line.rsplit_once(' ')?;
    match (verb, address.parse::<Ipv4Addr>()) {
        ("shun", Ok(address)) if state.is_full() => {
            Some(format!("Shun {address} failed: unable to allocate resources"))
        }
        ("shun", Ok(address)) if state.shuns.insert(address) => {
            Some(format!("Shun {address} added in context: single_vf\nShun {address} successful"))
        }
        ("shun", Ok(address)) => Some(format!("Shun {address} already exists")),
        ("no shun", Ok(address)) if state.shuns.remove(&address) => Some(String::new()),
        ("no shun", Ok(address)) => Some(format!("Shun {address} not found")),
        ("shun" | "no shun", Err(_)) => Some(INVALID.to_owned()),
        _ if line == "write memory" => {
            state.startup = state.running.clone();
            Some(
                "Building configuration...\nCryptochecksum: 4b86b1e4 2e731d6b 9d1fc491 a5eae0f3\n\n\
                 6854 bytes copied in 0.120 secs\n[OK]"
                    .to_owned(),
            )
        }
        _ => None,
    }
}

/// What is entered within a group.
fn edit(state: &mut State, name: &str, line: &str) -> String {
    let is_full = state.is_full();
    let is_used = state.running.access_lists.iter().any(|list| list.split(' ').any(|word| word == name));
    let group = state.running.groups.get_mut(name).unwrap();
    if let Some(text) = line.strip_prefix("description ") {
        group.description = Some(text.to_owned());
        return String::new();
    }
    let (is_removal, member) = match line.strip_prefix("no network-object ") {
        Some(member) => (true, member),
        None => (false, line.strip_prefix("network-object ").unwrap_or_default()),
    };
    let words: Vec<&str> = member.split(' ').collect();
    let is_legal = match words[..] {
        ["host", host] => host.parse::<IpAddr>().is_ok(),
        [base, mask] => base.parse::<Ipv4Addr>().is_ok() && mask.parse::<Ipv4Addr>().is_ok(),
        [prefix] => prefix.split_once('/').is_some_and(|(base, _)| base.contains(':')),
        _ => false,
    };
    let at = group.members.iter().position(|held| held == member);
    match (is_legal, is_removal, at) {
        (false, ..) => INVALID.to_owned(),
        (_, true, None) => "obj does not exist in this group".to_owned(),
        (_, true, Some(_)) if is_used && group.members.len() == 1 => {
            format!(
                "Removing obj from object-group not allowed;\nobject-group ({name}), being used in access-list, would become empty"
            )
        }
        (_, true, Some(at)) => {
            group.members.remove(at);
            String::new()
        }
        (_, false, Some(_)) => {
            format!("Adding obj (network-object {member}) to grp ({name}) failed; object already exists")
        }
        (_, false, None) if is_full => "ERROR: Unable to add object: out of memory".to_owned(),
        (_, false, None) => {
            group.members.push(member.to_owned());
            String::new()
        }
    }
}
