use std::net::IpAddr;

use smallvec::SmallVec;

use super::{FieldId, Value};
use crate::time::Timestamp;

/// Fields an event holds without touching the heap; a parsed log line has 6 to 14.
const INLINE_FIELDS: usize = 16;

/// Something that happened: a time and field values, borrowed from the input where they can be.
///
/// ```
/// use autosec_core::event::{Event, field};
/// use autosec_core::time::Timestamp;
///
/// let event = Event::new(Timestamp::from_secs(1_800_000_000))
///     .with(field::EVENT_ACTION, "ssh_login")
///     .with(field::DESTINATION_PORT, 22_i64);
/// assert_eq!(event.text(field::EVENT_ACTION), Some("ssh_login"));
/// ```
#[derive(Clone, Debug)]
pub struct Event<'a> {
    time: Timestamp,
    /// Bit n is set when a field is held whose number leaves n when divided by 256: makes the common miss free.
    present: [u64; 4],
    fields: SmallVec<[(FieldId, Value<'a>); INLINE_FIELDS]>,
}

impl<'a> Event<'a> {
    /// An event without fields.
    pub fn new(time: Timestamp) -> Self {
        Self { time, present: [0; 4], fields: SmallVec::new() }
    }

    /// The event with one more field; a field already there is replaced.
    #[must_use]
    pub fn with(mut self, field: FieldId, value: impl Into<Value<'a>>) -> Self {
        self.set(field, value);
        self
    }

    /// Sets a field; one already there is replaced.
    ///
    /// A field of a kind that the schema does not expect is kept as it is: rules of the expected kind do not match it.
    pub fn set(&mut self, field: FieldId, value: impl Into<Value<'a>>) {
        self.place(field, value.into());
    }

    /// [`Event::set`] in the caller's own code, so that the value is built where it ends up: each copy of a value
    /// just written waits for the writes, which cost the JSON reader 9 % (2026-11-22, 2-core
    /// x86-64 VM).
    #[inline(always)]
    pub(super) fn place(&mut self, field: FieldId, value: Value<'a>) {
        if self.may_hold(field)
            && let Some((_, held)) = self.fields.iter_mut().find(|(id, _)| *id == field)
        {
            *held = value;
            return;
        }
        if let Some(word) = self.present.get_mut(field.index() / 64 % 4) {
            *word |= 1 << (field.index() % 64);
        }
        self.fields.push((field, value));
    }

    /// Adds one value to what the field holds, which becomes a list.
    pub fn add(&mut self, field: FieldId, value: Value<'a>) {
        let held = if self.may_hold(field) {
            self.fields.iter_mut().find(|(id, _)| *id == field).map(|(_, held)| held)
        } else {
            None
        };
        match held {
            Some(Value::List(values)) => values.push(value),
            Some(held) => {
                let first = std::mem::replace(held, Value::List(Vec::new()));
                *held = Value::List(vec![first, value]);
            }
            None => self.set(field, Value::List(vec![value])),
        }
    }

    /// Moves the event in time.
    pub fn set_time(&mut self, time: Timestamp) {
        self.time = time;
    }

    /// When it happened.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The field's value.
    ///
    /// ```
    /// use autosec_core::event::{Event, Value, field};
    /// use autosec_core::time::Timestamp;
    ///
    /// let event = Event::new(Timestamp::EPOCH).with(field::DESTINATION_PORT, 22_i64);
    /// assert_eq!(event.get(field::DESTINATION_PORT), Some(&Value::Integer(22)));
    /// assert_eq!(event.integer(field::DESTINATION_PORT), Some(22));
    /// assert_eq!(event.text(field::DESTINATION_PORT), None, "it is there, but no text");
    /// ```
    pub fn get(&self, field: FieldId) -> Option<&Value<'a>> {
        if !self.may_hold(field) {
            return None;
        }
        self.fields.iter().find(|(id, _)| *id == field).map(|(_, value)| value)
    }

    /// The field's value, if it is text.
    pub fn text(&self, field: FieldId) -> Option<&str> {
        self.get(field).and_then(Value::as_text)
    }

    /// The field's value, if it is an address.
    pub fn address(&self, field: FieldId) -> Option<IpAddr> {
        self.get(field).and_then(Value::as_address)
    }

    /// The field's value, if it is an integer.
    pub fn integer(&self, field: FieldId) -> Option<i64> {
        self.get(field).and_then(Value::as_integer)
    }

    /// Every field with its value, in the order they were set.
    pub fn fields(&self) -> impl Iterator<Item = (FieldId, &Value<'a>)> {
        self.fields.iter().map(|(id, value)| (*id, value))
    }

    #[inline]
    /// False only if the field is certainly absent; a field beyond the bitmap has to be looked for.
    fn may_hold(&self, field: FieldId) -> bool {
        self.present.get(field.index() / 64 % 4).is_none_or(|word| word & (1 << (field.index() % 64)) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Schema, field};
    use super::*;

    #[test]
    fn holds_what_was_set_last() {
        let mut event = Event::new(Timestamp::EPOCH).with(field::USER_NAME, "eve");
        event.set(field::USER_NAME, "mallory");
        assert_eq!(event.text(field::USER_NAME), Some("mallory"));
        assert_eq!(event.fields().count(), 1);
        assert_eq!(event.get(field::SOURCE_IP), None);
    }

    #[test]
    fn holds_fields_beyond_the_bitmap() {
        let mut schema = Schema::ecs();
        let last = (0..300).map(|n| schema.add(&format!("x.f{n}"), Kind::Integer).unwrap()).last().unwrap();
        let event = Event::new(Timestamp::EPOCH).with(last, 7_i64);
        assert_eq!(event.integer(last), Some(7));
        assert!(schema.fields().all(|(id, ..)| event.get(id).is_some() == (id == last)));
    }

    #[test]
    fn unmaps_addresses() {
        let event = Event::new(Timestamp::EPOCH)
            .with(field::SOURCE_IP, "::ffff:192.0.2.1".parse::<IpAddr>().unwrap());
        assert_eq!(event.address(field::SOURCE_IP), Some("192.0.2.1".parse().unwrap()));
    }
}
