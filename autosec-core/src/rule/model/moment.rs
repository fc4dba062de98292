//! Points in time as people write them in rules: `2027-01-01T08:00:00Z`, or `2027-01-01` for its beginning in UTC.

use serde::{Deserialize, Deserializer, Serializer, de};

use crate::time::Timestamp;

#[expect(clippy::ref_option, reason = "serde's `with` hands the field as it is")]
pub(super) fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(time),
        None => serializer.serialize_none(),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    text.map(|text| parse(&text)).transpose().map_err(de::Error::custom)
}

fn parse(text: &str) -> Result<Timestamp, String> {
    let whole = if is_date(text) { format!("{text}T00:00:00Z") } else { text.to_owned() };
    Timestamp::parse(&whole).map_err(|_| {
        let short: String = text.chars().take(64).collect();
        format!("`{short}` is not a time: write `2027-01-01`, or `2027-01-01T08:00:00Z`")
    })
}

/// Whether it has the form of a date; what comes of it says whether it is one.
fn is_date(text: &str) -> bool {
    text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dates_and_times() {
        let read = |text| parse(text).map(|time| time.to_string());
        assert_eq!(read("2027-01-01"), Ok("2027-01-01T00:00:00Z".into()));
        assert_eq!(read("2027-01-01T08:00:00+01:00"), Ok("2027-01-01T07:00:00Z".into()));
        for text in ["", "2027", "2027-13-01", "2027-02-30", "tomorrow", "0000000000"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
