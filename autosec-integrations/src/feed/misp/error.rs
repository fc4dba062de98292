use std::io;

/// Why a document of MISP was not read. Nothing of it was handed on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MispError {
    /// The input could not be read.
    #[error("cannot read the document")]
    Io(#[from] io::Error),
    /// It is larger than the limits allow.
    #[error("the document has more than {0} bytes, which is the limit")]
    Large(u64),
    /// It has more parts than the limits allow.
    #[error("the document has about {found} parts, and the limit is {limit}")]
    TooMany {
        /// How many: the opening braces in it.
        found: u64,
        /// [`MispLimits::parts`](super::MispLimits::parts).
        limit: u64,
    },
    /// A page for people came, as when a login is missing.
    #[error("the answer is a web page and no document: see whether the address and the key are right")]
    WebPage,
    /// It is written in 16-bit letters.
    #[error("the document is in UTF-16: have it converted to UTF-8")]
    Utf16,
    /// It is no JSON, cut short, or nested too deep.
    #[error("the document is no whole JSON: {0}")]
    Json(String),
    /// It is something else.
    #[error("the document has no {0}")]
    Other(&'static str),
    /// A line of a list of digests is none.
    #[error("line {line} is no digest and event, but `{found}`")]
    Line {
        /// Which, from 1.
        line: u64,
        /// Some of it.
        found: String,
    },
}
