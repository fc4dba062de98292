//! What makes requests short to write and answers short to read.

use crate::{Effect, Failure, FailureKind, Header, HttpRequest, HttpResponse, Outcome, TransportError, fail};

/// How much of a device's words is kept, in characters.
const WORDS_LIMIT: usize = 200;

impl HttpRequest {
    /// A request without headers and body, such as a `GET` of an absolute URL.
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout_ms: None,
            secrets: Vec::new(),
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push(Header { name: name.to_owned(), value: value.into() });
        self
    }

    /// The same with this body and its type.
    #[must_use]
    pub fn with_body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self.with_header("content-type", content_type) }
    }

    /// The same with a secret that the host fills in, by the name that the manifest declares.
    #[must_use]
    pub fn with_secret(mut self, name: &str) -> Self {
        self.secrets.push(name.to_owned());
        self
    }
}

impl HttpResponse {
    /// The value of the first header of this name, in whatever case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.map(|header| header.value.as_str())
    }

    /// How long the server wants to be left alone, in milliseconds, if it says so in seconds: an hour at most.
    pub fn retry_after_ms(&self) -> Option<u32> {
        let seconds: u32 = self.header("retry-after")?.trim().parse().ok()?;
        Some(seconds.min(3_600) * 1_000)
    }
}

impl Outcome {
    /// An outcome that needs no more words.
    pub fn new(effect: Effect) -> Self {
        Self { effect, remote_id: None, detail: None, extra: Vec::new() }
    }

    /// The same with what the device calls it.
    #[must_use]
    pub fn with_remote_id(self, id: impl Into<String>) -> Self {
        Self { remote_id: Some(id.into()), ..self }
    }

    /// The same with a sentence for the log.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

impl Failure {
    /// The same with when to try again, in milliseconds.
    #[must_use]
    pub fn with_retry_after_ms(self, after: u32) -> Self {
        Self { retry_after_ms: Some(after), ..self }
    }
}

/// What a call outwards that did not succeed means for the items it was for, so that `?` is enough.
impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        let unavailable =
            |what: &str, why: &str| fail(FailureKind::Unavailable, format!("{what}: {}", words(why)));
        match error {
            TransportError::Denied(what) => {
                fail(FailureKind::Denied, format!("the host does not allow it: {}", words(&what)))
            }
            TransportError::Timeout => fail(FailureKind::Timeout, "the device did not answer in time"),
            TransportError::Dns(why) => unavailable("the device's name has no address", &why),
            TransportError::Connect(why) => unavailable("the device cannot be reached", &why),
            TransportError::Tls(why) => unavailable("the device cannot be trusted", &why),
            TransportError::Protocol(why) => unavailable("the exchange broke off", &why),
            TransportError::TooLarge(most) => {
                fail(FailureKind::Protocol, format!("the answer is larger than {most} bytes"))
            }
            TransportError::Unsupported => {
                fail(FailureKind::Denied, "the host has no way to the device: it offers no such transport")
            }
        }
    }
}

/// The scheme, host and port of the URL that a device is set up with, ready for a path behind it: `https://fw.example:8443`.
///
/// # Errors
/// It is not `https://` with a host alone, or `http://` for this machine: `127.0.0.1`, `[::1]`, `localhost`. What was given
/// is not repeated, because it may hold a password.
pub fn origin(url: &str) -> Result<&str, Failure> {
    let url = url.strip_suffix('/').unwrap_or(url);
    let stays_here = |authority: &str| {
        let port = |rest: &str| rest.is_empty() || rest.starts_with(':');
        ["127.0.0.1", "[::1]", "localhost"].iter().any(|host| authority.strip_prefix(host).is_some_and(port))
    };
    let authority = match url.split_once("://") {
        Some(("https", authority)) => Some(authority),
        Some(("http", authority)) => Some(authority).filter(|authority| stays_here(authority)),
        _ => None,
    };
    let is_bare = |authority: &&str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        !authority.is_empty() && authority.bytes().all(plain)
    };
    let wanted = "the URL is not `https://` with a host alone, or `http://` with this machine";
    authority.filter(is_bare).map(|_| url).ok_or_else(|| fail(FailureKind::InvalidConfig, wanted))
}

/// What a device says, cut to 200 characters and fit for a line of a log.
pub fn words(said: &str) -> String {
    let letters = said.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    letters.take(WORDS_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_built_up() {
        let request = HttpRequest::new("POST", "https://fw.example/items")
            .with_body("application/json", "{}")
            .with_secret("token");
        assert_eq!((request.method.as_str(), request.body.as_slice()), ("POST", &b"{}"[..]));
        assert_eq!(request.secrets, ["token"]);
        let header = Header { name: "content-type".to_owned(), value: "application/json".to_owned() };
        assert_eq!(request.headers, [header]);
    }

    #[test]
    fn waits_as_long_as_it_is_told_within_reason() {
        for (told, wait) in [("7", Some(7_000)), (" 86400 ", Some(3_600_000)), ("tomorrow", None)] {
            let header = Header { name: "Retry-After".to_owned(), value: told.to_owned() };
            let answer = HttpResponse { status: 429, headers: vec![header], body: Vec::new() };
            assert_eq!(answer.retry_after_ms(), wait, "{told}");
        }
    }

    #[test]
    fn an_origin_is_a_host_alone() {
        for (url, fits) in [
            ("https://fw.example", true),
            ("https://[2001:db8::1]:8443/", true),
            ("http://127.0.0.1:8080", true),
            ("http://localhost", true),
            ("http://127.0.0.1.fw.example", false),
            ("http://fw.example", false),
            ("https://admin:pass@fw.example", false),
            ("https://fw.example/api", false),
            ("https://fw.example?key=1", false),
            ("fw.example", false),
            ("https://", false),
        ] {
            assert_eq!(origin(url).is_ok(), fits, "{url}");
        }
        assert_eq!(origin("https://fw.example/").as_deref(), Ok("https://fw.example"));
    }

    #[test]
    fn a_call_that_failed_says_what_it_means() {
        let of = |error| Failure::from(error).kind;
        assert_eq!(of(TransportError::Denied("host".to_owned())), FailureKind::Denied);
        assert_eq!(of(TransportError::Timeout), FailureKind::Timeout);
        assert_eq!(of(TransportError::Tls("expired".to_owned())), FailureKind::Unavailable);
        assert_eq!(of(TransportError::TooLarge(9)), FailureKind::Protocol);
        let long = Failure::from(TransportError::Connect(format!("a\nb{}", "x".repeat(999)))).message;
        assert!(long.starts_with("the device cannot be reached: a bxx") && long.len() < 300, "{long}");
    }
}
