//! The embedded HTTP client, behind the feature `https`.
//!
//! It speaks HTTP/1.1 over TLS 1.2 and 1.3, keeps connections for the next request, follows no redirects and looks at no
//! proxy settings of the environment.

mod client;
mod connector;
mod trust;

pub use client::{HttpsClient, HttpsConfig};
pub use trust::{Fingerprint, FingerprintError, Trust};
