//! Any bytes are read as a list of any preset or shape, or refused; every record is counted once, and what is handed on is
//! bounded. The first byte chooses the settings.
#![no_main]

use autosec_core::time::Timestamp;
use autosec_integrations::feed::freetext;
use autosec_integrations::feed::list::{ListLimits, ListReader, ListSettings, presets};
use libfuzzer_sys::fuzz_target;

/// Shapes that no preset has.
const SHAPES: [&str; 3] = [
    r#"{"name":"prose","format":{"type":"freetext"}}"#,
    r#"{"name":"guess"}"#,
    r#"{"name":"columns","format":{"type":"csv","delimiter":";","header":true},"value":["v",1],"id":"i",
        "confidence":{"from":"c","out_of":100},"first_seen":"f","last_seen":"l","valid_until":"u","tags_from":["t",2]}"#,
];

fn settings(choice: u8) -> Option<ListSettings> {
    let mut all = presets();
    all.extend(SHAPES.iter().filter_map(|shape| serde_json::from_str(shape).ok()));
    let choice = usize::from(choice) % all.len();
    all.into_iter().nth(choice)
}

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let Some(settings) = settings(*choice) else { return };
    let now = Timestamp::from_secs(1_795_000_000);
    let mut limits = ListLimits::default();
    (limits.line, limits.record, limits.records, limits.rejects) = (256, 512, 64, 2);
    let mut handed_on = 0;
    let read = ListReader::new(settings).with_limits(limits).read(bytes, now, &mut |indicator| {
        handed_on += 1;
        assert!(!indicator.values.is_empty() && indicator.tags.len() <= 64);
        assert!(indicator.valid_from.is_none_or(|from| from <= now));
        assert!((0.0..=1.0).contains(&indicator.confidence.value()));
    });
    if let Ok(report) = read {
        assert_eq!(report.indicators, handed_on);
        assert_eq!(report.records, report.indicators + report.skipped + report.rejected);
        assert!(report.rejects.len() <= 2 && report.records <= 64);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(freetext::values(text).count() <= text.len() / 4 + 1);
    }
});
