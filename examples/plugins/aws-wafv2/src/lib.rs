//! Blocks addresses in IP sets of AWS WAF that a rule of a web ACL looks into.
//!
//! A set is read and replaced as a whole, under a token that shows whether somebody else was quicker. AWS takes one such
//! change a second in an account and region: of a call that would change several sets the one with the most work is changed,
//! and the rest is put off.

mod answer;
mod config;
mod plan;
mod request;

use std::collections::BTreeSet;

use autosec_plugin::{
    Context, Effect, Entry, Failure, FailureKind, Features, Firewall, Health, HealthState, HttpRequest,
    Limits, Metadata, Outcome, Page, PrefixLengths, export, fail, http, now_ms,
};

use answer::{Content, Written};
use config::{Config, Set};
use plan::{Change, Plan, Shard};

/// The most entries of one set.
const SET_LIMIT: usize = 10_000;
/// One change a second, in milliseconds.
const PACE: u32 = 1_000;
/// How often a change is begun anew because somebody else was quicker.
const TRIES: usize = 4;

/// The sets of one account and region.
#[derive(Debug)]
pub struct AwsWaf {
    config: Config,
}

export!(AwsWaf);

type Results = Vec<Result<Outcome, Failure>>;

impl Firewall for AwsWaf {
    fn describe() -> Metadata {
        Metadata {
            name: "aws-wafv2".to_owned(),
            vendor: "Amazon Web Services".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ipv4: Some(PrefixLengths { shortest: 1, longest: 32 }),
            ipv6: Some(PrefixLengths { shortest: 1, longest: 128 }),
            features: Features {
                ttl: false,
                listing: true,
                native_batch: true,
                atomic: false,
                dry_run: true,
                commit_required: false,
            },
            limits: Limits {
                max_batch: 10_000,
                // It is 10,000 for each set, and how many there are is a matter of configuration.
                max_entries: None,
                max_ttl_secs: None,
                min_interval_ms: PACE,
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

    fn block(&mut self, context: &Context, entries: Vec<Entry>) -> Results {
        let targets: Vec<String> = entries.into_iter().map(|entry| entry.target).collect();
        self.change(context, Change::Block, &targets)
    }

    fn unblock(&mut self, context: &Context, targets: Vec<String>) -> Results {
        self.change(context, Change::Unblock, &targets)
    }

    /// A set a page; the cursor is its place.
    fn list_blocked(
        &mut self,
        _context: &Context,
        cursor: Option<String>,
        _limit: u32,
    ) -> Result<Page, Failure> {
        let at: usize = cursor.map_or(Some(0), |cursor| cursor.parse().ok()).unwrap_or(usize::MAX);
        let sets: Vec<&Set> = self.config.sets().collect();
        let set = sets
            .get(at)
            .ok_or_else(|| fail(FailureKind::Conflict, "the listing is over: begin a new one"))?;
        let held = self.read(set)?;
        let next = (at + 1 < sets.len()).then(|| (at + 1).to_string());
        Ok(Page { entries: held.addresses.into_iter().map(answer::entry).collect(), next })
    }

    fn check_health(&mut self, _context: &Context) -> Result<Health, Failure> {
        let begun = now_ms();
        let mut fullest = 0;
        for set in self.config.sets() {
            fullest = fullest.max(self.read(set)?.addresses.len());
        }
        let taken = now_ms().saturating_sub(begun).saturating_mul(1_000);
        let state = if fullest < SET_LIMIT { HealthState::Healthy } else { HealthState::Degraded };
        let count = self.config.sets().count();
        let detail = format!(
            "{count} sets, the fullest with {fullest} of {SET_LIMIT} entries; whether a rule uses them cannot be asked"
        );
        Ok(Health { state, detail, latency_us: Some(taken) })
    }
}

impl AwsWaf {
    fn change(&self, context: &Context, change: Change, targets: &[String]) -> Results {
        self.try_to(context, change, targets).unwrap_or_else(|failure| vec![Err(failure); targets.len()])
    }

    fn try_to(&self, context: &Context, change: Change, targets: &[String]) -> Result<Results, Failure> {
        if targets.is_empty() {
            return Ok(Vec::new());
        }
        let sets: Vec<&Set> = self.config.sets().collect();
        let wanted: BTreeSet<_> = targets.iter().filter_map(|target| plan::target(target).ok()).collect();
        let mut shards = Vec::with_capacity(sets.len());
        for set in &sets {
            // Whom the change does not concern is not asked.
            let content = match wanted.iter().any(|target| set.is_for(*target)) {
                true => Some(self.read(set)?),
                false => None,
            };
            shards.push(Shard { is_ipv6: set.ipv6, content });
        }
        let plan = Plan::of(change, &shards, targets);
        let Some(chosen) = plan.most_work() else { return Ok(plan.results(Effect::Applied, None)) };
        if context.dry_run {
            return Ok(plan.results(Effect::Planned, None));
        }
        let content = shards.into_iter().nth(chosen).and_then(|shard| shard.content);
        let (Some(set), Some(content)) = (sets.get(chosen), content) else {
            return Err(fail(FailureKind::Internal, "the set to be changed was lost on the way"));
        };
        self.replace(set, content, change, &plan.targets(chosen))?;
        Ok(plan.results(Effect::Applied, Some(chosen)))
    }

    /// Replaces what a set holds; begins anew from what it holds then if somebody else was quicker.
    fn replace(
        &self,
        set: &Set,
        mut content: Content,
        change: Change,
        targets: &[ipnet::IpNet],
    ) -> Result<(), Failure> {
        for _ in 0..TRIES {
            let addresses = change.of(content.addresses, targets);
            if addresses.len() > SET_LIMIT {
                return Err(plan::full());
            }
            let asked = request::update(&self.config, set, &addresses, &content.lock);
            match answer::written(&self.send(&asked)?)? {
                Written::Done => return Ok(()),
                Written::Stale => content = self.read(set)?,
            }
        }
        let words = "somebody else changes the set all the time";
        Err(fail(FailureKind::Conflict, words).with_retry_after_ms(PACE))
    }

    fn read(&self, set: &Set) -> Result<Content, Failure> {
        answer::content(&self.send(&request::read(&self.config, set))?, set.ipv6)
    }

    fn send(&self, request: &HttpRequest) -> Result<autosec_plugin::HttpResponse, Failure> {
        Ok(http(request)?)
    }
}
