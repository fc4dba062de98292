//! Everything that a TAXII server lets us read.

use autosec_core::intel::{Indicator, Sighting};
use autosec_core::time::SystemClock;
use autosec_integrations::feed::stix::{BundleReader, PatternIndicator, Report, StixLimits, StixSink};
use autosec_integrations::feed::taxii::{Cursor, TaxiiLogin, TaxiiServer, discover, next_page};
use autosec_integrations::secret::EnvironmentSecrets;
use autosec_integrations::transport::{HttpsClient, HttpsConfig};

use super::options::Taxii;
use crate::layout::clipped;

/// The most collections that are read.
const MOST_COLLECTIONS: usize = 32;

/// A collection with what was in it.
pub struct Fetched {
    pub source: String,
    pub found: Found,
    pub report: Report,
}

/// What came of a collection; a bundle's limits bound it.
#[derive(Default)]
pub struct Found {
    pub indicators: Vec<Indicator>,
    pub sightings: Vec<Sighting>,
}

impl StixSink for Found {
    fn indicator(&mut self, indicator: Indicator) {
        self.indicators.push(indicator);
    }

    fn pattern(&mut self, _: PatternIndicator) {}

    fn sighting(&mut self, sighting: Sighting) {
        self.sightings.push(sighting);
    }
}

/// Reads all collections. A host keeps the cursor of each and asks for what is new; this one asks once.
pub async fn fetch(wanted: &Taxii) -> Result<Vec<Fetched>, Box<dyn std::error::Error>> {
    let mut server = TaxiiServer::new(&wanted.url)?;
    if let Some(user) = &wanted.user {
        let login = TaxiiLogin::Basic { user: user.clone(), password: "taxii-password".to_owned() };
        server = server.with_authorization(login.authorization(&EnvironmentSecrets::new("AUTOSEC_")).await?);
    }
    let (http, clock) = (HttpsClient::new(HttpsConfig::default())?, SystemClock);
    let catalog = discover(&http, &clock, server.discovery()).await?;
    let roots = catalog.roots.iter();
    let readable = roots.flat_map(|root| root.collections.iter().map(move |collection| (root, collection)));
    let mut fetched = Vec::new();
    for (root, collection) in readable.filter(|(_, one)| one.can_read).take(MOST_COLLECTIONS) {
        let source = clipped(&format!("taxii {}", collection.title.as_deref().unwrap_or(&collection.id)), 64);
        let mut sync = server.collection(&root.url, &collection.id, Cursor::default())?;
        let (reader, mut found) = (BundleReader::new(&*source, StixLimits::default()), Found::default());
        let mut pages = reader.pages(&mut found);
        while let Some(page) = next_page(&http, &clock, &mut sync).await? {
            pages.read(&page.body[..])?;
        }
        let report = pages.finish();
        fetched.push(Fetched { source, found, report });
    }
    Ok(fetched)
}
