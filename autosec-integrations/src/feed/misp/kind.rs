//! Types of attributes as kinds of values.

use autosec_core::intel::{IndicatorValue, Observable, ObservableKind as Kind};

/// The value of an attribute; none if there is no kind for its type.
pub(super) fn value(kind: &str, text: &str) -> Option<Result<IndicatorValue, String>> {
    if let Some(kind) = single(kind) {
        return Some(IndicatorValue::new(kind, text).map_err(|error| error.to_string()));
    }
    let (first, second) =
        kind.split_once('|').or((kind == "malware-sample").then_some(("filename", "md5")))?;
    let (first, second) = (single(first)?, part(second)?);
    // A file's name may have a bar in it; an address and a name have none.
    let both = text.rsplit_once('|').or_else(|| joined_by_colon(second, text));
    let Some((head, tail)) = both else {
        return Some(Err(format!("there is no `|` in it, as `{kind}` has")));
    };
    let parts = Observable::new(first, head).and_then(|head| Ok([head, Observable::new(second, tail)?]));
    let parts = parts.map_err(|error| error.to_string());
    Some(parts.and_then(|parts| IndicatorValue::all(parts).map_err(|error| error.to_string())))
}

/// An address and a port, as some write them.
fn joined_by_colon(second: Kind, text: &str) -> Option<(&str, &str)> {
    (second == Kind::Port && text.matches(':').count() == 1).then(|| text.split_once(':'))?
}

fn single(kind: &str) -> Option<Kind> {
    Some(match kind {
        "ip-src" | "ip-dst" | "ip" => Kind::Network,
        "hostname" => Kind::Hostname,
        "domain" => Kind::Domain,
        "url" | "uri" | "link" => Kind::Url,
        "email" | "email-src" | "email-dst" | "email-reply-to" => Kind::Email,
        "filename" | "email-attachment" | "attachment" => Kind::FileName,
        "user-agent" | "http-user-agent" => Kind::UserAgent,
        "md5" | "x509-fingerprint-md5" => Kind::Md5,
        "sha1" | "x509-fingerprint-sha1" => Kind::Sha1,
        "sha224" => Kind::Sha224,
        "sha256" | "x509-fingerprint-sha256" => Kind::Sha256,
        "sha384" => Kind::Sha384,
        "sha512" => Kind::Sha512,
        "imphash" => Kind::Imphash,
        "ssdeep" => Kind::Ssdeep,
        "tlsh" => Kind::Tlsh,
        "ja3-fingerprint-md5" => Kind::Ja3,
        "AS" => Kind::AutonomousSystem,
        _ => return None,
    })
}

/// What may be the second half of a type; a port can stand nowhere else.
fn part(kind: &str) -> Option<Kind> {
    if kind == "port" { Some(Kind::Port) } else { single(kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_told_apart() {
        let digest = "d41d8cd98f00b204e9800998ecf8427e";
        let read = |kind: &str, text: &str| {
            value(kind, text).map(|value| value.map(|value| value.to_string()).unwrap_or_else(|why| why))
        };
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(read("filename|md5", &format!("a|b.exe|{digest}")), Some(format!("a|b.exe and {digest}")));
        assert_eq!(read("malware-sample", &format!("b.exe|{digest}")), Some(format!("b.exe and {digest}")));
        assert_eq!(read("ip-dst|port", "2001:db8::7|443"), is("2001:db8::7 and 443"));
        assert_eq!(read("ip-dst|port", "192.0.2.7:443"), is("192.0.2.7 and 443"));
        assert_eq!(read("hostname|port", "a.example|443"), is("a.example and 443"));
        assert_eq!(read("domain|ip", "a.example|192.0.2.7"), is("a.example and 192.0.2.7"));
        assert_eq!(read("domain|ip", "a.example"), is("there is no `|` in it, as `domain|ip` has"));
        assert_eq!(read("ip-src", "192.0.2.0/24"), is("192.0.2.0/24"));
        assert!(read("url", "107.183.86").unwrap().contains("`107.183.86` is no url"));
        for unread in ["yara", "port", "filename|pehash", "regkey|value", "|", "", "a|b|c"] {
            assert_eq!(read(unread, "x"), None, "{unread}");
        }
    }
}
