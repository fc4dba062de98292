//! TAXII: the client against a real server, and against one that misbehaves.

mod busy;
pub mod medallion;
mod real;

use autosec_core::intel::{Indicator, Sighting};
use autosec_core::time::SystemClock;
use autosec_integrations::feed::stix::{BundleReader, PatternIndicator, Report, StixLimits, StixSink};
use autosec_integrations::feed::taxii::{CollectionSync, TaxiiError, next_page};
use autosec_integrations::transport::{HttpClient, HttpsClient, HttpsConfig};
use serde_json::{Value, json};

/// What came.
#[derive(Default)]
pub struct Found(pub Vec<Indicator>);

impl StixSink for Found {
    fn indicator(&mut self, indicator: Indicator) {
        self.0.push(indicator);
    }

    fn pattern(&mut self, _: PatternIndicator) {}

    fn sighting(&mut self, _: Sighting) {}
}

impl Found {
    /// The ids, in order.
    pub fn ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self.0.iter().map(|one| &*one.id).collect();
        ids.sort_unstable();
        ids
    }
}

pub fn client() -> HttpsClient {
    HttpsClient::new(HttpsConfig::default()).unwrap()
}

/// Reads on to the end.
pub async fn run(http: &dyn HttpClient, sync: &mut CollectionSync) -> Result<(Found, Report), TaxiiError> {
    let reader = BundleReader::new("partner", StixLimits::default());
    let mut found = Found::default();
    let mut pages = reader.pages(&mut found);
    while let Some(page) = next_page(http, &SystemClock, sync).await? {
        pages.read(&page.body[..]).unwrap();
    }
    let report = pages.finish();
    Ok((found, report))
}

/// An id of this type; numbers sort as they are.
pub fn id(kind: &str, number: u32) -> String {
    format!("{kind}--00000000-0000-4000-8000-{number:012}")
}

pub fn indicator(number: u32) -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1", "id": id("indicator", number), "pattern_type": "stix",
        "created": "2026-11-01T00:00:00.000Z", "modified": "2026-11-02T00:00:00.000Z",
        "pattern": format!("[ipv4-addr:value = '198.51.100.{number}']"), "valid_from": "2026-11-01T00:00:00Z",
    })
}
