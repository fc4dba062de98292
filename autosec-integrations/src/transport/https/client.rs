use std::error::Error;
use std::fmt;
use std::io::{self, Cursor};
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connector::{self, Connector};
use super::trust::{self, Trust};
use crate::transport::{AnswerTooLarge, HttpClient, Route, shown};

/// How long a connection is kept for the next request.
const KEPT: Duration = Duration::from_secs(30);

type Sender = Client<Connector, Full<Cursor<Vec<u8>>>>;

/// How [`HttpsClient`] is set up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HttpsConfig {
    /// Which servers are believed; default [`Trust::System`].
    pub trust: Trust,
    /// The most time that connecting may take, TLS included; default 10 s. What comes after it is for the caller to limit.
    pub connect_within: Duration,
    /// The largest answer that is taken, in bytes, without its headers; default 16 MiB.
    pub largest_answer: usize,
    /// Whether `http://` is allowed to other hosts than this one: whoever is on the way reads all, secrets too. Default
    /// false.
    pub allow_plain: bool,
}

impl Default for HttpsConfig {
    fn default() -> Self {
        Self {
            trust: Trust::System,
            connect_within: Duration::from_secs(10),
            largest_answer: 16 << 20,
            allow_plain: false,
        }
    }
}

/// An HTTP client for `https://`, and `http://` to this machine; clones share its connections.
///
/// It needs a tokio runtime with time and input/output.
///
/// ```
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use autosec_integrations::transport::{HttpsClient, HttpsConfig, Trust};
///
/// let certificate = ["4E"; 32].join(":").parse()?;
/// let config = HttpsConfig { trust: Trust::Pinned(vec![certificate]), ..HttpsConfig::default() };
/// let client = HttpsClient::new(config)?;
/// # Ok(())
/// # }
/// # example().unwrap();
/// ```
#[derive(Clone)]
pub struct HttpsClient {
    client: Sender,
    /// For requests to addresses that the caller chose. Its connections are its own, and kept by name and address.
    direct: Sender,
    config: HttpsConfig,
}

impl HttpsClient {
    /// A client; nothing is connected yet.
    ///
    /// # Errors
    /// The certificates to trust cannot be read ([`InvalidInput`](io::ErrorKind::InvalidInput)), or there are none
    /// ([`NotFound`](io::ErrorKind::NotFound)).
    pub fn new(config: HttpsConfig) -> io::Result<Self> {
        let tls = trust::tls(&config.trust)?;
        let client = sender(Connector::new(tls.clone(), config.connect_within));
        let direct = sender(Connector::direct(tls, config.connect_within));
        Ok(Self { client, direct, config })
    }

    /// Whether a request to this URL may be sent; `is_here` is whether it goes to this machine.
    fn admit(&self, url: &Uri, is_here: bool) -> io::Result<()> {
        let unfit = |why| Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{}` {why}", shown(url))));
        match (url.scheme_str(), url.host()) {
            (Some("https"), Some(_)) => Ok(()),
            (Some("http"), Some(_)) if self.config.allow_plain || is_here => Ok(()),
            (Some("http"), Some(_)) => unfit("would send secrets in the clear; use `https`, or allow it"),
            _ => unfit("is no complete URL of `https`"),
        }
    }

    async fn exchange(
        &self,
        sender: &Sender,
        request: Request<Vec<u8>>,
        largest: usize,
    ) -> io::Result<Response<Vec<u8>>> {
        let url = shown(request.uri());
        let answer = sender
            .request(request.map(|body| Full::new(Cursor::new(body))))
            .await
            .map_err(|error| failure(&url, &error))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, largest).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                let too_large = AnswerTooLarge { url: url.clone(), largest };
                return io::Error::new(io::ErrorKind::InvalidData, too_large);
            }
            failure(&url, &*error)
        })?;
        Ok(Response::from_parts(head, body.to_bytes().into()))
    }
}

fn sender(connector: Connector) -> Sender {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(KEPT)
        .build(connector)
}

impl fmt::Debug for HttpsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsClient").field("config", &self.config).finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpClient for HttpsClient {
    async fn send(&self, request: Request<Vec<u8>>) -> io::Result<Response<Vec<u8>>> {
        let is_here = request.uri().host().is_some_and(is_this_machine);
        self.admit(request.uri(), is_here)?;
        self.exchange(&self.client, request, self.config.largest_answer).await
    }

    async fn send_to(&self, mut request: Request<Vec<u8>>, route: Route) -> io::Result<Response<Vec<u8>>> {
        self.admit(request.uri(), route.address.is_loopback())?;
        *request.uri_mut() = connector::addressed(request.uri(), route.address)?;
        let largest = route.largest_answer.min(self.config.largest_answer);
        self.exchange(&self.direct, request, largest).await
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or(host == "localhost", |address| address.is_loopback())
}

/// An error with all that led to it, of the kind that its cause has.
fn failure(url: &str, error: &(dyn Error + 'static)) -> io::Error {
    let mut kind = io::ErrorKind::Other;
    let mut text = format!("`{url}`");
    let mut cause = Some(error);
    while let Some(error) = cause {
        let said = error.to_string();
        // A wrapper that shows what it wraps would say it twice.
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        kind = error.downcast_ref().map_or(kind, innermost);
        cause = error.source();
    }
    io::Error::new(kind, text)
}

/// The kind of an error that others of its sort may wrap, which the chain of causes leaves out.
fn innermost(error: &io::Error) -> io::ErrorKind {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    inner.map_or(error.kind(), innermost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_no_secret_of_a_url() {
        let url: Uri = "https://admin:pass@fw.example:8443/api/?key=SECRET".parse().unwrap();
        assert_eq!(shown(&url), "https://fw.example:8443/api/");
    }

    #[test]
    fn speaks_in_the_clear_to_this_machine_alone() {
        let client = |allow_plain| {
            let trust = Trust::Pinned(Vec::new());
            HttpsClient::new(HttpsConfig { trust, allow_plain, ..HttpsConfig::default() }).unwrap()
        };
        for (url, strict, lax) in [
            ("https://fw.example/", true, true),
            ("http://fw.example/", false, true),
            ("http://127.0.0.1:80/", true, true),
            ("http://[::1]/", true, true),
            ("http://localhost/", true, true),
            ("http://localhost.example/", false, true),
            ("ftp://localhost/", false, false),
            ("/api", false, false),
        ] {
            let url: Uri = url.parse().unwrap();
            let is_here = url.host().is_some_and(is_this_machine);
            assert_eq!(
                (client(false).admit(&url, is_here).is_ok(), client(true).admit(&url, is_here).is_ok()),
                (strict, lax),
                "{url}"
            );
        }
    }
}
