//! The walk over a record. Fields that follow from several keys (action and category from the type, outcome from the
//! status, path and query from the URL) are set when the record has ended, because JSON gives keys in any order.

use std::borrow::Cow;
use std::fmt;

use autosec_core::event::{Event, FieldId, field};
use autosec_core::time::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::access::{set_status, set_target};
use super::super::draft::Draft;
use super::super::moment;
use super::super::options::Options;
use super::super::peer::address;
use super::super::scan::number;
use super::super::unread::UnreadReason;
use super::meaning::{Meaning, Section, meaning};
use super::scalar::Scalar;

/// Reads one record. Of a key that stands twice the last value counts, as most readers of JSON have it; a value of
/// a type that its field can't take is stepped over.
pub(in super::super) fn read<'a>(
    line: &'a [u8],
    options: &Options,
    event: &mut Event<'a>,
) -> Result<(), UnreadReason> {
    if let Ok(record) = Record::read(line, options, event) {
        return record.finish();
    }
    // A line with bytes that are no UTF-8, or with half a surrogate pair, is rare and worth a second look at a copy that is
    // whole: one byte must not hide an event.
    let text = mended(&String::from_utf8_lossy(line));
    let mut copy = Event::new(Timestamp::EPOCH);
    Record::read(text.as_bytes(), options, &mut copy).map_err(|_| UnreadReason::NotEve)?.finish()?;
    event.set_time(copy.time());
    copy.fields().for_each(|(field, value)| event.set(field, value.to_owned_value()));
    Ok(())
}

/// The text with every escaped surrogate replaced by U+FFFD, also those that are one of a pair.
fn mended(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let is_surrogate = escape.get(2..4).is_some_and(|digits| {
            digits.starts_with(['d', 'D'])
                && digits.ends_with(['8', '9', 'a', 'A', 'b', 'B', 'c', 'C', 'd', 'D', 'e', 'E', 'f', 'F'])
        });
        if escape.starts_with("\\u") && is_surrogate && escape.is_char_boundary(6.min(escape.len())) {
            mended.push_str("\\ufffd");
            rest = escape.get(6..).unwrap_or_default();
        } else {
            // The backslash and what it escapes.
            let length = 1 + escape.chars().nth(1).map_or(0, char::len_utf8);
            mended.push_str(escape.get(..length).unwrap_or_default());
            rest = escape.get(length..).unwrap_or_default();
        }
    }
    mended.push_str(rest);
    mended
}

/// An event in the making and what is only told in the end.
#[derive(Debug)]
struct Record<'a, 'o> {
    draft: Draft<'a, 'o>,
    event_type: Option<Cow<'a, str>>,
    status: Option<i64>,
    time: Option<Timestamp>,
    url: Option<Cow<'a, str>>,
    utc_offset: i32,
}

impl<'a, 'o> Record<'a, 'o> {
    fn read(
        line: &'a [u8],
        options: &'o Options,
        event: &'o mut Event<'a>,
    ) -> Result<Self, serde_json::Error> {
        let mut record = Self {
            draft: Draft::new(event, Timestamp::EPOCH, &options.fields),
            event_type: None,
            status: None,
            time: None,
            url: None,
            utc_offset: options.utc_offset,
        };
        let mut json = serde_json::Deserializer::from_slice(line);
        let part = Part { record: &mut record, section: Section::Top };
        json.deserialize_map(part)?;
        json.end()?;
        Ok(record)
    }

    fn finish(mut self) -> Result<(), UnreadReason> {
        self.draft.set_time(self.time.ok_or(UnreadReason::Time)?);
        if let Some(event_type) = self.event_type {
            let category = match event_type.as_ref() {
                "alert" => "intrusion_detection",
                "http" => "web",
                _ => "network",
            };
            self.draft.set(field::EVENT_CATEGORY, category);
            self.draft.set(field::EVENT_ACTION, action(event_type));
        }
        // Only now: the host name may follow the URL, and a URL that names one itself has the last word.
        if let Some(url) = self.url {
            let bytes = match url {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            };
            set_target(bytes, &mut self.draft);
        }
        set_status(self.status, &mut self.draft);
        Ok(())
    }

