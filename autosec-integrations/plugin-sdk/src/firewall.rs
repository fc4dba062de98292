use crate::{Context, Entry, Failure, FailureKind, Health, HealthState, Metadata, Outcome, Page};

/// A firewall, as a plugin knows it.
///
/// A value is one configured device. Calls come one after another, each with its whole batch; the host keeps times,
/// repeats what failed, and ends a call at its deadline.
pub trait Firewall: Sized + 'static {
    /// What it is and what it can do; asked for before anything is configured.
    fn describe() -> Metadata;

    /// The JSON Schema of its configuration; anything goes by default.
    fn config_schema() -> String {
        "{}".to_owned()
    }

    /// Takes a configuration, a JSON text.
    ///
    /// # Errors
    /// It cannot work; the message says what to change.
    fn configure(config: &str) -> Result<Self, Failure>;

    /// Starts dropping; one result an entry, in order.
    fn block(&mut self, context: &Context, entries: Vec<Entry>) -> Vec<Result<Outcome, Failure>>;

    /// Stops dropping; one result a target, in order.
    fn unblock(&mut self, context: &Context, targets: Vec<String>) -> Vec<Result<Outcome, Failure>>;

    /// A page of what the plugin put there.
    ///
    /// # Errors
    /// By default, that the device cannot list.
    fn list_blocked(
        &mut self,
        context: &Context,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page, Failure> {
        let _ = (context, cursor, limit);
        Err(fail(FailureKind::Unsupported, "this plugin cannot list what it blocked"))
    }

    /// How the device is; healthy by default.
    ///
    /// # Errors
    /// It could not be asked.
    fn check_health(&mut self, context: &Context) -> Result<Health, Failure> {
        let _ = context;
        Ok(Health { state: HealthState::Healthy, detail: "not asked".to_owned(), latency_us: None })
    }
}

/// A failure of this kind with these words.
pub fn fail(kind: FailureKind, message: impl Into<String>) -> Failure {
    Failure { kind, message: message.into(), retry_after_ms: None, extra: Vec::new() }
}
