use http::uri::{Authority, Scheme};
use http::{Request, Uri, header};

use super::{Authorization, CollectionSync, Cursor, Discovery, TaxiiError, TaxiiLimits};
use crate::transport::shown;

/// What is asked for, and what is answered.
pub(super) const MEDIA_TYPE: &str = "application/taxii+json;version=2.1";

/// A server, and how it is spoken to.
///
/// Credentials go to the server of [`new`](Self::new) only. What it names on others is refused, unless those are
/// [allowed](Self::allowing); they then get the credentials too.
#[derive(Clone, Debug)]
pub struct TaxiiServer {
    url: Uri,
    authorization: Option<Authorization>,
    allowed: Vec<Uri>,
    pub(super) limits: TaxiiLimits,
}

impl TaxiiServer {
    /// The server whose discovery is at this URL, such as `https://taxii.example/taxii2/`.
    ///
    /// # Errors
    /// It is no URL of `http` or `https`, or has a user, a query or a fragment in it.
    pub fn new(url: &str) -> Result<Self, TaxiiError> {
        let (url, limits) = (checked(url)?, TaxiiLimits::default());
        Ok(Self { url, authorization: None, allowed: Vec::new(), limits })
    }

    /// The same, told who asks.
    #[must_use]
    pub fn with_authorization(self, authorization: Authorization) -> Self {
        Self { authorization: Some(authorization), ..self }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: TaxiiLimits) -> Self {
        Self { limits, ..self }
    }

    /// The same, which may send us, and so our credentials, to the server of this URL too.
    ///
    /// # Errors
    /// As of [`new`](Self::new).
    pub fn allowing(mut self, url: &str) -> Result<Self, TaxiiError> {
        self.allowed.push(checked(url)?);
        Ok(self)
    }

    /// Finds out what the server has.
    pub fn discovery(&self) -> Discovery {
        Discovery::of_server(self.clone())
    }

    /// Finds out what an API root has, by its URL or the path of it; for servers without a discovery.
    ///
    /// # Errors
    /// It is no URL, or one of another server.
    pub fn root(&self, url: &str) -> Result<Discovery, TaxiiError> {
        Ok(Discovery::of_root(self.clone(), self.resolve(url)?))
    }

    /// Fetches what was added to a collection since the cursor: by the API root, its URL or the path of it, and the
    /// collection's id or alias.
    ///
    /// # Errors
    /// It is no URL, or one of another server.
    pub fn collection(&self, root: &str, id: &str, cursor: Cursor) -> Result<CollectionSync, TaxiiError> {
        let path = format!("collections/{}/objects/", escaped(id));
        let url = below(&self.resolve(root)?, &path)?;
        Ok(CollectionSync::new(self.clone(), url, cursor))
    }

    pub(super) fn url(&self) -> &Uri {
        &self.url
    }

    /// The address that the server means, if it may be asked.
    pub(super) fn resolve(&self, text: &str) -> Result<Uri, TaxiiError> {
        let url = if text.starts_with('/') && !text.starts_with("//") {
            let origin = [self.url.scheme_str(), self.url.authority().map(Authority::as_str)];
            checked(&format!("{}{text}", origin.map(Option::unwrap_or_default).join("://")))?
        } else {
            checked(text)?
        };
        match origin(&url) == origin(&self.url)
            || self.allowed.iter().any(|other| origin(other) == origin(&url))
        {
            true => Ok(url),
            false => Err(TaxiiError::Foreign { url: shown(&url) }),
        }
    }

    pub(super) fn request(&self, url: &Uri, query: &str) -> Result<Request<Vec<u8>>, TaxiiError> {
        let unfit = |_| address(&shown(url), "it is no complete URL");
        let gap = if query.is_empty() { "" } else { "?" };
        let mut request = Request::get(format!("{}{gap}{query}", shown(url)))
            .header(header::ACCEPT, MEDIA_TYPE)
            .header(header::USER_AGENT, concat!("autosec/", env!("CARGO_PKG_VERSION")));
        if let Some(Authorization { name, value }) = &self.authorization {
            request = request.header(name, value);
        }
        request.body(Vec::new()).map_err(unfit)
    }
}

/// A URL of a folder, which all of TAXII are.
fn checked(text: &str) -> Result<Uri, TaxiiError> {
    let short = || text.chars().take(256).flat_map(char::escape_debug).collect::<String>();
    let url: Uri = text.parse().map_err(|_| address(&short(), "it is no URL"))?;
    if !matches!(url.scheme_str(), Some("http" | "https")) || url.host().is_none_or(str::is_empty) {
        return Err(address(&short(), "it is no complete URL of `https`"));
    }
    if url.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(address(&shown(&url), "a user or password in a URL ends up in logs: give a login"));
    }
    if url.query().is_some() || text.contains('#') {
        return Err(address(&shown(&url), "it has a query or a fragment"));
    }
    if url.path().ends_with('/') { Ok(url) } else { below(&url, "/") }
}

pub(super) fn below(url: &Uri, path: &str) -> Result<Uri, TaxiiError> {
    format!("{}{path}", shown(url)).parse().map_err(|_| address(&shown(url), "it is no complete URL"))
}

fn address(url: &str, why: &'static str) -> TaxiiError {
    TaxiiError::Address { url: url.to_owned(), why }
}

/// Who is asked.
fn origin(url: &Uri) -> (Option<&str>, String, u16) {
    let is_https = url.scheme() == Some(&Scheme::HTTPS);
    let host = url.host().unwrap_or_default().to_ascii_lowercase();
    (url.scheme_str(), host, url.port_u16().unwrap_or(if is_https { 443 } else { 80 }))
}

/// A text as it may stand in any part of a URL.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(byte.into()),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    // Folders of these names are none.
    if matches!(text, "." | "..") { text.replace('.', "%2E") } else { escaped }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_stay_with_their_server() {
        let server = TaxiiServer::new("https://taxii.example/taxii2").unwrap();
        assert_eq!(server.url().path(), "/taxii2/");
        let meant = |text: &str| server.resolve(text).map(|url| url.to_string());
        assert_eq!(meant("/api1").unwrap(), "https://taxii.example/api1/");
        assert_eq!(meant("https://TAXII.example:443/api1/").unwrap(), "https://TAXII.example:443/api1/");
        for foreign in
            ["http://taxii.example/api1/", "https://taxii.example:8443/", "https://taxii.example.evil/"]
        {
            assert!(matches!(meant(foreign), Err(TaxiiError::Foreign { .. })), "{foreign}");
        }
        for unfit in
            ["//evil.example/", "https://a:b@taxii.example/", "ftp://taxii.example/", "api1/", "", "/a?b"]
        {
            assert!(matches!(meant(unfit), Err(TaxiiError::Address { .. })), "{unfit}");
        }
        let wide = server.clone().allowing("https://cdn.example").unwrap();
        assert!(
            wide.resolve("https://cdn.example/api1/").is_ok() && wide.resolve("https://x.example/").is_err()
        );
    }

    #[test]
    fn no_secret_of_a_url_is_shown() {
        let error = TaxiiServer::new("https://eve:hunter2@taxii.example/").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }

    #[test]
    fn an_id_is_one_part_of_the_path() {
        let server = TaxiiServer::new("https://taxii.example/").unwrap();
        let mut sync = server.collection("/api1/", "../a b?", Cursor::default()).unwrap();
        let request = sync.next().unwrap();
        assert_eq!(
            request.uri().to_string(),
            "https://taxii.example/api1/collections/..%2Fa%20b%3F/objects/?limit=1000"
        );
    }
}
