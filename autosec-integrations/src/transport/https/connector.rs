use std::error::Error;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Builder;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service;

type Failure = Box<dyn Error + Send + Sync>;
type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

/// Connects within a time limit, which holds for names, TCP and TLS together.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    inner: HttpsConnector<Tcp>,
    within: Duration,
}

/// Connects to the addresses of names, or to the address that a URL carries before its name.
#[derive(Clone, Debug)]
struct Tcp {
    inner: HttpConnector,
    is_direct: bool,
}

impl Connector {
    pub(super) fn new(tls: ClientConfig, within: Duration) -> Self {
        Self::over(tls, within, false)
    }

    /// One for URLs that are [`addressed`].
    pub(super) fn direct(tls: ClientConfig, within: Duration) -> Self {
        Self::over(tls, within, true)
    }

    fn over(tls: ClientConfig, within: Duration, is_direct: bool) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let inner = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(Tcp { inner: tcp, is_direct });
        Self { inner, within }
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, Failure>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let (connecting, within) = (self.inner.call(to), self.within);
        Box::pin(async move {
            let late = |_| Failure::from(io::Error::from(io::ErrorKind::TimedOut));
            tokio::time::timeout(within, connecting).await.map_err(late)?
        })
    }
}

impl Service<Uri> for Tcp {
    type Response = TokioIo<TcpStream>;
    type Error = <HttpConnector as Service<Uri>>::Error;
    type Future = <HttpConnector as Service<Uri>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        // A URL without an address becomes one without a host, which the connector refuses.
        let to = if self.is_direct { by_address(&to).unwrap_or_default() } else { to };
        self.inner.call(to)
    }
}

/// The URL with an address in the place of a user. Connections are kept by all that stands there, so one to an address is
/// used again for the same name at the same address only; neither request nor certificate ever see it.
pub(super) fn addressed(url: &Uri, address: IpAddr) -> io::Result<Uri> {
    let (scheme, host) = (url.scheme_str().unwrap_or_default(), url.host().unwrap_or_default());
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    // Colons would be read as the one before a port.
    let address = address.to_string().replace(':', "-");
    let built =
        Builder::new().scheme(scheme).authority(format!("{address}@{host}{port}")).path_and_query(path);
    built.build().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}

/// The URL by which an addressed one is connected to.
fn by_address(url: &Uri) -> Option<Uri> {
    let authority = url.authority()?;
    let (address, _) = authority.as_str().rsplit_once('@')?;
    let address: IpAddr = address.replace('-', ":").parse().ok()?;
    let default = if url.scheme_str() == Some("https") { 443 } else { 80 };
    let address = std::net::SocketAddr::new(address, url.port_u16().unwrap_or(default));
    Builder::new().scheme("http").authority(address.to_string()).path_and_query("/").build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_takes_the_place_of_a_user() {
        for (url, address, carried, reached) in [
            (
                "https://fw.example/a?b",
                "192.0.2.1",
                "https://192.0.2.1@fw.example/a?b",
                "http://192.0.2.1:443/",
            ),
            (
                "http://fw.example:81",
                "2001:db8::1",
                "http://2001-db8--1@fw.example:81/",
                "http://[2001:db8::1]:81/",
            ),
            ("https://me:pass@fw.example/", "::1", "https://--1@fw.example/", "http://[::1]:443/"),
            ("https://[2001:db8::2]/", "::1", "https://--1@[2001:db8::2]/", "http://[::1]:443/"),
        ] {
            let addressed = addressed(&url.parse().unwrap(), address.parse().unwrap()).unwrap();
            assert_eq!(addressed.to_string(), carried);
            assert_eq!(by_address(&addressed).unwrap().to_string(), reached);
            assert_eq!(addressed.host(), url.parse::<Uri>().unwrap().host());
        }
        assert_eq!(by_address(&"https://fw.example/".parse().unwrap()), None);
        assert_eq!(by_address(&"https://me@fw.example/".parse().unwrap()), None);
    }
}
