//! The seam to the host's metrics, audit trail and logs: an [`Observer`] is told what happened, in plain records.
//!
//! The stages above translate into these records, so this module never looks up.
//!
//! # What is told, and when
//! | record | told by | at |
//! |---|---|---|
//! | [`Record::Found`], for each finding, shadow ones too | [`Engine::process`](crate::engine::Engine::process) | event time |
//! | [`Record::Faulted`], for each fault | `process` | event time |
//! | [`Record::Decided`], for each decision, refused ones too | `process` | event time |
//! | [`Record::Refused`], behind the decision it is about | `process` | event time |
//! | [`Record::Enforced`], one a firewall | `enforce`, `unblock`, `allow`, `maintain`, `reconcile` and the like | clock time |
//! | [`Record::Observed`] before it, for one that is only observed | the same | clock time |
//! | [`Record::Circuit`], [`Record::GivenUp`], [`Record::Evicted`] | the same, when it happens | clock time |
//! | [`Record::Denied`], [`Record::Logged`] | a plugin, while it is called | clock time |
//! | [`Record::Plugin`] | a host's plugins, when it happens | clock time |
//!
//! A quiet event tells nothing. Records borrow; an observer copies what it keeps.

use std::fmt::Debug;
use std::sync::Arc;

use crate::entity::Entity;
use crate::finding::{Action, Fault, Finding};
use crate::measure::RiskScore;
use crate::time::Timestamp;

/// Something worth telling the host.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Record<'a> {
    /// A decision was made about a subject.
    Decided {
        /// About whom.
        subject: &'a Entity,
        /// What is to be done.
        action: Action,
        /// How risky the subject is.
        risk: RiskScore,
    },
    /// A plugin asked for something that it may not have, and did not get it.
    Denied {
        /// The name that the plugin is configured under.
        plugin: &'a str,
        /// What it asked for, without any secret: `GET https://fw.example/api`.
        asked: &'a str,
        /// Why it did not get it, for a person.
        why: &'a str,
    },
    /// A firewall was asked to change, and did or did not.
    Enforced {
        /// The firewall's name.
        firewall: &'a str,
        /// Why it was asked, in one word: `block`, `unblock`, `maintain`, `reconcile`, `replay` or `release`.
        change: &'a str,
        /// How many items it took on.
        applied: usize,
        /// How many it did not.
        failed: usize,
        /// Why the call as a whole failed, if it did.
        error: Option<&'a str>,
    },
    /// A firewall was left alone after failures in a row, or is asked again.
    Circuit {
        /// The firewall's name.
        firewall: &'a str,
        /// Whether it is left alone from now on.
        open: bool,
    },
    /// A firewall rejected an item so often that it is no longer tried.
    GivenUp {
        /// The firewall's name.
        firewall: &'a str,
        /// What was to be blocked, as an address or a prefix.
        target: &'a str,
        /// The firewall's words.
        why: &'a str,
    },
    /// Blocks had to make room for more important ones.
    Evicted {
        /// The firewall that has no room for them; none where the ledger has not.
        firewall: Option<&'a str>,
        /// How many.
        blocks: usize,
    },
    /// A firewall that is only observed would have been changed.
    Observed {
        /// The firewall's name.
        firewall: &'a str,
        /// How many items would have been blocked.
        blocks: usize,
        /// How many would have been let in.
        unblocks: usize,
    },
    /// A plugin wrote a line for the log; control characters are escaped, and the line is cut.
    Logged {
        /// The plugin's id.
        plugin: &'a str,
        /// How much it matters: `trace`, `debug`, `info`, `warn` or `error`.
        level: &'a str,
        /// What it wrote.
        text: &'a str,
    },
    /// Something happened to a plugin.
    Plugin {
        /// The plugin's name.
        plugin: &'a str,
        /// What, in a word: `loaded`, `refused`, `configured`, `replaced`, `went-back`, `enabled`, `disabled`, `crashed` or
        /// `rests`.
        event: &'a str,
        /// More about it, for a person.
        detail: &'a str,
    },
    /// Something went wrong beside a verdict.
    Faulted(&'a Fault),
    /// An analytic found something.
    Found(&'a Finding),
    /// The guard held a decision back.
    Refused {
        /// About whom.
        subject: &'a Entity,
        /// Why, for a person.
        why: &'a str,
    },
}

/// The host's ear. Called on the caller's thread: keep it short.
///
/// It is called while the engine works, so it must not wait: count, or hand the record to a channel. A panic in it
/// reaches the caller of the engine.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use autosec_core::engine::Engine;
/// use autosec_core::event::{Event, field};
/// use autosec_core::measure::Severity;
/// use autosec_core::observe::{Observer, Record};
/// use autosec_core::rule::{Rule, RuleSet};
/// use autosec_core::event::Schema;
/// use autosec_core::time::Timestamp;
///
/// /// Counts findings; the host keeps a clone to read the number from.
/// #[derive(Clone, Debug, Default)]
/// struct Found(Arc<AtomicU64>);
///
/// impl Observer for Found {
///     fn note(&self, _at: Timestamp, record: &Record<'_>) {
///         if let Record::Found(_) = record {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
///
/// let found = Found::default();
/// let rule = Rule { subject: Some("user.name".into()), ..Rule::new("root", Severity::Low, r#"user.name == "root""#) };
/// let rules = RuleSet::builder(&Schema::ecs()).rule(rule).build()?;
/// let engine = Engine::builder().detector(rules).observer(found.clone()).build()?;
/// engine.process(Event::new(Timestamp::EPOCH).with(field::USER_NAME, "root"));
/// engine.process(Event::new(Timestamp::EPOCH).with(field::USER_NAME, "ann"));
/// assert_eq!(found.0.load(Ordering::Relaxed), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Observer: Debug + Send + Sync {
    /// Takes note of one record; `at` is event time for detection, clock time for enforcement.
    fn note(&self, at: Timestamp, record: &Record<'_>);
}

impl<T: Observer + ?Sized> Observer for Arc<T> {
    fn note(&self, at: Timestamp, record: &Record<'_>) {
        (**self).note(at, record);
    }
}

/// An observer that ignores everything: the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn note(&self, _at: Timestamp, _record: &Record<'_>) {}
}
