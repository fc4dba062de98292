//! A small web server that misbehaves on demand, in the clear or over TLS, on loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};

/// What a client asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Method, path and version.
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// What a client is answered.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// How long it takes until the first byte.
    pub after: Duration,
    /// How many bytes of the body are sent before the connection is cut; none, and it is cut before the status.
    pub cut: Option<usize>,
}

impl Answer {
    pub fn new(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, body: body.into(), ..Self::default() }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Said\r\nContent-Length: {}\r\n", self.status, self.body.len());
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let mut bytes = format!("{head}\r\n").into_bytes();
        bytes.extend(&self.body[..self.cut.unwrap_or(self.body.len()).min(self.body.len())]);
        bytes
    }
}

/// Answers requests; shared by all connections.
pub trait Site: Send + Sync + 'static {
    fn answer(&self, asked: Asked) -> Answer;
}

impl<F: Fn(Asked) -> Answer + Send + Sync + 'static> Site for F {
    fn answer(&self, asked: Asked) -> Answer {
        self(asked)
    }
}

/// A server that ends with the test.
#[derive(Debug)]
pub struct Web {
    pub address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Web {
    pub async fn start(site: Arc<dyn Site>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&accepted);
        let task = tokio::spawn(async move {
            // Its connections end with it.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let (site, tls) = (Arc::clone(&site), tls.clone());
                connections.spawn(async move {
                    match tls {
                        None => serve(stream, site).await,
                        // A client that does not trust us ends here.
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, site).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        Self { address, accepted, task }
    }

    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers the requests of one connection until either side ends it.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, site: Arc<dyn Site>) -> Option<()> {
    let mut read = Vec::new();
    loop {
        let asked = request(&mut stream, &mut read).await?;
        let answer = site.answer(asked);
        tokio::time::sleep(answer.after).await;
        if answer.cut == Some(0) {
            return None;
        }
        stream.write_all(&answer.bytes()).await.ok()?;
        stream.flush().await.ok()?;
        if answer.cut.is_some() {
            return None;
        }
    }
}

async fn request(stream: &mut (impl AsyncRead + Unpin), read: &mut Vec<u8>) -> Option<Asked> {
    let end = loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        more(stream, read).await?;
    };
    let head = String::from_utf8(read[..end].to_vec()).ok()?;
    let mut lines = head.split("\r\n").map(str::to_owned);
    let line = lines.next()?;
    let split = |line: String| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut asked = Asked { line, headers: lines.filter_map(split).collect(), body: Vec::new() };
    let length: usize = asked.header("content-length").map_or(Some(0), |length| length.parse().ok())?;
    while read.len() < end + 4 + length {
        more(stream, read).await?;
    }
    asked.body = read[end + 4..end + 4 + length].to_vec();
    read.drain(..end + 4 + length);
    Some(asked)
}

async fn more(stream: &mut (impl AsyncRead + Unpin), read: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 16 << 10];
    let length = stream.read(&mut buffer).await.ok().filter(|length| *length > 0)?;
    read.extend(&buffer[..length]);
    Some(())
}

/// A server's certificate, and the authority that gave it.
pub struct Identity {
    pub tls: TlsAcceptor,
    /// The certificate in DER.
    pub certificate: Vec<u8>,
    /// The authority's certificate in PEM.
    pub authority: String,
}

impl Identity {
    /// A certificate for a name or address, from an authority of its own.
    pub fn new(name: &str) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = names.signed_by(&key, &authority).unwrap().der().to_vec();
        Self { tls: acceptor(&certificate, &key), certificate, authority: authority.pem() }
    }

    /// Somebody who shows another's certificate without having its key.
    pub fn thief(of: &Self) -> Self {
        let key = KeyPair::generate().unwrap();
        let (certificate, authority) = (of.certificate.clone(), of.authority.clone());
        Self { tls: acceptor(&certificate, &key), certificate, authority }
    }
}

fn acceptor(certificate: &[u8], key: &KeyPair) -> TlsAcceptor {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = ring::sign::any_supported_type(&key).unwrap();
    let shown = CertifiedKey::new(vec![certificate.to_vec().into()], key);
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(shown)));
    TlsAcceptor::from(Arc::new(config))
}
