//! Both sides' rules, and what each makes of a login.

use std::net::IpAddr;
use std::time::Duration;

use autosec_core::event::{Event, Schema, field};
use autosec_core::finding::{Detector, Findings};
use autosec_core::measure::Severity;
use autosec_core::rule::{Count, Distinct, Rule, RuleSet};
use autosec_core::time::Timestamp;
use rsigma_eval::{CorrelationConfig, CorrelationEngine, JsonEvent};
use rsigma_parser::parse_sigma_yaml;
use serde_json::json;

use super::logins::Login;
use super::{BATCH, Spent, clocked};

/// More keys than any lane has: nothing is evicted on either side.
const KEYS: usize = 200_000;
const WITHIN: Duration = Duration::from_secs(600);

/// What is counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Twenty logins.
    Count,
    /// Fifteen different users.
    Distinct,
}

/// Our side.
#[derive(Debug)]
pub(super) struct Ours(pub(super) RuleSet);

/// The peer.
pub(super) struct Peer(pub(super) CorrelationEngine);

impl Ours {
    pub(super) fn new(kind: Kind) -> Self {
        let by = vec!["source.ip".to_owned()];
        let when = r#"event.action == "login" and event.outcome == "failure""#;
        let mut rule = Rule::new("logins", Severity::High, when);
        match kind {
            Kind::Count => rule.count = Some(Count { by, within: WITHIN, at_least: 20 }),
            Kind::Distinct => {
                let of = "user.name".to_owned();
                rule.distinct = Some(Distinct { of, by, within: WITHIN, at_least: 15 });
            }
        }
        let built = RuleSet::builder(&Schema::ecs()).rule(rule).keys_per_rule(KEYS).build();
        Self(built.unwrap_or_else(|errors| panic!("{errors}")))
    }

    /// What it takes to look at the logins.
    pub(super) fn turn(&self, logins: &[Login]) -> Spent {
        let mut spent = Spent::default();
        logins.chunks(BATCH).for_each(|batch| spent.add(self.batch(batch)));
        spent
    }

    fn batch(&self, logins: &[Login]) -> Spent {
        let users: Vec<String> = logins.iter().map(user).collect();
        let events: Vec<Event<'_>> =
            logins.iter().zip(&users).map(|(login, user)| event(login, user)).collect();
        clocked(&events, |event| {
            let mut findings = Findings::default();
            self.0.detect(event, &mut findings);
            findings.found().len()
        })
    }
}

/// What the peer says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Voice {
    /// What ours says: one finding a window and key.
    Quiet,
    /// What it says by default: every login, and every one beyond the threshold once more.
    Default,
}

impl Peer {
    pub(super) fn new(kind: Kind, voice: Voice) -> Result<Self, String> {
        let (what, condition) = match kind {
            Kind::Count => ("event_count", "{ gte: 20 }"),
            Kind::Distinct => ("value_count", "{ field: user.name, gte: 15 }"),
        };
        let rules = format!(
            "title: Failed login
id: failed-login
logsource:
    category: authentication
detection:
    selection:
        event.action: login
        event.outcome: failure
    condition: selection
---
title: Logins
id: logins
correlation:
    type: {what}
    rules:
        - failed-login
    group-by:
        - source.ip
    timespan: 10m
    condition: {condition}
level: high
"
        );
        let config = CorrelationConfig {
            max_state_entries: KEYS,
            suppress: (voice == Voice::Quiet).then_some(WITHIN.as_secs()),
            emit_detections: voice == Voice::Default,
            ..CorrelationConfig::default()
        };
        let mut engine = CorrelationEngine::new(config);
        let parsed = parse_sigma_yaml(&rules).map_err(|error| error.to_string())?;
        engine.add_collection(&parsed).map_err(|error| error.to_string())?;
        let correlations = engine.correlation_rule_count();
        (correlations == 1).then_some(Self(engine)).ok_or_else(|| format!("{:?}", parsed.errors))
    }

    /// What it takes to look at the logins.
    pub(super) fn turn(&mut self, logins: &[Login]) -> Spent {
        let mut spent = Spent::default();
        logins.chunks(BATCH).for_each(|batch| spent.add(self.batch(batch)));
        spent
    }

    fn batch(&mut self, logins: &[Login]) -> Spent {
        let events: Vec<_> = logins
            .iter()
            .map(|login| {
                let event = json!({
                    "event.action": "login",
                    "event.outcome": "failure",
                    "source.ip": login.address.to_string(),
                    "user.name": user(login),
                });
                (JsonEvent::owned(event), login.millis / 1_000)
            })
            .collect();
        clocked(&events, |(event, second)| self.0.process_event_at(event, *second).len())
    }
}

/// The login as an event of ours.
pub(super) fn event<'u>(login: &Login, user: &'u str) -> Event<'u> {
    Event::new(Timestamp::from_micros(login.millis * 1_000))
        .with(field::EVENT_ACTION, "login")
        .with(field::EVENT_OUTCOME, "failure")
        .with(field::SOURCE_IP, IpAddr::V4(login.address))
        .with(field::USER_NAME, user)
}

/// The name of the login's user.
pub(super) fn user(login: &Login) -> String {
    format!("user{:02}", login.user)
}
