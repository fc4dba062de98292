//! Any bytes are read as an event, a manifest or digests of MISP, or refused; every attribute is counted once.
#![no_main]

use autosec_core::intel::{Indicator, Sighting};
use autosec_integrations::feed::misp::{FeedHashes, FeedState, Manifest, MispReader, MispSettings, MispSink};
use libfuzzer_sys::fuzz_target;

#[derive(Default)]
struct Counter {
    indicators: u64,
    deleted: u64,
    sightings: u64,
}

impl MispSink for Counter {
    fn indicator(&mut self, indicator: Indicator) {
        assert!(!indicator.values.is_empty() && indicator.id.len() <= Indicator::LONGEST_ID);
        self.indicators += 1;
        self.deleted += u64::from(indicator.revoked);
    }

    fn sighting(&mut self, _: Sighting) {
        self.sightings += 1;
    }
}

fuzz_target!(|bytes: &[u8]| {
    for context_too in [false, true] {
        let mut settings = MispSettings::new("fuzz");
        settings.context_too = context_too;
        let mut counter = Counter::default();
        let Ok(report) = MispReader::new(settings).read(bytes, &mut counter) else {
            assert_eq!(counter.indicators, 0);
            continue;
        };
        let unread: u64 = report.unread.values().sum();
        assert_eq!(report.attributes, report.indicators + report.context + unread + report.rejected);
        let counted = (counter.indicators, counter.deleted, counter.sightings);
        assert_eq!(counted, (report.indicators, report.deleted, report.sightings));
    }
    if let Ok(manifest) = Manifest::read(bytes) {
        let mut state = FeedState::default();
        let due: Vec<&str> = state.due(&manifest).map(|(uuid, _)| uuid).collect();
        due.iter().for_each(|uuid| state.taken(uuid, &manifest));
        assert_eq!(state.due(&manifest).count(), 0);
    }
    if let Ok(hashes) = FeedHashes::read(bytes) {
        assert!(hashes.is_empty() || hashes.len() <= bytes.len() / 32);
    }
});
