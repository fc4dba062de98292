//! Any bytes as a log: nothing panics, and every line is accounted for. The first byte picks the format.
#![no_main]

use autosec_core::time::Timestamp;
use autosec_integrations::log::{Format, LogReader, Options};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((first, log)) = input.split_first() else { return };
    let format = match first % 4 {
        0 => Format::Auto,
        1 => Format::Access,
        2 => Format::Eve,
        _ => Format::Syslog,
    };
    let mut options = Options::new(Timestamp::from_secs(1_795_000_000));
    options.max_line = 4096;
    let mut reader = LogReader::new(log, format, options);
    while let Some(line) = reader.read().expect("memory does not fail") {
        std::hint::black_box(&line);
    }
    let summary = reader.summary();
    assert_eq!(summary.lines, summary.read + summary.blank + summary.total_unread());
    assert!(summary.events >= summary.read);
});
