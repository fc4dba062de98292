//! Blocks addresses in an address list of a MikroTik router, over the REST API of RouterOS 7.1 and later.
//!
//! Every entry is a request of its own, and keeps its own time.

mod answer;
mod config;
mod item;
mod request;

use std::collections::{BTreeMap, BTreeSet};

use autosec_plugin::{
    Context, Effect, Entry, Failure, FailureKind, Features, Firewall, Health, HealthState, HttpRequest,
    Limits, Metadata, Outcome, Page, PrefixLengths, export, fail, http, now_ms,
};
use ipnet::IpNet;

use answer::{Listed, Written};
use config::Config;
use item::{Family, LONGEST, Time};

/// A router, and what was listed last.
#[derive(Debug)]
pub struct MikroTik {
    config: Config,
    listing: Vec<Entry>,
}

export!(MikroTik);

type Held = BTreeMap<IpNet, Listed>;
type Results = Vec<Result<Outcome, Failure>>;

impl Firewall for MikroTik {
    fn describe() -> Metadata {
        Metadata {
            name: "mikrotik".to_owned(),
            vendor: "MikroTik".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ipv4: Some(PrefixLengths { shortest: 1, longest: 32 }),
            ipv6: Some(PrefixLengths { shortest: 1, longest: 128 }),
            features: Features {
                ttl: true,
                listing: true,
                native_batch: false,
                atomic: false,
                dry_run: true,
                commit_required: false,
            },
            limits: Limits {
                max_batch: 100,
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
        Ok(Self { config: Config::read(config)?, listing: Vec::new() })
    }

    fn block(&mut self, context: &Context, entries: Vec<Entry>) -> Results {
        let targets: Vec<_> = entries.iter().map(|entry| self.target(&entry.target)).collect();
        // Of several for the same target the last one counts.
        let wanted: BTreeMap<IpNet, &Entry> = targets
            .iter()
            .zip(&entries)
            .filter_map(|(target, entry)| Some((*target.as_ref().ok()?, entry)))
            .collect();
        let held = self.held(wanted.keys());
        let mut fates = Fates::default();
        for (target, entry) in wanted {
            let fate = match &held {
                Ok(held) => fates.next(|| self.add(context, held, target, entry)),
                Err(failure) => Err(failure.clone()),
            };
            fates.by_target.insert(target, fate);
        }
        targets.into_iter().map(|target| fates.of(target)).collect()
    }

    fn unblock(&mut self, context: &Context, targets: Vec<String>) -> Results {
        let targets: Vec<_> = targets.iter().map(|target| self.target(target)).collect();
        let wanted: BTreeSet<IpNet> = targets.iter().flatten().copied().collect();
        let held = self.held(wanted.iter());
        let mut fates = Fates::default();
        for target in wanted {
            let fate = match &held {
                Ok(held) => fates.next(|| self.remove(context, held.get(&target), target)),
                Err(failure) => Err(failure.clone()),
            };
            fates.by_target.insert(target, fate);
        }
        targets.into_iter().map(|target| fates.of_unblocked(target)).collect()
    }

    fn list_blocked(
        &mut self,
        _context: &Context,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page, Failure> {
        let start = match &cursor {
            None => {
                self.listing = Vec::new();
                for family in self.config.families() {
                    self.listing
                        .extend(self.read(family)?.iter().map(|(target, listed)| listed.entry(*target)));
                }
                0
            }
            Some(cursor) => cursor.parse().unwrap_or(usize::MAX),
        };
        // The router has no pages: the rest of a listing is kept until it is asked for.
        let rest = self.listing.get(start..).filter(|rest| cursor.is_none() || !rest.is_empty());
        let rest = rest.ok_or_else(|| fail(FailureKind::Conflict, "the listing is over: begin a new one"))?;
        let entries: Vec<Entry> = rest.iter().take(limit.max(1) as usize).cloned().collect();
        let end = start + entries.len();
        Ok(Page { entries, next: (end < self.listing.len()).then(|| end.to_string()) })
    }

    fn check_health(&mut self, _context: &Context) -> Result<Health, Failure> {
        let begun = now_ms();
        let system = answer::system(&self.send(&request::system(&self.config))?)?;
        let taken = now_ms().saturating_sub(begun).saturating_mul(1_000);
        let mut rules = 0;
        for table in ["raw", "filter"] {
            rules += answer::rules(&self.send(&request::rules(&self.config, table))?, &self.config.list)?;
        }
        let (state, rule) = match rules {
            0 => (HealthState::Down, "no rule drops what is in the list"),
            _ => (HealthState::Healthy, "a rule drops what is in the list"),
        };
        Ok(Health { state, detail: format!("{system}; {rule}"), latency_us: Some(taken) })
    }
}

/// What became of each target, and whether the router can still be asked.
#[derive(Debug, Default)]
struct Fates {
    by_target: BTreeMap<IpNet, Result<Outcome, Failure>>,
    over: Option<Failure>,
}

impl Fates {
    /// Does one thing, unless one before has shown that nothing else will succeed.
    fn next(&mut self, work: impl FnOnce() -> Result<Outcome, Failure>) -> Result<Outcome, Failure> {
        if let Some(failure) = &self.over {
            return Err(failure.clone());
        }
        let done = work();
        if let Err(failure) = &done
            && matches!(
                failure.kind,
                FailureKind::Denied
                    | FailureKind::RateLimited
                    | FailureKind::Timeout
                    | FailureKind::Unauthorized
                    | FailureKind::Unavailable
            )
        {
            self.over = Some(failure.clone());
        }
        done
    }

    fn of(&self, target: Result<IpNet, Failure>) -> Result<Outcome, Failure> {
        let lost = || Err(fail(FailureKind::Internal, "the entry was lost on the way"));
        target.and_then(|target| self.by_target.get(&target).cloned().unwrap_or_else(lost))
    }

    /// What the router cannot hold is not blocked there.
    fn of_unblocked(&self, target: Result<IpNet, Failure>) -> Result<Outcome, Failure> {
        if target.is_err() { Ok(Outcome::new(Effect::Absent)) } else { self.of(target) }
    }
}

impl MikroTik {
    fn target(&self, text: &str) -> Result<IpNet, Failure> {
        let target = item::target(text)?;
        if Family::of(target) == Family::V6 && !self.config.ipv6 {
            return Err(fail(FailureKind::InvalidTarget, "IPv6 is turned off in the configuration"));
        }
        Ok(target)
    }

    /// What the router holds of the families of these.
    fn held<'t>(&self, targets: impl Iterator<Item = &'t IpNet>) -> Result<Held, Failure> {
        let families: BTreeSet<Family> = targets.map(|target| Family::of(*target)).collect();
        let mut held = Held::new();
        for family in families {
            held.extend(self.read(family)?);
        }
        Ok(held)
    }

    fn read(&self, family: Family) -> Result<Held, Failure> {
        answer::listed(&self.send(&request::list(&self.config, family))?)
    }

    fn add(&self, context: &Context, held: &Held, target: IpNet, entry: &Entry) -> Result<Outcome, Failure> {
        let time = Time::of(entry.ttl_secs);
        if let Some(listed) = held.get(&target) {
            return self.refresh(context, target, listed, time);
        }
        if context.dry_run {
            return Ok(Outcome::new(Effect::Planned));
        }
        match answer::written(&self.send(&request::add(&self.config, target, time, &entry.reason))?)? {
            Written::Done(id) => Ok(Outcome { remote_id: id, ..Outcome::new(Effect::Applied) }),
            // Somebody was quicker.
            Written::There => match self.read(Family::of(target))?.get(&target) {
                Some(listed) => self.refresh(context, target, listed, time),
                None => {
                    Err(fail(FailureKind::Conflict, "an entry comes and goes: somebody else uses the list"))
                }
            },
            Written::Gone => {
                Err(fail(FailureKind::InvalidConfig, "the router has no such list of addresses"))
            }
        }
    }

    fn refresh(
        &self,
        context: &Context,
        target: IpNet,
        listed: &Listed,
        time: Time,
    ) -> Result<Outcome, Failure> {
        let outcome = |effect| Outcome::new(effect).with_remote_id(&listed.id);
        if listed.time.is_about(time) {
            return Ok(outcome(Effect::Already));
        }
        if context.dry_run {
            return Ok(outcome(Effect::Planned).with_detail("its time would be changed"));
        }
        let asked = request::change(&self.config, Family::of(target), &listed.id, time);
        match answer::written(&self.send(&asked)?)? {
            Written::Done(_) => Ok(outcome(Effect::Applied).with_detail("its time was changed")),
            // Its time was over meanwhile: the host asks again.
            Written::Gone | Written::There => {
                Err(fail(FailureKind::Conflict, "the entry ended while its time was to be changed"))
            }
        }
    }

    fn remove(&self, context: &Context, listed: Option<&Listed>, target: IpNet) -> Result<Outcome, Failure> {
        let Some(listed) = listed else { return Ok(Outcome::new(Effect::Absent)) };
        let outcome = |effect| Outcome::new(effect).with_remote_id(&listed.id);
        if context.dry_run {
            return Ok(outcome(Effect::Planned));
        }
        match answer::written(&self.send(&request::remove(&self.config, Family::of(target), &listed.id))?)? {
            Written::Done(_) => Ok(outcome(Effect::Applied)),
            Written::Gone | Written::There => Ok(Outcome::new(Effect::Absent)),
        }
    }

    fn send(&self, request: &HttpRequest) -> Result<autosec_plugin::HttpResponse, Failure> {
        Ok(http(request)?)
    }
}
