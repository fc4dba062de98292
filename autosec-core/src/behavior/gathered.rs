use std::net::IpAddr;

use crate::event::{Event, FieldId, FieldMask, Value, field};

/// The fields that are read of events.
const READ: [FieldId; 35] = [
    field::EVENT_ACTION,
    field::EVENT_OUTCOME,
    field::SOURCE_IP,
    field::SOURCE_AS_NUMBER,
    field::SOURCE_GEO_COUNTRY_ISO_CODE,
    field::SOURCE_GEO_REGION_ISO_CODE,
    field::SOURCE_GEO_CITY_NAME,
    field::SOURCE_GEO_LOCATION_LAT,
    field::SOURCE_GEO_LOCATION_LON,
    field::SOURCE_GEO_ACCURACY_RADIUS,
    field::SOURCE_ANONYMIZER,
    field::SOURCE_BYTES,
    field::NETWORK_BYTES,
    field::HTTP_REQUEST_METHOD,
    field::HTTP_RESPONSE_BYTES,
    field::HTTP_RESPONSE_STATUS_CODE,
    field::URL_DOMAIN,
    field::USER_NAME,
    field::USER_DOMAIN,
    field::USER_EMAIL,
    field::USER_ID,
    field::USER_GROUP_NAME,
    field::USER_ROLES,
    field::USER_AGENT_ORIGINAL,
    field::USER_AGENT_NAME,
    field::USER_AGENT_VERSION,
    field::USER_AGENT_OS_NAME,
    field::USER_AGENT_OS_VERSION,
    field::USER_AGENT_DEVICE_NAME,
    field::DEVICE_ID,
    field::TLS_CLIENT_JA3,
    field::TLS_CLIENT_HASH_SHA256,
    field::SERVICE_NAME,
    field::HOST_NAME,
    field::DESTINATION_DOMAIN,
];

/// Where each built-in field stands in [`READ`], by its number; beyond its end for those that are not read.
const PLACES: [u8; 256] = places();

/// The fields of an event that are read, gathered in one pass over it: to look each of them up by itself goes through all of the
/// event's fields thirty times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gathered<'e, 'v>([Option<&'e Value<'v>>; READ.len()]);

/// What is read of events.
pub(super) fn fields() -> FieldMask {
    READ.into_iter().collect()
}

impl<'e, 'v> Gathered<'e, 'v> {
    /// What is read of an event.
    pub(super) fn of(event: &'e Event<'v>) -> Self {
        let mut values = [None; READ.len()];
        for (id, value) in event.fields() {
            if let Some(slot) = values.get_mut(place(id)) {
                *slot = Some(value);
            }
        }
        Self(values)
    }

    #[inline]
    pub(super) fn get(&self, id: FieldId) -> Option<&'e Value<'v>> {
        self.0.get(place(id)).copied().flatten()
    }

    /// A text that is not empty.
    #[inline]
    pub(super) fn text(&self, id: FieldId) -> Option<&'e str> {
        self.get(id).and_then(Value::as_text).filter(|text| !text.is_empty())
    }

    #[inline]
    pub(super) fn address(&self, id: FieldId) -> Option<IpAddr> {
        self.get(id).and_then(Value::as_address)
    }

    #[inline]
    pub(super) fn integer(&self, id: FieldId) -> Option<i64> {
        self.get(id).and_then(Value::as_integer)
    }
}

#[inline]
fn place(id: FieldId) -> usize {
    PLACES.get(id.index()).map_or(usize::MAX, |place| usize::from(*place))
}

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "counted when it is compiled")]
const fn places() -> [u8; 256] {
    let mut places = [u8::MAX; 256];
    let mut at = 0;
    while at < READ.len() {
        places[READ[at].index()] = at as u8;
        at += 1;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Schema;
    use crate::time::Timestamp;

    #[test]
    fn has_what_the_event_has() {
        let mut schema = Schema::default();
        let own = schema.add("own.field", crate::event::Kind::Text);
        let mut event = Event::new(Timestamp::EPOCH).with(field::EVENT_CATEGORY, "not read");
        if let Ok(own) = own {
            event.set(own, "not read either");
        }
        for (number, id) in READ.into_iter().enumerate() {
            event.set(id, format!("value {number}"));
        }
        let gathered = Gathered::of(&event);
        assert!(READ.into_iter().all(|id| gathered.text(id).is_some() && gathered.get(id) == event.get(id)));
        assert_eq!(gathered.get(field::EVENT_CATEGORY), None);
    }
}
