use std::io;
use std::net::IpAddr;

use http::header::{HOST, HeaderMap, HeaderValue, LOCATION};
use http::{Method, Request, Response};
use secrecy::ExposeSecret;

use super::Gate;
use super::denial::Denial;
use super::permit::{self, Permit};
use super::secret::Filled;
use super::sigv4::{self, Credentials, Signed};
use super::target::Target;
use super::{address, header};
use crate::plugin::interface::{Header, HttpRequest, HttpResponse, TransportError};
use crate::plugin::manifest::host::HostName;
use crate::plugin::manifest::rule::{FilledSlot, Scheme};
use crate::transport::{AnswerTooLarge, HttpClient, Route};

/// The most addresses of a name that are looked at, and that are tried.
const MOST_ADDRESSES: usize = 32;
const MOST_TRIED: usize = 3;

/// The most headers of an answer, and the most bytes that they have together.
const MOST_HEADERS: usize = 128;
const MOST_HEADER_BYTES: usize = 64 << 10;

/// A request on its way, from redirect to redirect.
struct Hop {
    method: String,
    target: Target,
    headers: HeaderMap,
    body: Vec<u8>,
    secrets: Vec<String>,
}

impl Gate {
    /// Sends a request, if it may be sent.
    pub(super) async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let client = self.client.as_deref().ok_or(TransportError::Unsupported)?;
        // One that cannot be read counts as well: it costs the host a look and a record.
        self.count(|| match Target::parse(&request.url) {
            Ok(target) => format!("{} {}", request.method, target.shown()),
            Err(_) => format!("{} …", request.method),
        })?;
        let mut hop = self.first(request)?;
        let mut permit = self.permit(&hop)?;
        loop {
            let mut filled = Filled::default();
            let answer = self.send(client, &hop, &mut filled).await?;
            let next = redirect(&hop, &answer, &filled).filter(|_| permit.redirects > 0);
            let Some(next) = next else { return self.answer(answer, &filled) };
            let left = permit.redirects - 1;
            hop = next.map_err(|why| self.deny(Denial::new(&asked(&hop), why)))?;
            self.count(|| asked(&hop))?;
            permit = self.permit(&hop)?;
            // No hop gives back what an earlier one used up.
            permit.redirects = permit.redirects.min(left);
        }
    }

    /// A plugin's request, read.
    fn first(&self, request: HttpRequest) -> Result<Hop, TransportError> {
        let HttpRequest { method, url, headers: given, body, timeout_ms: _, mut secrets } = request;
        let unread = |why: &str| self.deny(Denial::new(&format!("{method} …"), why));
        let target = Target::parse(&url).map_err(unread)?;
        secrets.sort_unstable();
        secrets.dedup();
        let headers = header::checked(&given, !secrets.is_empty());
        let headers =
            headers.map_err(|why| self.deny(Denial::new(&format!("{method} {}", target.shown()), why)))?;
        if body.len() as u64 > self.capabilities.limits().body {
            let why = format!("the body has more than {} bytes", self.capabilities.limits().body);
            return Err(self.deny(Denial::new(&format!("{method} {}", target.shown()), why)));
        }
        Ok(Hop { method, target, headers, body, secrets })
    }

    /// Takes one request from what is left.
    fn count(&self, asked: impl FnOnce() -> String) -> Result<(), TransportError> {
        self.budget.request().map_err(|why| self.deny(Denial::new(&asked(), why)))
    }

    fn permit(&self, hop: &Hop) -> Result<Permit, TransportError> {
        let deny = |why: String| self.deny(Denial::new(&asked(hop), why));
        let permit =
            permit::http(&self.capabilities, &hop.method, &hop.target, &hop.secrets).map_err(deny)?;
        let in_clear = hop.target.scheme == Scheme::Http && !hop.secrets.is_empty();
        if in_clear && !self.capabilities.may_send_secrets_in_clear() {
            return Err(deny("secrets are sent over `https` only".into()));
        }
        Ok(permit)
    }

    async fn send(
        &self,
        client: &dyn HttpClient,
        hop: &Hop,
        filled: &mut Filled,
    ) -> Result<Response<Vec<u8>>, TransportError> {
        let addresses = self.addresses(hop).await?;
        self.fill(hop, filled).await?;
        let mut last = TransportError::Dns("the name has no address".into());
        for address in addresses.into_iter().take(MOST_TRIED) {
            let request = request(hop, filled).map_err(TransportError::Protocol)?;
            let largest = usize::try_from(self.capabilities.limits().body).unwrap_or(usize::MAX);
            match client.send_to(request, Route { address, largest_answer: largest }).await {
                Ok(answer) => {
                    self.counts.request();
                    return Ok(answer);
                }
                Err(error) => {
                    let unreached = is_unreached(error.kind());
                    last = failure(&error, filled);
                    if !unreached {
                        break;
                    }
                }
            }
        }
        Err(last)
    }

    /// The addresses of a host. One that may not be reached is one too many: a name that has both kinds is a trap.
    async fn addresses(&self, hop: &Hop) -> Result<Vec<IpAddr>, TransportError> {
        let found = match &hop.target.host {
            HostName::Address(address) => vec![*address],
            HostName::Name(name) => {
                let found = self.resolver.resolve(name).await;
                let mut found = found.map_err(|_| TransportError::Dns(format!("`{name}` has no address")))?;
                found.truncate(MOST_ADDRESSES);
                found
            }
        };
        let checked = found.into_iter().map(|found| address::checked(found, &self.capabilities));
        checked.collect::<Result<_, _>>().map_err(|why| self.deny(Denial::new(&asked(hop), why)))
    }

    async fn fill(&self, hop: &Hop, filled: &mut Filled) -> Result<(), TransportError> {
        for name in &hop.secrets {
            let deny = |why: &str| self.deny(Denial::new(&asked(hop), format!("the secret `{name}`: {why}")));
            let rules = &self.capabilities.asked().secret;
            let rule = rules.iter().find(|rule| rule.name == *name);
            let from = self.capabilities.secret_of_host(name);
            let (Some(rule), Some(from)) = (rule, from) else { return Err(deny("there is none")) };
            let secret = self
                .secrets
                .secret(from)
                .await
                .map_err(|_| deny(&format!("the host has none called `{from}`")))?;
            let FilledSlot::SigV4 { service, region } = &rule.slot else {
                filled.put(&rule.slot, &secret, &hop.headers).map_err(deny)?;
                continue;
            };
            if sigv4::OWN
                .iter()
                .any(|own| hop.headers.contains_key(*own) || filled.headers().contains_key(*own))
            {
                return Err(deny("its header is there already"));
            }
            let credentials = Credentials::parse(secret.expose_secret());
            let credentials =
                credentials.ok_or_else(|| deny("it is not `access-key-id:secret-access-key`"))?;
            let mut headers = hop.headers.clone();
            headers.extend(filled.headers().clone());
            let Hop { method, target, body, .. } = hop;
            let signed = Signed { method, target, headers: &headers, body, service, region };
            let headers = sigv4::sign(&signed, &credentials, self.clock.now()).map_err(deny)?;
            filled.add(headers);
            filled.mask(credentials.key);
            filled.mask(credentials.token.unwrap_or_default());
        }
        Ok(())
    }

    /// An answer without what a plugin must not see.
    fn answer(&self, answer: Response<Vec<u8>>, filled: &Filled) -> Result<HttpResponse, TransportError> {
        let (head, mut body) = answer.into_parts();
        let bytes: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if head.headers.len() > MOST_HEADERS || bytes > MOST_HEADER_BYTES {
            return Err(TransportError::TooLarge(MOST_HEADER_BYTES as u64));
        }
        let largest = self.capabilities.limits().body;
        // A client may take more than it was told to.
        if body.len() as u64 > largest {
            return Err(TransportError::TooLarge(largest));
        }
        filled.hide(&mut body);
        let header = |(name, value): (&http::HeaderName, &HeaderValue)| Header {
            name: name.as_str().to_owned(),
            value: filled.hidden(&String::from_utf8_lossy(value.as_bytes())),
        };
        let headers = head.headers.iter().map(header).collect();
        Ok(HttpResponse { status: head.status.as_u16(), headers, body })
    }
}