    /// Takes in a value that is no section.
    fn take(&mut self, meaning: Meaning, value: Scalar<'a>) {
        match (meaning, value) {
            (Meaning::Address(ip, other), Scalar::Text(text)) => match address(text.as_bytes()) {
                Some((address, _)) => self.draft.set(ip, address),
                None => self.draft.set(other, text),
            },
            (Meaning::AlertAction, Scalar::Text(text)) => {
                self.draft.set(field::EVENT_TYPE, if text == "blocked" { "denied" } else { "allowed" });
            }
            (Meaning::EventType, Scalar::Text(text)) => self.event_type = Some(text),
            (Meaning::Integer(field), value) => {
                if let Some(number) = integer(&value) {
                    self.draft.set(field, number);
                }
            }
            (Meaning::Lower(field), Scalar::Text(text)) => self.draft.set(field, lower(text)),
            (Meaning::Status, value) => self.status = integer(&value).or(self.status),
            (Meaning::Text(field), Scalar::Text(text)) => self.draft.set(field, text),
            (Meaning::Text(field), Scalar::Integer(number)) => self.draft.set(field, number.to_string()),
            (Meaning::Time, Scalar::Text(text)) => {
                let time = moment::rfc3339(text.as_bytes(), self.utc_offset);
                self.time = time.filter(|(_, rest)| rest.is_empty()).map(|(time, _)| time);
            }
            (Meaning::Url, Scalar::Text(text)) => self.url = Some(text),
            (Meaning::Version, Scalar::Text(text)) => self.draft.set(field::HTTP_VERSION, version(text)),
            _ => {}
        }
    }

    fn wants(&self, meaning: Meaning) -> bool {
        let wants = |fields: &[FieldId]| fields.iter().any(|field| self.draft.wants(*field));
        match meaning {
            Meaning::Address(ip, other) => wants(&[ip, other]),
            Meaning::AlertAction => wants(&[field::EVENT_TYPE]),
            Meaning::EventType => wants(&[field::EVENT_ACTION, field::EVENT_CATEGORY]),
            Meaning::Integer(field) | Meaning::Lower(field) | Meaning::Text(field) => wants(&[field]),
            Meaning::Nothing => false,
            Meaning::Section(_) | Meaning::Time => true,
            Meaning::Status => wants(&[field::HTTP_RESPONSE_STATUS_CODE, field::EVENT_OUTCOME]),
            Meaning::Url => {
                wants(&[field::URL_ORIGINAL, field::URL_PATH, field::URL_QUERY, field::URL_DOMAIN])
            }
            Meaning::Version => wants(&[field::HTTP_VERSION]),
        }
    }
}

/// One object of the record, or a list of such.
struct Part<'r, 'a, 'o> {
    record: &'r mut Record<'a, 'o>,
    section: Section,
}

impl<'a> DeserializeSeed<'a> for Part<'_, 'a, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Part<'_, 'a, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(meaning) = object.next_key_seed(Key(self.section))? {
            match meaning {
                meaning if !self.record.wants(meaning) => {
                    object.next_value::<IgnoredAny>()?;
                }
                Meaning::Section(section) => object.next_value_seed(Part { record: self.record, section })?,
                meaning => {
                    let value = object.next_value()?;
                    self.record.take(meaning, value);
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Part { record: self.record, section: self.section })?.is_some() {}
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A key, read as what it means in its section.
struct Key(Section);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Meaning;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Meaning, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Meaning;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E: Error>(self, key: &[u8]) -> Result<Meaning, E> {
        Ok(meaning(self.0, key))
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Meaning, E> {
        Ok(meaning(self.0, key.as_bytes()))
    }
}

fn action(event_type: Cow<'_, str>) -> Cow<'_, str> {
    Cow::Borrowed(match event_type.as_ref() {
        "alert" => "ids_alert",
        "dns" => "dns_query",
        "flow" => "network_flow",
        "http" => "http_request",
        "tls" => "tls_handshake",
        _ => return event_type,
    })
}

fn integer(value: &Scalar<'_>) -> Option<i64> {
    match value {
        Scalar::Integer(number) => Some(*number),
        Scalar::Other => None,
        Scalar::Text(text) => number(text.as_bytes()),
    }
}

fn lower(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.as_ref() {
        // Nearly every record holds one of these; borrowed, they cost no allocation.
        "TCP" => Cow::Borrowed("tcp"),
        "UDP" => Cow::Borrowed("udp"),
        "ICMP" => Cow::Borrowed("icmp"),
        other if other.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            Cow::Owned(other.to_ascii_lowercase())
        }
        _ => text,
    }
}

fn version(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_prefix("HTTP/").unwrap_or(text)),
        Cow::Owned(text) => Cow::Owned(text.strip_prefix("HTTP/").unwrap_or(&text).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &[u8]) -> Event<'_> {
        let mut event = Event::new(Timestamp::EPOCH);
        read(line, &Options::new(Timestamp::EPOCH), &mut event).unwrap();
        event
    }

