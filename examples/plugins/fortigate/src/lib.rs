//! Bans addresses on a FortiGate, over the monitor part of its REST API, with an end that the FortiGate keeps by itself.
//!
//! Bans that an administrator gave are taken for the plugin's; those of the FortiGate's own sensors are never touched.

mod answer;
mod config;
mod plan;
mod request;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use autosec_plugin::{
    Context, Effect, Entry, Failure, FailureKind, Features, Firewall, Health, HealthState, HttpRequest,
    Limits, Metadata, Outcome, Page, PrefixLengths, export, fail, http, now_ms,
};

use answer::{Ban, Bans};
use config::Config;
use plan::{Time, target};

/// A FortiGate, and what was listed last.
#[derive(Debug)]
pub struct FortiGate {
    config: Config,
    listing: Vec<Entry>,
}

export!(FortiGate);

type Results = Vec<Result<Outcome, Failure>>;

/// What becomes of each address.
type Fates = BTreeMap<IpAddr, Result<Outcome, Failure>>;

impl Firewall for FortiGate {
    fn describe() -> Metadata {
        Metadata {
            name: "fortigate".to_owned(),
            vendor: "Fortinet".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ipv4: Some(PrefixLengths { shortest: 32, longest: 32 }),
            ipv6: Some(PrefixLengths { shortest: 128, longest: 128 }),
            features: Features {
                ttl: true,
                listing: true,
                native_batch: false,
                atomic: false,
                dry_run: true,
                commit_required: false,
            },
            limits: Limits {
                // Each time is a request of its own, and a refused one needs two more.
                max_batch: 64,
                max_entries: None,
                max_ttl_secs: Some(plan::LONGEST.into()),
                min_interval_ms: 0,
            },
            extra: Vec::new(),
        }
    }

    fn config_schema() -> String {
        include_str!("../config.schema.json").to_owned()
    }

    fn configure(config: &str) -> Result<Self, Failure> {
        Ok(Self { config: Config::read(config)?, listing: Vec::new() })
    }

    fn block(&mut self, context: &Context, entries: Vec<Entry>) -> Results {
        let targets: Vec<_> = entries.iter().map(|entry| target(&entry.target)).collect();
        // Of several for the same target the last one counts.
        let wanted: BTreeMap<IpAddr, Time> = targets
            .iter()
            .zip(&entries)
            .filter_map(|(target, entry)| Some((*target.as_ref().ok()?, Time::of(entry.ttl_secs))))
            .collect();
        let fates = self.ban(context, &wanted);
        targets.into_iter().map(|target| target.and_then(|target| fate(&fates, target))).collect()
    }

    fn unblock(&mut self, context: &Context, targets: Vec<String>) -> Results {
        let targets: Vec<_> = targets.iter().map(|text| target(text)).collect();
        let wanted: BTreeSet<IpAddr> = targets.iter().flatten().copied().collect();
        let fates = self.clear(context, &wanted);
        // What cannot be banned is not.
        let result = |target: Result<IpAddr, Failure>| match target {
            Ok(target) => fate(&fates, target),
            Err(_) => Ok(Outcome::new(Effect::Absent)),
        };
        targets.into_iter().map(result).collect()
    }

    fn list_blocked(
        &mut self,
        _context: &Context,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page, Failure> {
        let start = match &cursor {
            None => {
                let bans = self.bans()?;
                self.listing =
                    bans.iter().filter(|(_, ban)| ban.is_ours).map(|(ip, ban)| ban.entry(*ip)).collect();
                0
            }
            Some(cursor) => cursor.parse().unwrap_or(usize::MAX),
        };
        // The rest of a listing is kept until it is asked for: bans come and go meanwhile.
        let rest = self.listing.get(start..).filter(|rest| cursor.is_none() || !rest.is_empty());
        let rest = rest.ok_or_else(|| fail(FailureKind::Conflict, "the listing is over: begin a new one"))?;
        let entries: Vec<Entry> = rest.iter().take(limit.max(1) as usize).cloned().collect();
        let end = start + entries.len();
        Ok(Page { entries, next: (end < self.listing.len()).then(|| end.to_string()) })
    }

    fn check_health(&mut self, _context: &Context) -> Result<Health, Failure> {
        let begun = now_ms();
        let detail = answer::system(&self.send(&request::system(&self.config))?)?;
        let taken = now_ms().saturating_sub(begun).saturating_mul(1_000);
        // The right to read bans is another one.
        let count = self.bans()?.len();
        let detail = format!("{detail}; {count} addresses are banned");
        Ok(Health { state: HealthState::Healthy, detail, latency_us: Some(taken) })
    }
}

fn fate(fates: &Fates, target: IpAddr) -> Result<Outcome, Failure> {
    let lost = || Err(fail(FailureKind::Internal, "the entry was lost on the way"));
    fates.get(&target).cloned().unwrap_or_else(lost)
}

impl FortiGate {
    fn ban(&self, context: &Context, wanted: &BTreeMap<IpAddr, Time>) -> Fates {
        if wanted.is_empty() {
            return Fates::new();
        }
        let before = match self.bans() {
            Ok(bans) => bans,
            Err(failure) => return wanted.keys().map(|ip| (*ip, Err(failure.clone()))).collect(),
        };
        let mut fates = Fates::new();
        let mut new = BTreeMap::new();
        for (ip, time) in wanted {
            match before.get(ip) {
                Some(ban) if ban.is_ours && ban.time.is_about(*time) => {
                    fates.insert(*ip, Ok(Outcome::new(Effect::Already)));
                }
                _ if context.dry_run => {
                    fates.insert(*ip, Ok(Outcome::new(Effect::Planned)));
                }
                _ => _ = new.insert(*ip, *time),
            }
        }
        if new.is_empty() {
            return fates;
        }
        let failed = self.give(&new);
        match self.bans() {
            Ok(after) => fates.extend(self.settle(new, &failed, &after)),
            Err(failure) => fates.extend(new.keys().map(|ip| (*ip, Err(failure.clone())))),
        }
        fates
    }

