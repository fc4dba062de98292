use std::io;

use super::RetryAfter;

/// What went wrong with a server. No text of it has a secret or a query in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaxiiError {
    /// An address that cannot be asked.
    #[error("`{url}` cannot be asked: {why}")]
    Address {
        /// The address.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The server names an address on another one, which is not to get our credentials.
    #[error("`{url}` is on another server than the one that named it: allow that one if it is to be asked")]
    Foreign {
        /// The address.
        url: String,
    },
    /// A login that cannot be made.
    #[error("cannot log in: {0}")]
    Login(String),
    /// A secret that cannot be had.
    #[error("cannot log in: {0}")]
    Secret(io::Error),
    /// It wants to know who asks, or does not believe it (401).
    #[error("`{url}` refuses the credentials, or wants some: it offers `{offers}`")]
    Unauthorized {
        /// What was asked.
        url: String,
        /// How it wants to be told who asks, by its own word.
        offers: String,
    },
    /// Who asks has no right to it (403).
    #[error("`{url}` is not for this user")]
    Forbidden {
        /// What was asked.
        url: String,
    },
    /// There is no such thing (404).
    #[error("`{url}` does not exist, or is not for this user")]
    NotFound {
        /// What was asked.
        url: String,
    },
    /// It does not speak TAXII 2.1 (406, 415).
    #[error("`{url}` does not speak TAXII 2.1 (status {status})")]
    Version {
        /// What was asked.
        url: String,
        /// 406 or 415, as the server says.
        status: u16,
    },
    /// Any other refusal.
    #[error("`{url}` refuses the request (status {status}): {why}")]
    Refused {
        /// What was asked.
        url: String,
        /// The status, 300 to 499.
        status: u16,
        /// The server's words, or where it sends us.
        why: String,
    },
    /// The server failed (5xx).
    #[error("`{url}` failed (status {status}): {why}")]
    Failed {
        /// What was asked.
        url: String,
        /// The status.
        status: u16,
        /// The server's words.
        why: String,
    },
    /// It answered with something else.
    #[error("the answer of `{url}` is no TAXII: {why}")]
    Strange {
        /// What was asked.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// It answered with more than the limit.
    #[error("the answer of `{url}` has more than {limit} bytes, which is the limit")]
    Large {
        /// What was asked.
        url: String,
        /// [`TaxiiLimits::answer_bytes`](super::TaxiiLimits::answer_bytes).
        limit: usize,
    },
    /// Paging does not get further.
    #[error("paging through `{url}` does not get further: {why}")]
    Stuck {
        /// What was asked.
        url: String,
        /// Why not.
        why: &'static str,
    },
    /// There are more pages than the limit; the cursor tells where to go on.
    #[error("`{url}` has more than {limit} pages, which is the limit")]
    TooMany {
        /// What was asked.
        url: String,
        /// [`TaxiiLimits::pages`](super::TaxiiLimits::pages).
        limit: u64,
    },
    /// It is busy again and again.
    #[error("`{url}` is busy again and again: leave it alone for a while")]
    Busy {
        /// What was asked.
        url: String,
        /// How long it wants to be left alone.
        after: RetryAfter,
    },
    /// There was no answer.
    #[error("cannot ask `{url}`: {error}")]
    Transport {
        /// What was asked.
        url: String,
        /// Why not.
        #[source]
        error: io::Error,
    },
}