    #[test]
    fn reads_a_flow() {
        let event = parsed(
            br#"{"timestamp":"2026-11-22T14:02:11.123456+0000","flow_id":1,"in_iface":"eth0","event_type":"flow","src_ip":"203.0.113.50","src_port":4711,"dest_ip":"2001:db8::1","dest_port":22,"proto":"TCP","app_proto":"ssh","flow":{"pkts_toserver":2,"pkts_toclient":1,"bytes_toserver":120,"bytes_toclient":60,"start":"x","age":0,"state":"new","reason":"timeout","alerted":false},"community_id":"1:abc=","tcp":{"tcp_flags":"02","syn":true}}"#,
        );
        assert_eq!(event.time(), Timestamp::parse("2026-11-22T14:02:11.123456Z").unwrap());
        assert_eq!(event.address(field::SOURCE_IP), "203.0.113.50".parse().ok());
        assert_eq!(event.address(field::DESTINATION_IP), "2001:db8::1".parse().ok());
        for (field, number) in [
            (field::SOURCE_PORT, 4711),
            (field::DESTINATION_PORT, 22),
            (field::SOURCE_PACKETS, 2),
            (field::DESTINATION_PACKETS, 1),
            (field::SOURCE_BYTES, 120),
            (field::DESTINATION_BYTES, 60),
        ] {
            assert_eq!(event.integer(field), Some(number));
        }
        for (field, text) in [
            (field::EVENT_CATEGORY, "network"),
            (field::EVENT_ACTION, "network_flow"),
            (field::EVENT_REASON, "timeout"),
            (field::EVENT_CODE, "new"),
            (field::NETWORK_TRANSPORT, "tcp"),
            (field::NETWORK_PROTOCOL, "ssh"),
            (field::NETWORK_COMMUNITY_ID, "1:abc="),
            (field::OBSERVER_INGRESS_INTERFACE_NAME, "eth0"),
        ] {
            assert_eq!(event.text(field), Some(text));
        }
    }

