//! What is added to an event before anything looks at it: [`Enricher`], and [`geo`], which knows where addresses are.
//!
//! An enricher fills fields that the event lacks, from data that it holds in memory; what a log already says is left
//! alone. The engine runs enrichers in the order they were added, and only those whose fields somebody reads.

pub mod geo;

use std::fmt::Debug;
use std::sync::Arc;

use crate::event::{Event, FieldMask};
use crate::finding::Fault;

/// Something that adds fields to events, such as where the source address is.
///
/// `enrich` is called from many threads at once, must not block, and cannot fail: what goes wrong is a [`Fault`], and
/// the event goes on without the field. A panic is caught by the engine and becomes a fault.
///
/// ```
/// use autosec_core::engine::Engine;
/// use autosec_core::enrich::Enricher;
/// use autosec_core::event::{Event, FieldMask, Schema, field};
/// use autosec_core::finding::Fault;
/// use autosec_core::rule::RuleSet;
/// use autosec_core::time::Timestamp;
///
/// /// Knows which hosts belong to which cloud account.
/// #[derive(Debug)]
/// struct Inventory;
///
/// impl Enricher for Inventory {
///     fn name(&self) -> &str {
///         "inventory"
///     }
///
///     fn reads(&self) -> FieldMask {
///         [field::HOST_NAME].into_iter().collect()
///     }
///
///     fn fills(&self) -> FieldMask {
///         [field::CLOUD_ACCOUNT_ID].into_iter().collect()
///     }
///
///     fn enrich(&self, event: &mut Event<'_>, _wanted: &FieldMask, _faults: &mut Vec<Fault>) {
///         if event.text(field::HOST_NAME).is_some_and(|host| host.ends_with(".shop.example")) {
///             event.set(field::CLOUD_ACCOUNT_ID, "shop");
///         }
///     }
/// }
///
/// let rules = RuleSet::builder(&Schema::ecs())
///     .source("shop.yaml", "[{ id: shop, name: Shop, severity: high, when: cloud.account.id == \"shop\", subject: host.name }]")
///     .build()?;
/// let engine = Engine::builder().enricher(Inventory).detector(rules).build()?;
/// assert!(engine.fields().contains(field::HOST_NAME), "readers fill what enrichers read");
/// let event = Event::new(Timestamp::from_secs(1_700_000_000)).with(field::HOST_NAME, "db1.shop.example");
/// assert!(!engine.process(event).is_quiet());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Enricher: Debug + Send + Sync {
    /// Its name in faults, such as `geo`.
    fn name(&self) -> &str;

    /// The fields it needs. Asked once, when the engine is built.
    fn reads(&self) -> FieldMask;

    /// The fields it may fill. Asked once, when the engine is built; an enricher of which nobody reads any is not run.
    fn fills(&self) -> FieldMask;

    /// Fills what it knows of the `wanted` fields, where the event lacks them.
    fn enrich(&self, event: &mut Event<'_>, wanted: &FieldMask, faults: &mut Vec<Fault>);
}

impl<T: Enricher + ?Sized> Enricher for Arc<T> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn reads(&self) -> FieldMask {
        (**self).reads()
    }

    fn fills(&self) -> FieldMask {
        (**self).fills()
    }

    fn enrich(&self, event: &mut Event<'_>, wanted: &FieldMask, faults: &mut Vec<Fault>) {
        (**self).enrich(event, wanted, faults);
    }
}