/// What a plugin asked for, for a text.
fn asked(hop: &Hop) -> String {
    format!("{} {}", hop.method, hop.target.shown())
}

fn request(hop: &Hop, filled: &Filled) -> Result<Request<Vec<u8>>, String> {
    let mut request = Request::new(hop.body.clone());
    *request.method_mut() = Method::from_bytes(hop.method.as_bytes()).map_err(|error| error.to_string())?;
    *request.uri_mut() =
        hop.target.url().parse().map_err(|error| format!("the URL cannot be sent: {error}"))?;
    *request.headers_mut() = hop.headers.clone();
    request.headers_mut().extend(filled.headers().clone());
    let host = HeaderValue::from_str(&hop.target.authority()).map_err(|error| error.to_string())?;
    request.headers_mut().insert(HOST, host);
    Ok(request)
}

/// Where an answer leads to, if it is a redirect.
fn redirect(hop: &Hop, answer: &Response<Vec<u8>>, filled: &Filled) -> Option<Result<Hop, &'static str>> {
    let status = answer.status().as_u16();
    if ![301, 302, 303, 307, 308].contains(&status) {
        return None;
    }
    let location = answer.headers().get(LOCATION)?.to_str().unwrap_or_default();
    // It would go on to another server, or into the text of a denial.
    if filled.is_in(location) {
        return Some(Err("the redirect shows a secret"));
    }
    let target = match hop.target.redirected(location) {
        Ok(target) => target,
        Err(why) => return Some(Err(why)),
    };
    if (hop.target.scheme, target.scheme) == (Scheme::Https, Scheme::Http) {
        return Some(Err("the redirect leads from `https` to `http`"));
    }
    let mut headers = hop.headers.clone();
    let keeps = status >= 307 || hop.method == "GET" || hop.method == "HEAD";
    if !keeps {
        headers.remove(http::header::CONTENT_TYPE);
    }
    let is_elsewhere = target.origin() != hop.target.origin();
    if is_elsewhere {
        headers.remove(http::header::COOKIE);
    }
    Some(Ok(Hop {
        method: if keeps { hop.method.clone() } else { "GET".to_owned() },
        target,
        headers,
        body: if keeps { hop.body.clone() } else { Vec::new() },
        secrets: if is_elsewhere { Vec::new() } else { hop.secrets.clone() },
    }))
}

/// Whether nothing was sent, so that another address may be tried.
fn is_unreached(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable};
    matches!(kind, AddrNotAvailable | ConnectionRefused | HostUnreachable | NetworkUnreachable)
}

fn failure(error: &io::Error, filled: &Filled) -> TransportError {
    let too_large = error.get_ref().and_then(|inner| inner.downcast_ref::<AnswerTooLarge>());
    if let Some(too_large) = too_large {
        return TransportError::TooLarge(too_large.largest as u64);
    }
    let text: String = filled.hidden(&error.to_string()).chars().take(400).collect();
    match error.kind() {
        io::ErrorKind::TimedOut => TransportError::Timeout,
        io::ErrorKind::Unsupported => TransportError::Unsupported,
        io::ErrorKind::InvalidData => TransportError::Tls(text),
        kind if is_unreached(kind) => TransportError::Connect(text),
        _ => TransportError::Protocol(text),
    }
}
