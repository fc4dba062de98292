//! Signatures of requests after AWS's version 4.

use std::fmt::Write;

use autosec_core::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

use super::target::{Target, decoded};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The headers that a signature makes by itself.
pub(super) const OWN: [&str; 3] = ["authorization", "x-amz-date", "x-amz-security-token"];

/// With what requests are signed. It has no `Debug`.
pub(super) struct Credentials<'s> {
    id: &'s str,
    pub(super) key: &'s str,
    pub(super) token: Option<&'s str>,
}

impl<'s> Credentials<'s> {
    /// Reads `access-key-id:secret-access-key`, or these with `:session-token`.
    pub(super) fn parse(secret: &'s str) -> Option<Self> {
        let mut parts = secret.splitn(3, ':');
        let (id, key, token) = (parts.next()?, parts.next()?, parts.next());
        let plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (plain && !key.is_empty()).then_some(Self { id, key, token })
    }
}

/// What is signed.
pub(super) struct Signed<'r> {
    pub(super) method: &'r str,
    pub(super) target: &'r Target,
    /// All headers of the request, without `host`.
    pub(super) headers: &'r HeaderMap,
    pub(super) body: &'r [u8],
    pub(super) service: &'r str,
    pub(super) region: &'r str,
}

/// The headers that sign a request at this time.
///
/// # Errors
/// A part of the secret cannot stand in a header.
pub(super) fn sign(
    request: &Signed<'_>,
    credentials: &Credentials<'_>,
    now: Timestamp,
) -> Result<HeaderMap, &'static str> {
    let unfit = |_| "it has characters that no header has";
    // `2015-08-30T12:36:00.000000Z` without what stands between the digits and behind the seconds.
    let digits: String = now.to_string().chars().filter(char::is_ascii_digit).take(14).collect();
    let (day, time) = digits.split_at_checked(8).ok_or("the clock's year has not four digits")?;
    let stamp = format!("{day}T{time}Z");
    let mut own = HeaderMap::new();
    own.insert(HeaderName::from_static("x-amz-date"), HeaderValue::from_str(&stamp).map_err(|_| "no date")?);
    if let Some(token) = credentials.token {
        let mut token = HeaderValue::from_str(token).map_err(unfit)?;
        token.set_sensitive(true);
        own.insert(HeaderName::from_static("x-amz-security-token"), token);
    }
    let (canonical, names) = canonical(request, &own);
    let scope = format!("{day}/{}/{}/aws4_request", request.region, request.service);
    let text = format!("{ALGORITHM}\n{stamp}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let key = [day, request.region, request.service, "aws4_request"]
        .iter()
        .fold(format!("AWS4{}", credentials.key).into_bytes(), |key, part| mac(&key, part));
    let signature = hex(&mac(&key, &text));
    let line = format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        credentials.id
    );
    let mut authorization = HeaderValue::from_str(&line).map_err(unfit)?;
    authorization.set_sensitive(true);
    own.insert(HeaderName::from_static("authorization"), authorization);
    Ok(own)
}

/// The request in the form that is hashed, and the names of its headers.
fn canonical(request: &Signed<'_>, own: &HeaderMap) -> (String, String) {
    let host = request.target.authority();
    let mut headers: Vec<(&str, String)> = vec![("host", host)];
    for name in request.headers.keys().chain(own.keys()) {
        let values = request.headers.get_all(name).iter().chain(own.get_all(name));
        let values: Vec<String> =
            values.map(|value| collapsed(&String::from_utf8_lossy(value.as_bytes()))).collect();
        headers.push((name.as_str(), values.join(",")));
    }
    headers.sort();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let mut text = format!(
        "{}\n{}\n{}\n",
        request.method,
        escaped(request.target.path.as_bytes(), true),
        query(request.target.query.as_deref().unwrap_or_default())
    );
    for (name, value) in &headers {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{name}:{value}");
    }
    let _ = write!(text, "\n{names}\n{}", hex(&Sha256::digest(request.body)));
    (text, names)
}

/// A query with its parts escaped in one way and sorted.
fn query(query: &str) -> String {
    let mut parts: Vec<(String, String)> = query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (escaped(&decoded(name), false), escaped(&decoded(value), false))
        })
        .collect();
    parts.sort();
    parts.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn escaped(bytes: &[u8], is_path: bool) -> String {
    let mut text = String::new();
    for byte in bytes {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || is_path && *byte == b'/';
        // Writing to a text cannot fail.
        let _ = if plain { write!(text, "{}", char::from(*byte)) } else { write!(text, "%{byte:02X}") };
    }
    text
}

