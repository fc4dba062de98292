//! Which fields of an event an observation's objects are made from.

use super::super::ast::Step;
use crate::event::{FieldId, field};

const ENDS: &[FieldId] = &[
    field::SOURCE_IP,
    field::CLIENT_IP,
    field::SOURCE_DOMAIN,
    field::DESTINATION_IP,
    field::SERVER_IP,
    field::DESTINATION_DOMAIN,
    field::DNS_RESOLVED_IP,
    field::RELATED_IP,
    field::RELATED_HOSTS,
    field::URL_DOMAIN,
    field::TLS_CLIENT_SERVER_NAME,
];

/// An object's type, a property of it, and the fields that it and all that it refers to come from.
type Property = (&'static str, &'static str, &'static [FieldId]);

const PROPERTIES: &[Property] = &[
    ("ipv4-addr", "value", ENDS),
    ("ipv6-addr", "value", ENDS),
    ("domain-name", "value", ENDS),
    ("domain-name", "value", &[field::DNS_QUESTION_NAME]),
    ("domain-name", "resolves_to_refs", &[field::DNS_RESOLVED_IP]),
    ("network-traffic", "src_ref", &[field::SOURCE_IP, field::CLIENT_IP, field::SOURCE_DOMAIN]),
    ("network-traffic", "dst_ref", &[field::DESTINATION_IP, field::SERVER_IP, field::DESTINATION_DOMAIN]),
    ("network-traffic", "src_port", &[field::SOURCE_PORT]),
    ("network-traffic", "dst_port", &[field::DESTINATION_PORT]),
    ("network-traffic", "src_byte_count", &[field::SOURCE_BYTES]),
    ("network-traffic", "dst_byte_count", &[field::DESTINATION_BYTES]),
    ("network-traffic", "src_packets", &[field::SOURCE_PACKETS]),
    ("network-traffic", "dst_packets", &[field::DESTINATION_PACKETS]),
    ("network-traffic", "protocols", &[field::NETWORK_TRANSPORT, field::NETWORK_PROTOCOL]),
    (
        "network-traffic",
        "extensions",
        &[field::HTTP_REQUEST_METHOD, field::URL_PATH, field::USER_AGENT_ORIGINAL],
    ),
    ("autonomous-system", "number", &[field::SOURCE_AS_NUMBER, field::DESTINATION_AS_NUMBER]),
    ("url", "value", &[field::URL_FULL, field::URL_ORIGINAL]),
    ("directory", "path", &[field::FILE_DIRECTORY]),
    ("file", "name", &[field::FILE_NAME, field::PROCESS_EXECUTABLE]),
    ("file", "size", &[field::FILE_SIZE]),
    (
        "file",
        "hashes",
        &[
            field::FILE_HASH_MD5,
            field::FILE_HASH_SHA1,
            field::FILE_HASH_SHA256,
            field::PROCESS_HASH_MD5,
            field::PROCESS_HASH_SHA256,
        ],
    ),
    ("file", "parent_directory_ref", &[field::FILE_DIRECTORY]),
    ("process", "pid", &[field::PROCESS_PID, field::PROCESS_PARENT_PID]),
    ("process", "name", &[field::PROCESS_NAME, field::PROCESS_PARENT_NAME]),
    ("process", "command_line", &[field::PROCESS_COMMAND_LINE, field::PROCESS_PARENT_COMMAND_LINE]),
    ("process", "cwd", &[field::PROCESS_WORKING_DIRECTORY]),
    (
        "process",
        "image_ref",
        &[field::PROCESS_EXECUTABLE, field::PROCESS_HASH_MD5, field::PROCESS_HASH_SHA256],
    ),
    (
        "process",
        "parent_ref",
        &[field::PROCESS_PARENT_PID, field::PROCESS_PARENT_NAME, field::PROCESS_PARENT_COMMAND_LINE],
    ),
    ("process", "creator_user_ref", &[field::USER_NAME, field::USER_ID, field::USER_FULL_NAME]),
    ("user-account", "user_id", &[field::USER_ID]),
    ("user-account", "account_login", &[field::USER_NAME]),
    ("user-account", "display_name", &[field::USER_FULL_NAME]),
    ("email-message", "subject", &[field::EMAIL_SUBJECT]),
    ("email-message", "from_ref", &[field::EMAIL_FROM_ADDRESS]),
    ("email-message", "to_refs", &[field::EMAIL_TO_ADDRESS]),
    ("email-addr", "value", &[field::EMAIL_FROM_ADDRESS, field::EMAIL_TO_ADDRESS]),
    ("windows-registry-key", "key", &[field::REGISTRY_KEY]),
    ("windows-registry-key", "values", &[field::REGISTRY_VALUE, field::REGISTRY_DATA_STRINGS]),
];

/// The fields of which an event must have one if the path is to select anything in it.
pub(super) fn fields(object: &str, steps: &[Step]) -> Vec<FieldId> {
    let of_object = PROPERTIES.iter().filter(|(of, ..)| *of == object);
    let key = match steps.first() {
        Some(Step::Key(key)) if key != "type" => Some(key.as_str()),
        _ => None,
    };
    let of_path = of_object.filter(|(_, property, _)| key.is_none_or(|key| key == *property));
    of_path.flat_map(|(.., fields)| fields.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::super::super::observation::Observation;
    use super::*;
    use crate::event::{Event, Value};
    use crate::time::Timestamp;

    /// What an event with these fields shows comes from the fields that are named here.
    fn check(present: &[FieldId]) {
        let texts: Vec<String> = present.iter().map(|one| format!("text-{}", one.index())).collect();
        let mut event = Event::new(Timestamp::EPOCH);
        for (one, text) in present.iter().zip(&texts) {
            event.set(*one, Value::from(text.as_str()));
        }
        let observation = Observation::from_event(&event);
        for object in &observation.objects {
            for (key, value) in object.body.as_object().unwrap() {
                let named = fields(&object.kind, &[Step::Key(key.clone())]);
                assert!(named.iter().any(|one| present.contains(one)), "{}:{key} {present:?}", object.kind);
                if key != "type" {
                    for text in reached(&observation, key, value, 3) {
                        let known = named.iter().any(|one| text == format!("text-{}", one.index()));
                        assert!(known, "{}:{key} gives {text}", object.kind);
                    }
                }
            }
        }
    }

    /// Every text that a path which begins with this property ends at, types aside.
    fn reached(observation: &Observation, key: &str, value: &Json, depth: usize) -> Vec<String> {
        match value {
            _ if depth == 0 => Vec::new(),
            Json::Object(inner) => {
                let inner = inner.iter().filter(|(key, _)| *key != "type");
                inner.flat_map(|(key, value)| reached(observation, key, value, depth)).collect()
            }
            Json::Array(values) => {
                values.iter().flat_map(|value| reached(observation, key, value, depth)).collect()
            }
            Json::String(id) if key.ends_with("_ref") || key.ends_with("_refs") => {
                reached(observation, "", observation.object(id).unwrap(), depth - 1)
            }
            Json::String(text) => vec![text.clone()],
            _ => Vec::new(),
        }
    }

    #[test]
    fn names_every_field_that_a_property_comes_from() {
        let all = Observation::event_fields();
        check(all);
        for (place, one) in all.iter().enumerate() {
            check(&[*one]);
            all.iter().skip(place + 1).for_each(|other| check(&[*one, *other]));
        }
    }

    #[test]
    fn names_no_field_of_what_no_event_shows() {
        assert!(fields("mutex", &[Step::Key("name".to_owned())]).is_empty());
        assert!(fields("file", &[Step::Key("mtime".to_owned())]).is_empty());
        assert!(!fields("file", &[Step::Key("type".to_owned())]).is_empty());
    }
}
