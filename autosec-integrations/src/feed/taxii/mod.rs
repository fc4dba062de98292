//! TAXII 2.1: collections of STIX on a server, page by page.
//!
//! The protocol is a state machine without input or output: [`CollectionSync`] gives requests and takes answers, sent by
//! whatever the host has. With a [transport](crate::transport), [`next_page`] and [`discover`] drive it:
//!
//! ```
//! use autosec_core::time::Clock;
//! use autosec_integrations::feed::stix::{BundleReader, Report, StixLimits, StixSink};
//! use autosec_integrations::feed::taxii::{Cursor, TaxiiLogin, TaxiiServer, next_page};
//! use autosec_integrations::secret::SecretSource;
//! use autosec_integrations::transport::HttpClient;
//!
//! # async fn example(
//! #     http: &dyn HttpClient, clock: &dyn Clock, secrets: &dyn SecretSource, sink: &mut dyn StixSink, kept: Cursor,
//! # ) -> Result<(Report, Cursor), Box<dyn std::error::Error>> {
//! let login = TaxiiLogin::Bearer { token: "partner-taxii".to_owned() };
//! let server = TaxiiServer::new("https://taxii.example/taxii2/")?
//!     .with_authorization(login.authorization(secrets).await?);
//! let mut sync = server.collection("/api1/", "91a7b528-80eb-42ed-a74d-c6fbd5a26116", kept)?;
//! let reader = BundleReader::new("partner", StixLimits::default());
//! let mut pages = reader.pages(sink);
//! while let Some(page) = next_page(http, clock, &mut sync).await? {
//!     pages.read(&page.body[..])?;
//! }
//! let report = pages.finish();
//! // Once the indicators are in force, the cursor is written down.
//! Ok((report, sync.cursor()))
//! # }
//! ```
//!
//! What is promised:
//! - Every object that was added is read at least once; after an expired page or a lost answer some come twice, which the
//!   reader of bundles settles by `modified`.
//! - A server that is busy (429, 503) is left alone as long as it asks, at most a day; one that stays busy is an error.
//! - Paging that does not get further ends with an error. The same name for every next page is none: some servers do so.
//! - Credentials go to one server only ([`TaxiiServer::allowing`] adds others), are marked as sensitive, and stand in no
//!   `Debug` and no error. Redirects are not followed.

mod answer;
mod client;
mod cursor;
mod discovery;
mod error;
mod limits;
mod login;
mod retry;
mod server;
mod sync;

pub use client::{discover, next_page};
pub use cursor::Cursor;
pub use discovery::{ApiRoot, Catalog, Collection, Discovery};
pub use error::TaxiiError;
pub use limits::TaxiiLimits;
pub use login::{Authorization, TaxiiLogin};
pub use retry::RetryAfter;
pub use server::TaxiiServer;
pub use sync::{CollectionSync, Page, Step};
