//! Blocks addresses on Palo Alto Networks firewalls: what is blocked carries a tag, and a rule drops what carries it.
//!
//! Tags are given and taken over the User-ID part of the XML API, which needs no commit and keeps times by itself.

mod answer;
mod config;
mod fault;
mod message;
mod settle;
mod xml;

use std::collections::BTreeMap;

use autosec_plugin::{
    Context, Effect, Entry, Failure, FailureKind, Features, Firewall, Health, HealthState, Limits, Metadata,
    Outcome, Page, PrefixLengths, export, fail, http, now_ms,
};
use ipnet::IpNet;

use answer::Reading;
use config::Config;
use fault::Fault;
use message::{Change, Item, LONGEST, PAGE};
use settle::{Verdict, Verdicts, settle};
use xml::Element;

/// The most pages that are looked through for one prefix: a million addresses.
const PAGE_LIMIT: usize = 2_000;

/// A firewall that drops what carries a tag of ours.
#[derive(Debug)]
pub struct PanOs {
    config: Config,
}

export!(PanOs);

impl Firewall for PanOs {
    fn describe() -> Metadata {
        Metadata {
            name: "pan-os".to_owned(),
            vendor: "Palo Alto Networks".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ipv4: Some(PrefixLengths { shortest: 0, longest: 32 }),
            ipv6: Some(PrefixLengths { shortest: 128, longest: 128 }),
            features: Features {
                ttl: true,
                listing: true,
                native_batch: true,
                atomic: false,
                dry_run: true,
                commit_required: false,
            },
            limits: Limits {
                max_batch: 1_000,
                // From 1,000 to 500,000 by model, shared with all that registers addresses.
                max_entries: None,
                max_ttl_secs: Some(LONGEST.into()),
                min_interval_ms: 0,
            },
            extra: Vec::new(),
        }
    }

    fn config_schema() -> String {
        include_str!("../config.schema.json").to_owned()
    }

    fn configure(config: &str) -> Result<Self, Failure> {
        Config::read(config).map(|config| Self { config })
    }

    fn block(&mut self, context: &Context, entries: Vec<Entry>) -> Vec<Result<Outcome, Failure>> {
        let asked: Vec<_> = entries.iter().map(|entry| Item::read(&entry.target, entry.ttl_secs)).collect();
        self.change(context, asked, Self::give)
    }

    fn unblock(&mut self, context: &Context, targets: Vec<String>) -> Vec<Result<Outcome, Failure>> {
        let asked: Vec<_> = targets.iter().map(|target| Item::read(target, None)).collect();
        // What it cannot hold is not blocked.
        let absent: Vec<bool> = asked.iter().map(Result::is_err).collect();
        let results = self.change(context, asked, |panos, items| settle(panos, Change::Unregister, items));
        let result = |(result, absent)| if absent { Ok(Outcome::new(Effect::Absent)) } else { result };
        results.into_iter().zip(absent).map(result).collect()
    }

    /// A page is one of the firewall's; the cursor is where the next one begins, and what stands first on this one.
    fn list_blocked(
        &mut self,
        _context: &Context,
        cursor: Option<String>,
        _limit: u32,
    ) -> Result<Page, Failure> {
        let (start, before) = match cursor.as_deref().and_then(|cursor| cursor.split_once(' ')) {
            Some((start, before)) => (start.parse().unwrap_or(1), Some(before.to_owned())),
            None => (1, None),
        };
        let page = self.page(message::page(&self.config, start))?;
        // A firewall that does not know pages shows the first one for ever.
        let is_repeated = before.is_some() && before == page.first;
        let is_last = page.entries < PAGE || is_repeated;
        let entries = if is_repeated { Vec::new() } else { page.tagged.iter().map(answer::entry).collect() };
        let next = format!("{} {}", start + page.entries, page.first.unwrap_or_default());
        Ok(Page { entries, next: (!is_last).then_some(next) })
    }

    fn check_health(&mut self, _context: &Context) -> Result<Health, Failure> {
        let begun = now_ms();
        let (enforcing, pair) = self.pair()?;
        let system = answer::system(&self.ask(message::system(&self.config))?)?;
        let taken = now_ms().saturating_sub(begun).saturating_mul(1_000);
        let detail = format!("{system}; {pair}; whether a rule uses the tag cannot be asked");
        let state = if enforcing { HealthState::Healthy } else { HealthState::Down };
        Ok(Health { state, detail, latency_us: Some(taken) })
    }
}

