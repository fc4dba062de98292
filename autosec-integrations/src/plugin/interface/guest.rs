use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use super::{Context, Entry, Failure, Health, Metadata, Outcome, Page};

/// A configured plugin that runs somewhere: in a sandbox, in this process, in a process of its own.
///
/// A call is ended at [`Context::deadline_ms`]. After a [`Crash`] the guest has already put a fresh instance in the dead one's
/// place, or says so by [`Crash::Gone`].
#[async_trait]
pub trait Guest: Debug + Send + Sync {
    /// What the plugin said of itself when it was loaded.
    fn metadata(&self) -> &Metadata;

    /// Starts dropping; one result an entry, in order.
    ///
    /// # Errors
    /// The plugin did not come to its end; nothing may be assumed of the items.
    async fn block(
        &self,
        context: &Context,
        entries: &[Entry],
    ) -> Result<Vec<Result<Outcome, Failure>>, Crash>;

    /// Stops dropping; one result a target, in order.
    ///
    /// # Errors
    /// The plugin did not come to its end; nothing may be assumed of the items.
    async fn unblock(
        &self,
        context: &Context,
        targets: &[String],
    ) -> Result<Vec<Result<Outcome, Failure>>, Crash>;

    /// A page of what the plugin put there.
    ///
    /// # Errors
    /// The plugin did not come to its end.
    async fn list_blocked(
        &self,
        context: &Context,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Result<Page, Failure>, Crash>;

    /// How the device is.
    ///
    /// # Errors
    /// The plugin did not come to its end.
    async fn check_health(&self, context: &Context) -> Result<Result<Health, Failure>, Crash>;
}

/// A call that did not come to its end.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Crash {
    /// It ran into what its code must not do: a trap of the sandbox, or a panic that it caught itself.
    #[error("the plugin broke off: {0}")]
    Trap(String),
    /// It took longer than the call may take, and was ended.
    #[error("the plugin did not end within {0:?}")]
    Deadline(Duration),
    /// It asked for more than it may have: memory, calls of the host, bytes of an answer.
    #[error("the plugin went over its limit of {0}")]
    Limit(String),
    /// It answered what the interface does not allow.
    #[error("the plugin does not keep to the interface: {0}")]
    Protocol(String),
    /// It is not used any more; the host must load it again.
    #[error("the plugin is not used any more: {0}")]
    Gone(String),
}
