//! Any bytes are read as a bundle, or refused with a place; cut anywhere, what was read before stays.
#![no_main]

use autosec_core::intel::{Indicator, Sighting};
use autosec_integrations::feed::stix::{BundleReader, PatternIndicator, Report, StixLimits, StixSink};
use libfuzzer_sys::fuzz_target;

#[derive(Default)]
struct Counter {
    indicators: u64,
    patterns: u64,
    sightings: u64,
}

impl StixSink for Counter {
    fn indicator(&mut self, indicator: Indicator) {
        assert!(!indicator.values.is_empty());
        self.indicators += 1;
    }

    fn pattern(&mut self, _: PatternIndicator) {
        self.patterns += 1;
    }

    fn sighting(&mut self, _: Sighting) {
        self.sightings += 1;
    }
}

fn read(bytes: &[u8], limits: StixLimits) -> (Counter, Report) {
    let mut counter = Counter::default();
    let report = match BundleReader::new("fuzz", limits).read(bytes, &mut counter) {
        Ok(report) => report,
        Err(error) => {
            assert!(error.at <= bytes.len() as u64 && error.line > 0);
            *error.report
        }
    };
    assert_eq!(
        (report.plain, report.patterns, report.sightings),
        (counter.indicators, counter.patterns, counter.sightings)
    );
    (counter, report)
}

fuzz_target!(|bytes: &[u8]| {
    let (whole, _) = read(bytes, StixLimits::default());
    let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
    let (cut, report) = read(half, StixLimits::default());
    assert!(cut.indicators <= whole.indicators + report.outdated);
    let small = StixLimits { object_bytes: 64, objects: 4, held: 1, context: 1, rejects: 1 };
    let (_, report) = read(bytes, small);
    assert!(report.rejects.len() <= 1 && report.objects <= 5);
});
