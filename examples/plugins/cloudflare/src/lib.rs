//! Blocks addresses in a Cloudflare list that a WAF rule looks into.
//!
//! A change is asynchronous there: it is sent, then looked after until it is done. Only one may be under way in an account,
//! and there is no time of their own for items: the host takes them out when they are over.

mod answer;
mod config;
mod plan;
mod request;

use autosec_plugin::{
    Context, Effect, Entry, Failure, FailureKind, Features, Firewall, Health, HealthState, HttpRequest,
    Limits, Metadata, Outcome, Page, PrefixLengths, export, fail, http, now_ms,
};

use answer::{Items, State};
use config::Config;
use plan::{Addition, Removal};

/// The most pages of a list: twice what any list of its kind holds.
const PAGE_LIMIT: usize = 40;
/// When to ask again for a change that takes its time, in milliseconds.
const UNDER_WAY: u32 = 2_000;

/// A list of one account.
#[derive(Debug)]
pub struct Cloudflare {
    config: Config,
}

export!(Cloudflare);

type Results = Vec<Result<Outcome, Failure>>;

impl Firewall for Cloudflare {
    fn describe() -> Metadata {
        Metadata {
            name: "cloudflare".to_owned(),
            vendor: "Cloudflare".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ipv4: Some(PrefixLengths { shortest: 8, longest: 32 }),
            // A single address is refused, not widened: nobody else in its /64 may be meant.
            ipv6: Some(PrefixLengths { shortest: 12, longest: 64 }),
            features: Features {
                ttl: false,
                listing: true,
                native_batch: true,
                atomic: true,
                dry_run: true,
                commit_required: false,
            },
            limits: Limits {
                max_batch: 1_000,
                max_entries: Some(10_000),
                max_ttl_secs: None,
                // 30,000 changes in twelve hours.
                min_interval_ms: 1_440,
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
        self.add(context, &entries).unwrap_or_else(|failure| vec![Err(failure); entries.len()])
    }

    fn unblock(&mut self, context: &Context, targets: Vec<String>) -> Results {
        self.remove(context, &targets).unwrap_or_else(|failure| vec![Err(failure); targets.len()])
    }

    fn list_blocked(
        &mut self,
        _context: &Context,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page, Failure> {
        let items = self.page(cursor.as_deref(), limit)?;
        Ok(Page { entries: items.ours().map(answer::Item::entry).collect(), next: items.next })
    }

    fn check_health(&mut self, _context: &Context) -> Result<Health, Failure> {
        let begun = now_ms();
        let list = answer::list(&self.send(&request::list(&self.config))?)?;
        let taken = now_ms().saturating_sub(begun).saturating_mul(1_000);
        let state = if list.is_fit() && list.rules > 0 { HealthState::Healthy } else { HealthState::Down };
        Ok(Health { state, detail: list.to_string(), latency_us: Some(taken) })
    }
}

impl Cloudflare {
    fn add(&self, context: &Context, entries: &[Entry]) -> Result<Results, Failure> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let addition = Addition::of(&self.items()?, entries, self.config.capacity);
        if !addition.items.is_empty() && !context.dry_run {
            self.change(context, &request::add(&self.config, &addition.items))?;
        }
        Ok(addition.results(done(context)))
    }

    fn remove(&self, context: &Context, targets: &[String]) -> Result<Results, Failure> {
        if targets.is_empty() {
            return Ok(Vec::new());
        }
        let removal = Removal::of(&self.items()?, targets);
        if !removal.ids.is_empty() && !context.dry_run {
            self.change(context, &request::remove(&self.config, &removal.ids))?;
        }
        Ok(removal.results(done(context)))
    }

    /// The whole list.
    fn items(&self) -> Result<Items, Failure> {
        let mut items = self.page(None, u32::MAX)?;
        for _ in 1..PAGE_LIMIT {
            let Some(cursor) = items.next.take() else { return Ok(items) };
            let page = self.page(Some(&cursor), u32::MAX)?;
            if page.next.as_ref() == Some(&cursor) {
                return Err(fail(FailureKind::Protocol, "the list shows the same page again and again"));
            }
            items.all.extend(page.all);
            items.next = page.next;
        }
        Err(fail(FailureKind::Protocol, "the list has more pages than any list of its kind"))
    }

    fn page(&self, cursor: Option<&str>, limit: u32) -> Result<Items, Failure> {
        answer::items(&self.send(&request::items(&self.config, cursor, limit))?)
    }

    /// Sends a change and looks after it until it is done, or three quarters of the call's time are over: then the host asks
    /// for the same again, and finds it done.
    fn change(&self, context: &Context, change: &HttpRequest) -> Result<(), Failure> {
        let until = now_ms().saturating_add(u64::from(context.deadline_ms) / 4 * 3);
        let operation = answer::operation(&self.send(change)?)?;
        for _ in 0..self.config.polls {
            match answer::state(&self.send(&request::operation(&self.config, &operation))?)? {
                State::Done => return Ok(()),
                State::UnderWay if now_ms() < until => {}
                State::UnderWay => break,
            }
        }
        let words = format!("the change `{operation}` is still under way");
        Err(fail(FailureKind::RateLimited, words).with_retry_after_ms(UNDER_WAY))
    }

    fn send(&self, request: &HttpRequest) -> Result<autosec_plugin::HttpResponse, Failure> {
        Ok(http(request)?)
    }
}

fn done(context: &Context) -> Effect {
    if context.dry_run { Effect::Planned } else { Effect::Applied }
}