    #[test]
    fn reads_alerts_requests_names_and_handshakes() {
        let alert = parsed(
            br#"{"timestamp":"2026-11-22T14:02:11+0000","event_type":"alert","alert":{"action":"blocked","gid":1,"signature_id":2010935,"rev":3,"signature":"ET SCAN \"x\"","category":"Bad","severity":2},"http":{"hostname":"x.org","url":"/a%2520b?c=%41+d","http_method":"GET","http_user_agent":"u","protocol":"HTTP/1.1","status":404,"length":5}}"#,
        );
        for (field, text) in [
            (field::EVENT_CATEGORY, "intrusion_detection"),
            (field::EVENT_ACTION, "ids_alert"),
            (field::EVENT_TYPE, "denied"),
            (field::RULE_ID, "2010935"),
            (field::RULE_NAME, "ET SCAN \"x\""),
            (field::RULE_CATEGORY, "Bad"),
            (field::URL_DOMAIN, "x.org"),
            (field::URL_ORIGINAL, "/a%2520b?c=%41+d"),
            (field::URL_PATH, "/a%20b"),
            (field::URL_QUERY, "c=A d"),
            (field::HTTP_VERSION, "1.1"),
            (field::USER_AGENT_ORIGINAL, "u"),
        ] {
            assert_eq!(alert.text(field), Some(text));
        }
        assert_eq!(alert.integer(field::EVENT_SEVERITY), Some(2));
        let dns = parsed(
            br#"{"timestamp":"2026-11-22T14:02:11+0000","event_type":"dns","dns":{"version":3,"type":"request","queries":[{"rrname":"x.org","rrtype":"A"}]}}"#,
        );
        assert_eq!(dns.text(field::DNS_QUESTION_NAME), Some("x.org"));
        assert_eq!(dns.text(field::EVENT_ACTION), Some("dns_query"));
        let tls = parsed(
            br#"{"timestamp":"2026-11-22T14:02:11+0000","event_type":"tls","tls":{"sni":"x.org","version":"TLS 1.3","ja3":{"hash":"abc","string":"7"}}}"#,
        );
        assert_eq!(tls.text(field::TLS_CLIENT_SERVER_NAME), Some("x.org"));
        assert_eq!(tls.text(field::TLS_CLIENT_JA3), Some("abc"));
        let other =
            parsed(br#"{"timestamp":"2026-11-22T14:02:11+0000","event_type":"stats","stats":{"a":[1,{}]}}"#);
        assert_eq!(other.text(field::EVENT_ACTION), Some("stats"));
    }

    #[test]
    fn the_last_of_two_keys_counts() {
        let event = parsed(
            br#"{"timestamp":"2020-01-01T00:00:00Z","src_ip":"192.0.2.10","src_ip":"198.51.100.7","timestamp":"2026-11-22T14:02:11Z","flow":{"state":"new"},"flow":{"reason":"x"}}"#,
        );
        assert_eq!(event.address(field::SOURCE_IP), "198.51.100.7".parse().ok());
        assert_eq!(event.time(), Timestamp::parse("2026-11-22T14:02:11Z").unwrap());
        assert_eq!(
            (event.text(field::EVENT_CODE), event.text(field::EVENT_REASON)),
            (Some("new"), Some("x"))
        );
    }

    #[test]
    fn steps_over_what_does_not_fit() {
        let event = parsed(
            br#"{"timestamp":"2026-11-22T14:02:11Z","src_ip":7,"src_port":"4711","dest_port":[1],"flow":"x","alert":null,"http":[{"url":"/a"}],"proto":true,"dest_ip":"host","app_proto":1.5}"#,
        );
        assert_eq!(event.integer(field::SOURCE_PORT), Some(4711));
        assert_eq!(event.text(field::URL_PATH), Some("/a"));
        assert_eq!(event.text(field::DESTINATION_ADDRESS), Some("host"));
        assert_eq!(event.get(field::SOURCE_IP), None);
    }

    #[test]
    fn reads_what_is_no_utf8() {
        let event = parsed(b"{\"timestamp\":\"2026-11-22T14:02:11Z\",\"x\":\"\xff\",\"app_proto\":\"a\xff\",\"host\":\"\\ud800\"}");
        assert_eq!(event.text(field::NETWORK_PROTOCOL), Some("a\u{fffd}"));
        let event = parsed(b"{\"timestamp\":\"2026-11-22T14:02:11Z\",\"src_port\":22,\"x\":\"\xff\",\"app_proto\":\"\\\\ud800\\ud800\"}");
        assert_eq!(event.integer(field::SOURCE_PORT), Some(22));
        assert_eq!(event.text(field::NETWORK_PROTOCOL), Some("\\ud800\u{fffd}"));
    }

    fn refused(line: &str) -> UnreadReason {
        let mut event = Event::new(Timestamp::EPOCH);
        read(line.as_bytes(), &Options::new(Timestamp::EPOCH), &mut event).unwrap_err()
    }

    #[test]
    fn says_what_is_wrong() {
        for (line, reason) in [
            ("", UnreadReason::NotEve),
            ("[]", UnreadReason::NotEve),
            ("{", UnreadReason::NotEve),
            (r#"{"timestamp":"2026-11-22T14:02:11Z"} x"#, UnreadReason::NotEve),
            ("{}", UnreadReason::Time),
            (r#"{"timestamp":"yesterday"}"#, UnreadReason::Time),
            (r#"{"timestamp":7}"#, UnreadReason::Time),
            (r#"{"timestamp":"2026-11-22T14:02:11Zx"}"#, UnreadReason::Time),
        ] {
            assert_eq!(refused(line), reason, "{line}");
        }
        let deep = format!("{{\"timestamp\":\"2026-11-22T14:02:11Z\",\"dns\":{}", "[".repeat(60_000));
        assert_eq!(refused(&deep), UnreadReason::NotEve);
    }
}
