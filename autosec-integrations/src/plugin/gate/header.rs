use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::plugin::interface::Header;

/// The most headers of a request, and the most bytes that they have together.
const MOST: usize = 64;
const MOST_BYTES: usize = 16 << 10;

/// What frames a request, says whom it is for or who asks, or has a server take another method, path or client address for
/// the real one.
const HOSTS_OWN: [&str; 31] = [
    "authorization",
    "cf-connecting-ip",
    "client-ip",
    "connection",
    "content-length",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "remote-user",
    "te",
    "trailer",
    "transfer-encoding",
    "true-client-ip",
    "upgrade",
    "via",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-host",
    "x-http-host-override",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-originating-ip",
    "x-override-url",
    "x-real-ip",
    "x-remote-addr",
    "x-remote-ip",
    "x-remote-user",
];

/// The same for all names that begin so.
const HOSTS_OWN_BEGIN: [&str; 4] = ["proxy-", "x-forwarded-", "x-original-", "x-rewrite-"];

/// What would have a server send an answer in pieces or packed, in which an echoed secret is not found.
const HIDES_ECHOES: [&str; 5] = ["accept-encoding", "if-range", "range", "a-im", "accept-ranges"];

/// The headers that a plugin gives.
///
/// # Errors
/// Why one of them is refused.
pub(super) fn checked(given: &[Header], has_secrets: bool) -> Result<HeaderMap, String> {
    let bytes: usize = given.iter().map(|header| header.name.len() + header.value.len()).sum();
    if given.len() > MOST || bytes > MOST_BYTES {
        return Err(format!("the headers are more than {MOST}, or have more than {MOST_BYTES} bytes"));
    }
    let mut headers = HeaderMap::with_capacity(given.len());
    for header in given {
        let shown: String = header.name.chars().filter(char::is_ascii_graphic).take(40).collect();
        let name = HeaderName::from_bytes(header.name.as_bytes())
            .map_err(|_| format!("the header `{shown}` has no possible name"))?;
        // To many servers `content_length` is the same header as `content-length`.
        let read = name.as_str().replace('_', "-");
        if HOSTS_OWN.contains(&read.as_str()) || HOSTS_OWN_BEGIN.iter().any(|begin| read.starts_with(begin)) {
            return Err(format!("the header `{shown}` is the host's own"));
        }
        if has_secrets && HIDES_ECHOES.contains(&read.as_str()) {
            return Err(format!("the header `{shown}` cannot stand beside a secret"));
        }
        let value = HeaderValue::from_str(&header.value).map_err(|_| {
            format!("the value of the header `{shown}` has characters other than printable ASCII")
        })?;
        headers.append(name, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str, value: &str) -> Header {
        Header { name: name.into(), value: value.into() }
    }

    #[test]
    fn takes_what_belongs_to_the_plugin() {
        let given = [header("Content-Type", "application/json"), header("x-a", "1"), header("X-A", "2")];
        let headers = checked(&given, true).unwrap();
        assert_eq!(headers.get_all("x-a").iter().count(), 2);
        assert!(checked(&[header("range", "bytes=0-1")], false).is_ok());
    }

    #[test]
    fn refuses_what_is_the_hosts_and_what_breaks_out() {
        for (name, value) in [
            ("Host", "other.example"),
            ("AUTHORIZATION", "Bearer x"),
            ("Content-Length", "0"),
            ("transfer-encoding", "chunked"),
            ("X-HTTP-Method-Override", "DELETE"),
            ("x-a", "1\r\nHost: other.example"),
            ("x-a", "1\nx"),
            ("x-a", "1\0"),
            ("x-a\r\nHost", "1"),
            ("x a", "1"),
            ("", "1"),
            (":authority", "x"),
            ("range", "bytes=0-1"),
            ("Accept-Encoding", "gzip"),
        ] {
            assert!(checked(&[header(name, value)], true).is_err(), "{name}");
        }
        assert!(checked(&vec![header("a", "b"); 65], false).is_err());
        assert!(checked(&[header("a", &"b".repeat(17_000))], false).is_err());
    }
}