    /// Bans addresses, with a request for each time; says which could not be asked for.
    fn give(&self, wanted: &BTreeMap<IpAddr, Time>) -> BTreeMap<IpAddr, Failure> {
        let mut failed = BTreeMap::new();
        for (time, ips) in plan::by_time(wanted) {
            if let Err(failure) = self.post(&request::add(&self.config, &ips, time)) {
                failed.extend(ips.into_iter().map(|ip| (ip, failure.clone())));
            }
        }
        failed
    }

    /// Holds what is banned now against what was asked for. Whether a ban that is there takes another end is not documented:
    /// those that did not are lifted and given anew.
    fn settle(
        &self,
        wanted: BTreeMap<IpAddr, Time>,
        failed: &BTreeMap<IpAddr, Failure>,
        after: &Bans,
    ) -> Fates {
        let mut fates = Fates::new();
        let mut again = BTreeMap::new();
        for (ip, time) in wanted {
            let fate = match (failed.get(&ip), after.get(&ip)) {
                (Some(failure), _) => Err(failure.clone()),
                (None, Some(ban)) if ban.is_ours && ban.time.is_about(time) => {
                    Ok(Outcome::new(Effect::Applied))
                }
                (None, Some(ban)) if ban.is_ours => {
                    again.insert(ip, time);
                    continue;
                }
                (None, Some(ban)) => {
                    let words = format!("the FortiGate itself bans it, for `{}`", ban.cause);
                    Ok(Outcome::new(Effect::Already).with_detail(words))
                }
                (None, None) => Err(fail(
                    FailureKind::Other("refused".to_owned()),
                    "it is not among those that are banned, though it was said to be",
                )),
            };
            fates.insert(ip, fate);
        }
        fates.extend(self.renew(&again));
        fates
    }

    fn renew(&self, again: &BTreeMap<IpAddr, Time>) -> Fates {
        if again.is_empty() {
            return Fates::new();
        }
        let ips: Vec<IpAddr> = again.keys().copied().collect();
        if let Err(failure) = self.post(&request::clear(&self.config, &ips)) {
            return ips.into_iter().map(|ip| (ip, Err(failure.clone()))).collect();
        }
        let failed = self.give(again);
        let outcome = || Outcome::new(Effect::Applied).with_detail("its end was changed");
        ips.into_iter().map(|ip| (ip, failed.get(&ip).cloned().map_or_else(|| Ok(outcome()), Err))).collect()
    }

    fn clear(&self, context: &Context, wanted: &BTreeSet<IpAddr>) -> Fates {
        if wanted.is_empty() {
            return Fates::new();
        }
        let all = |result: Result<Outcome, Failure>| wanted.iter().map(|ip| (*ip, result.clone())).collect();
        let bans = match self.bans() {
            Ok(bans) => bans,
            Err(failure) => return all(Err(failure)),
        };
        let is_ours = |ip: &&IpAddr| bans.get(*ip).is_some_and(|ban: &Ban| ban.is_ours);
        let ours: Vec<IpAddr> = wanted.iter().filter(is_ours).copied().collect();
        let mut fates: Fates = all(Ok(Outcome::new(Effect::Absent)));
        let cleared = match context.dry_run || ours.is_empty() {
            true => Ok(Outcome::new(Effect::Planned)),
            false => self.post(&request::clear(&self.config, &ours)).map(|()| Outcome::new(Effect::Applied)),
        };
        fates.extend(ours.into_iter().map(|ip| (ip, cleared.clone())));
        fates
    }

    fn bans(&self) -> Result<Bans, Failure> {
        answer::bans(&self.send(&request::list(&self.config))?, now_ms() / 1_000)
    }

    fn post(&self, request: &HttpRequest) -> Result<(), Failure> {
        answer::accepted(&self.send(request)?)
    }

    fn send(&self, request: &HttpRequest) -> Result<autosec_plugin::HttpResponse, Failure> {
        Ok(http(request)?)
    }
}
