//! Filling an event in place, with the wanted fields alone.

use autosec_core::event::{Event, FieldId, FieldMask, Value, field};
use autosec_core::time::Timestamp;

use super::scan::lossy;

/// An event in the making, which takes only the fields that are wanted.
///
/// It is filled in place: an event is about 700 bytes, and handing it up by value through each return made
/// [`LogReader`](super::LogReader) take 421 ns instead of 385 ns an sshd line (2026-11, busy 2-core x86-64 VM).
#[derive(Debug)]
pub(super) struct Draft<'a, 'o> {
    event: &'o mut Event<'a>,
    fields: &'o FieldMask,
}

pub(super) const SUCCESS: Option<&str> = Some("success");
pub(super) const FAILURE: Option<&str> = Some("failure");

impl<'a, 'o> Draft<'a, 'o> {
    /// Begins anew, whatever the event held.
    pub(super) fn new(event: &'o mut Event<'a>, time: Timestamp, fields: &'o FieldMask) -> Self {
        *event = Event::new(time);
        Self { event, fields }
    }

    pub(super) fn set_time(&mut self, time: Timestamp) {
        self.event.set_time(time);
    }

    pub(super) fn set(&mut self, field: FieldId, value: impl Into<Value<'a>>) {
        if self.wants(field) {
            self.event.set(field, value);
        }
    }

    /// Sets a text field; what is no UTF-8 in it becomes U+FFFD.
    pub(super) fn text(&mut self, field: FieldId, bytes: &'a [u8]) {
        if self.wants(field) {
            self.event.set(field, lossy(bytes));
        }
    }

    /// What happened, of category `authentication`.
    pub(super) fn authentication(
        &mut self,
        action: &'static str,
        outcome: Option<&'static str>,
        reason: Option<&'static str>,
    ) {
        self.set(field::EVENT_CATEGORY, "authentication");
        self.set(field::EVENT_ACTION, action);
        if let Some(outcome) = outcome {
            self.set(field::EVENT_OUTCOME, outcome);
        }
        if let Some(reason) = reason {
            self.set(field::EVENT_REASON, reason);
        }
    }

    pub(super) fn wants(&self, field: FieldId) -> bool {
        self.fields.contains(field)
    }
}