impl PanOs {
    /// Changes the tags of what can carry one; one result an item, in order. Of several for one target the last counts.
    fn change(
        &self,
        context: &Context,
        asked: Vec<Result<Item, Failure>>,
        work: impl FnOnce(&Self, Vec<Item>) -> Result<Verdicts, Fault>,
    ) -> Vec<Result<Outcome, Failure>> {
        let items: BTreeMap<IpNet, Item> = asked.iter().flatten().map(|item| (item.target, *item)).collect();
        let verdicts = match context.dry_run || items.is_empty() {
            true => Ok(Verdicts::new()),
            false => work(self, items.into_values().collect()),
        };
        let result = |item: Result<Item, Failure>| match (&verdicts, item) {
            (_, Err(failure)) => Err(failure),
            (_, Ok(_)) if context.dry_run => Ok(Outcome::new(Effect::Planned)),
            (Ok(verdicts), Ok(item)) => settle::result(verdicts.get(&item.target)),
            (Err(fault), Ok(_)) => Err(fault.clone().into()),
        };
        asked.into_iter().map(result).collect()
    }

    /// Gives the tag, and gives it anew to what carries it already.
    fn give(&self, items: Vec<Item>) -> Result<Verdicts, Fault> {
        let mut verdicts = settle(self, Change::Register, items.clone())?;
        let is_there = |item: &Item| verdicts.get(&item.target) == Some(&Verdict::AlreadyThere);
        let again: Vec<Item> = items.into_iter().filter(is_there).collect();
        if !again.is_empty() {
            verdicts.extend(self.refresh(again)?);
        }
        Ok(verdicts)
    }

    /// PAN-OS ignores the time of a tag that is there: such ones lose it and get it anew in one message, so that nobody is
    /// let in between. In which order the two are heard is not documented: one of them is looked up afterwards.
    fn refresh(&self, items: Vec<Item>) -> Result<Verdicts, Fault> {
        let mut verdicts = settle(self, Change::Refresh, items.clone())?;
        let heard = |item: &&Item| verdicts.get(&item.target) == Some(&Verdict::Heard);
        // The host that ends last: one that ended meanwhile would say nothing.
        let fate = |item: &&Item| (item.is_host(), item.timeout.unwrap_or(u32::MAX));
        let is_lost = match items.iter().filter(heard).max_by_key(fate) {
            Some(one) => !self.has_tag(one)?,
            None => false,
        };
        let is_missing = |item: &Item| match verdicts.get(&item.target) {
            Some(Verdict::Heard) => is_lost,
            Some(Verdict::AlreadyThere) => true,
            _ => false,
        };
        let missing: Vec<Item> = items.iter().copied().filter(is_missing).collect();
        verdicts.extend(settle(self, Change::Register, missing)?);
        Ok(verdicts)
    }

    fn has_tag(&self, item: &Item) -> Result<bool, Fault> {
        let is_it = |page: &answer::Page| page.tagged.iter().any(|(target, _)| *target == item.target);
        if item.is_host() {
            return self.page(message::look_up(&self.config, item)).map(|page| is_it(&page));
        }
        // Whether a prefix can be asked for by itself is not documented.
        let (mut start, mut before) = (1, None);
        for _ in 0..PAGE_LIMIT {
            let page = self.page(message::page(&self.config, start))?;
            if is_it(&page) {
                return Ok(true);
            }
            if page.entries < PAGE || (before.is_some() && before == page.first) {
                return Ok(false);
            }
            start += page.entries;
            before = page.first;
        }
        Err(Fault::Refused("it lists more than a million addresses".to_owned()))
    }

    fn page(&self, asked: Vec<u8>) -> Result<answer::Page, Fault> {
        answer::page(&self.ask(asked)?, &self.config.tag)
    }

    /// Which one of a pair it is, and whether that lets traffic through.
    fn pair(&self) -> Result<(bool, String), Fault> {
        Ok(match self.try_to(message::pair(&self.config), answer::read)?.as_ref().map(answer::pair) {
            Ok(None) => (true, "it stands alone".to_owned()),
            Ok(Some(state)) if answer::is_active(&state) => (true, format!("it is `{state}` of a pair")),
            Ok(Some(state)) => {
                (false, format!("it is `{state}` of a pair: the URL of the active one is needed"))
            }
            Err(words) => (true, format!("whether it is one of a pair, it does not say: {words}")),
        })
    }

    fn ask(&self, fields: Vec<u8>) -> Result<Element, Fault> {
        self.try_to(fields, answer::read)?.map_err(Fault::Refused)
    }

    /// Sends a request and reads what is answered. What the firewall refuses about it as a whole is the inner error, because
    /// parts of it may be fine.
    fn try_to(&self, fields: Vec<u8>, read: Reading) -> Result<Result<Element, String>, Fault> {
        let response = http(&message::request(&self.config, fields)).map_err(Fault::NotSent)?;
        match read(&response) {
            Ok(answer) => Ok(Ok(answer)),
            Err(Fault::Refused(words)) => Ok(Err(words)),
            Err(fault) => Err(fault),
        }
    }
}

/// What PAN-OS takes: hosts of both families, and prefixes of IPv4.
fn fitting(target: IpNet) -> Result<IpNet, Failure> {
    match target {
        IpNet::V6(prefix) if prefix.prefix_len() < 128 => {
            Err(fail(FailureKind::InvalidTarget, "it takes no prefixes of IPv6"))
        }
        target => Ok(target),
    }
}
