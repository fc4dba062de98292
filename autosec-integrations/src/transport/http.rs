use std::fmt::Debug;
use std::io;
use std::net::IpAddr;

use async_trait::async_trait;
use http::{Request, Response};

/// Sends HTTP requests.
///
/// A request is complete: an absolute URL, every header, the whole body. Whoever builds one marks the headers that hold a
/// secret ([`HeaderValue::set_sensitive`](http::HeaderValue::set_sensitive)), puts none into its URL, and shows no body in a
/// log.
///
/// A client follows no redirects: what a device answers is for its integration to judge.
#[async_trait]
pub trait HttpClient: Debug + Send + Sync {
    /// Sends a request and reads the whole answer, whatever its status says.
    ///
    /// # Errors
    /// The server could not be reached or not be trusted, the exchange broke off, or the answer is larger than the client
    /// takes. The text names no secret.
    async fn send(&self, request: Request<Vec<u8>>) -> io::Result<Response<Vec<u8>>>;

    /// Sends a request to this address, whatever the name in its URL resolves to; the name stays the one that the server is
    /// asked for and has to have a certificate for. So an address that was checked is the one that is spoken to.
    ///
    /// # Errors
    /// As for [`send`](Self::send), where an answer that is too large is an [`AnswerTooLarge`] inside. A client that does
    /// not choose addresses itself, because it goes through a proxy, say, is [`Unsupported`](io::ErrorKind::Unsupported).
    async fn send_to(&self, request: Request<Vec<u8>>, route: Route) -> io::Result<Response<Vec<u8>>> {
        let (_, _) = (request, route);
        let why = "this HTTP client cannot send to an address that was checked";
        Err(io::Error::new(io::ErrorKind::Unsupported, why))
    }
}

/// Where a request is sent, and how much of an answer is taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Route {
    /// The address to connect to. The port is that of the URL.
    pub address: IpAddr,
    /// The largest answer, in bytes, without its headers; a client may take less.
    pub largest_answer: usize,
}

/// An answer was larger than it may be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{url}` answered more than {largest} bytes")]
pub struct AnswerTooLarge {
    /// The URL, without what stands before `@` and behind `?`.
    pub url: String,
    /// The most that is taken, in bytes.
    pub largest: usize,
}
