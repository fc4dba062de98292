use std::fmt::Debug;

use crate::event::{Event, Value, field};

/// Who belongs together: users of one group are each other's peers, and what is usual for them surprises less of one of them.
///
/// ```
/// use autosec_core::behavior::{BehaviorAnalyzer, PeerGroups};
/// use autosec_core::event::{Event, field};
///
/// /// Groups users by what a directory says of them.
/// #[derive(Debug)]
/// struct Departments;
///
/// impl PeerGroups for Departments {
///     fn group<'a>(&'a self, event: &'a Event<'_>) -> Option<&'a str> {
///         match event.text(field::USER_NAME)? {
///             "ann" | "bob" => Some("finance"),
///             _ => None,
///         }
///     }
/// }
///
/// let analyzer = BehaviorAnalyzer::builder().peers(Departments).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait PeerGroups: Debug + Send + Sync {
    /// The group of the event's user, by any name that stays the same; none if it is not known.
    ///
    /// Asked for every event, from many threads at once: answer from memory.
    fn group<'a>(&'a self, event: &'a Event<'_>) -> Option<&'a str>;
}

/// The default: `user.group.name`, else the first of `user.roles`.
#[derive(Clone, Copy, Debug, Default)]
pub struct NamedGroups;

impl PeerGroups for NamedGroups {
    fn group<'a>(&'a self, event: &'a Event<'_>) -> Option<&'a str> {
        let first = |id| event.get(id).and_then(|value| value.each().first()).and_then(Value::as_text);
        first(field::USER_GROUP_NAME).or_else(|| first(field::USER_ROLES))
    }
}
