//! The field list of ECS and recorded Windows events.

use autosec_core::event::{FieldId, JsonReader, Kind, Schema};

use super::reference::agree;

#[test]
fn every_built_in_field_is_an_ecs_field_of_its_type() {
    let Ok(csv) = std::fs::read_to_string("../shared/corpora/ecs/fields.csv") else {
        eprintln!(
            "skipped: every_built_in_field_is_an_ecs_field_of_its_type, the ECS field list is not there"
        );
        return;
    };
    let rows = csv_rows(&csv);
    assert!(rows.len() > 2000 && rows.iter().all(|row| row.len() == 9));
    // What ECS has no plain field for; the module `field` says why.
    let own = [
        "source.anonymizer",
        "source.geo.accuracy_radius",
        "source.geo.location.lat",
        "source.geo.location.lon",
    ];
    for (_, name, kind) in Schema::ecs().fields().filter(|(_, name, _)| !own.contains(name)) {
        let row =
            rows.iter().find(|row| row[3] == name).unwrap_or_else(|| panic!("`{name}` is no ECS field"));
        let compatible: &[&str] = match kind {
            Kind::Address => &["ip"],
            Kind::Boolean => &["boolean"],
            Kind::Float => &["float", "double", "scaled_float"],
            Kind::Integer => &["long", "integer"],
            _ => &["keyword", "constant_keyword", "match_only_text", "wildcard"],
        };
        assert!(compatible.contains(&row[4].as_str()), "`{name}` is {kind} here and `{}` there", row[4]);
    }
}

/// RFC 4180: quotes hold commas and line breaks, two quotes in them stand for one.
fn csv_rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => cell.extend(characters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            other => cell.push(other),
        }
    }
    rows
}

#[test]
fn real_windows_events_read_as_serde_json_reads_them() {
    let Ok(lines) = std::fs::read_to_string("../shared/corpora/events/windows-otrf-2000.jsonl") else {
        eprintln!("skipped: real_windows_events_read_as_serde_json_reads_them, the events are not there");
        return;
    };
    let mut schema = Schema::ecs();
    let names = ["Keywords", "EventID", "ProcessId", "Message", "tags", "host", "@timestamp", "UserID"];
    let kinds = [
        Kind::Integer,
        Kind::Integer,
        Kind::Integer,
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::Text,
    ];
    let fields: Vec<FieldId> =
        names.iter().zip(kinds).map(|(name, kind)| schema.add(name, kind).unwrap()).collect();
    let reader = JsonReader::new(&schema, &fields.iter().copied().collect());
    let mut timed = 0;
    for line in lines.lines() {
        agree(&reader, &schema, &fields, line.as_bytes());
        timed += usize::from(reader.read(line.as_bytes()).is_ok());
    }
    assert_eq!((lines.lines().count(), timed), (2000, 1967));
}