/// Without spaces at the ends, and with single ones inside.
fn collapsed(value: &str) -> String {
    value.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    // A key of any length will do, so there is no error to tell of.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The credentials of AWS's published test suite.
    const SECRET: &str = "AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn signature(
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        secret: &str,
    ) -> (String, HeaderMap) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        let target = Target::parse(url).unwrap();
        let (service, region) = ("service", "us-east-1");
        let request = Signed { method, target: &target, headers: &map, body, service, region };
        let now = Timestamp::parse("2015-08-30T12:36:00Z").unwrap();
        let own = sign(&request, &Credentials::parse(secret).unwrap(), now).unwrap();
        let line = own["authorization"].to_str().unwrap().to_owned();
        (line.rsplit_once('=').unwrap().1.to_owned(), own)
    }

    /// The signatures are those of AWS's published suite of tests for version 4 of its signatures.
    #[test]
    fn signs_as_the_published_examples_do() {
        let (vanilla, own) = signature("GET", "https://example.amazonaws.com/", &[], b"", SECRET);
        assert_eq!(vanilla, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
        assert_eq!(own["x-amz-date"], "20150830T123600Z");
        assert!(own["authorization"].is_sensitive());
        let (post, _) = signature("POST", "https://example.amazonaws.com/", &[], b"", SECRET);
        assert_eq!(post, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
        let (sorted, _) =
            signature("GET", "https://example.amazonaws.com/?Param2=value2&Param1=value1", &[], b"", SECRET);
        assert_eq!(sorted, "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
    }

    /// The signature is the one that botocore 1.44 makes of this request, with its clock held.
    #[test]
    fn signs_as_botocore_does() {
        let url = "https://wafv2.eu-west-1.amazonaws.com:8443/a%20b/c?z=%2F&a=b%20c&a=1&empty=";
        let target = Target::parse(url).unwrap();
        let headers = [
            (HeaderName::from_static("content-type"), HeaderValue::from_static("application/x-amz-json-1.1")),
            (
                HeaderName::from_static("x-amz-target"),
                HeaderValue::from_static("AWSWAF_20190729.UpdateIPSet"),
            ),
        ];
        let headers = headers.into_iter().collect();
        let (service, region, body) = ("wafv2", "eu-west-1", &br#"{"Id":"1"}"#[..]);
        let request = Signed { method: "POST", target: &target, headers: &headers, body, service, region };
        let secret = format!("{SECRET}:TOKEN/+=");
        let now = Timestamp::parse("2015-08-30T12:36:00Z").unwrap();
        let own = sign(&request, &Credentials::parse(&secret).unwrap(), now).unwrap();
        assert_eq!(
            own["authorization"],
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-west-1/wafv2/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, \
             Signature=b309183ae794fb41f0aa89d6bf385523c4a8b58e08790f7ffa4cecd393cddf45"
        );
    }

    #[test]
    fn signs_everything_that_is_sent() {
        let url = "https://example.amazonaws.com/a%20b?x=1";
        let base = signature("POST", url, &[("content-type", "a")], b"{}", SECRET).0;
        let token = format!("{SECRET}:TOKEN:WITH:COLONS");
        for (other, what) in [
            (signature("PUT", url, &[("content-type", "a")], b"{}", SECRET).0, "method"),
            (signature("POST", &format!("{url}2"), &[("content-type", "a")], b"{}", SECRET).0, "query"),
            (signature("POST", url, &[("content-type", "b")], b"{}", SECRET).0, "header"),
            (signature("POST", url, &[("content-type", "a")], b"{ }", SECRET).0, "body"),
            (signature("POST", url, &[("content-type", "a")], b"{}", &token).0, "token"),
        ] {
            assert_ne!(base, other, "{what}");
        }
        let (_, own) = signature("POST", url, &[], b"", &token);
        assert_eq!(own["x-amz-security-token"], "TOKEN:WITH:COLONS");
    }

    #[test]
    fn credentials_are_two_or_three_parts() {
        for wrong in ["", "AKID", ":key", "AKID:", "AK ID:key", "AK\nID:key"] {
            assert!(Credentials::parse(wrong).is_none(), "{wrong:?}");
        }
    }
}
