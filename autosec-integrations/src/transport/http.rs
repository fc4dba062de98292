use std::fmt::Debug;
use std::io;

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
}
