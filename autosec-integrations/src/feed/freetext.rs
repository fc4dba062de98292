//! Values out of prose: addresses, names, URLs, e-mail addresses and digests, written harmlessly or not.

use std::collections::HashSet;

use autosec_core::intel::{IndicatorValue, Observable, ObservableKind};

/// The longest word that is looked at, in bytes; a longer one is no value.
const LONGEST_WORD: usize = 2_048;

/// What stands between words besides white space: quotes and commas, those of other scripts too.
const SEPARATORS: &str = "<>\"'`,;|“”„‟‘’‚«»‹›，；、（）「」『』【】《》";

/// Every value in a text, each once, in the order in which they first stand there.
///
/// Understood are `hxxp://`, `http[s]://`, `[.]`, `(dot)`, `[at]`, `[:]` and the like, an address with a port, and names with
/// letters of any script. A name counts only if its end is a public suffix, so `report.docx` is none; of a file's name
/// nothing tells whether it is bad, so none is taken.
///
/// ```
/// use autosec_integrations::feed::freetext;
///
/// let text = "Beacons to hxxps://evil[.]example[.]com/gate.php and 203.0.113[.]7:4444, mail from eve[at]example(dot)org.";
/// let found: Vec<String> = freetext::values(text).map(|value| value.to_string()).collect();
/// assert_eq!(found, ["https://evil.example.com/gate.php", "203.0.113.7 and 4444", "eve@example.org"]);
/// ```
pub fn values(text: &str) -> impl Iterator<Item = IndicatorValue> {
    let mut seen = HashSet::new();
    let words = text.split(|letter: char| letter.is_whitespace() || SEPARATORS.contains(letter));
    let values = words.filter(|word| (4..=LONGEST_WORD).contains(&word.len())).filter_map(value);
    values.filter(move |value| seen.insert(value.clone()))
}

/// What a word says, if it is a value of any kind.
pub fn value(word: &str) -> Option<IndicatorValue> {
    let word = trimmed(word);
    if word.len() > LONGEST_WORD {
        return None;
    }
    let word = refanged(word);
    let word = trimmed(&word);
    url(word)
        .or_else(|| single(ObservableKind::Network, word))
        .or_else(|| with_port(word))
        .or_else(|| digest(word))
        .or_else(|| email(word))
        .or_else(|| name(word))
        .or_else(|| bare_url(word))
}

/// Without the punctuation of the sentence around it.
fn trimmed(word: &str) -> &str {
    let word = word.trim_matches(|letter: char| ".:!?*=".contains(letter));
    let opened = |open, close| word.matches(open).count() < word.matches(close).count();
    let word = if opened('(', ')') { word.trim_end_matches([')', '.', ':']) } else { word };
    let word = if opened('[', ']') { word.trim_end_matches([']', '.', ':']) } else { word };
    let word = if word.starts_with('(') && !word.contains(')') { word.trim_start_matches('(') } else { word };
    match word.strip_prefix('(').and_then(|word| word.strip_suffix(')')) {
        Some(inside) => inside,
        None => word,
    }
}

/// What is written so that nobody clicks on it; none begins with a letter.
const HARMLESS: [(&str, &str); 20] = [
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("[dot]", "."),
    ("(dot)", "."),
    ("{dot}", "."),
    ("\\.", "."),
    ("[.", "."),
    (".]", "."),
    ("[:]", ":"),
    ("[://]", "://"),
    ("[/]", "/"),
    ("[at]", "@"),
    ("(at)", "@"),
    ("{at}", "@"),
    ("[@]", "@"),
    ("(@)", "@"),
    // The full stops of other scripts, which names may have as well.
    ("。", "."),
    ("．", "."),
    ("｡", "."),
];

/// The word as it was before somebody made it harmless.
fn refanged(word: &str) -> String {
    let mut plain = word.to_owned();
    for (harmless, meant) in HARMLESS {
        if let Some(at) = find(&plain, harmless) {
            plain = replaced(&plain, at, harmless, meant);
        }
    }
    scheme(&plain).unwrap_or(plain)
}

/// The same with its scheme as it was, if that was made harmless.
fn scheme(word: &str) -> Option<String> {
    let (scheme, rest) = word.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase().replace("[s]", "s").replace("(s)", "s");
    let (plain, s) = scheme.strip_suffix('s').map_or((&*scheme, ""), |plain| (plain, "s"));
    let meant = match plain {
        "http" | "hxxp" | "hxtp" | "h**p" | "meow" => "http",
        "fxp" => "ftp",
        _ => return None,
    };
    Some(format!("{meant}{s}://{rest}"))
}

fn find(text: &str, part: &str) -> Option<usize> {
    let first = *part.as_bytes().first()?;
    memchr::memchr_iter(first, text.as_bytes())
        .find(|at| text.get(*at..).is_some_and(|rest| strip(rest, part).is_some()))
}

/// Replaces a part from its first place on, in any case of letters.
fn replaced(text: &str, first: usize, part: &str, meant: &str) -> String {
    let (head, mut rest) = text.split_at(first);
    let mut whole = head.to_owned();
    while let Some(letter) = rest.chars().next() {
        match strip(rest, part) {
            Some(behind) => {
                whole.push_str(meant);
                rest = behind;
            }
            None => {
                whole.push(letter);
                rest = rest.get(letter.len_utf8()..).unwrap_or_default();
            }
        }
    }
    whole
}

/// What follows a prefix of ASCII letters in any case.
fn strip<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn single(kind: ObservableKind, text: &str) -> Option<IndicatorValue> {
    IndicatorValue::new(kind, text).ok()
}

fn url(word: &str) -> Option<IndicatorValue> {
    let (scheme, rest) = word.split_once("://")?;
    let is_known = ["http", "https", "ftp", "ftps", "sftp", "tcp", "udp", "ws", "wss"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    (is_known && !rest.is_empty()).then(|| single(ObservableKind::Url, word))?
}

/// A name or an address with a path and no scheme.
fn bare_url(word: &str) -> Option<IndicatorValue> {
    let (host, path) = word.split_once('/')?;
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let is_host = name(host).is_some() || host.parse::<std::net::Ipv4Addr>().is_ok();
    (is_host && !path.is_empty()).then(|| single(ObservableKind::Url, word))?
}

/// `192.0.2.7:4444`, `[2001:db8::7]:4444` or `example.org:4444`.
fn with_port(word: &str) -> Option<IndicatorValue> {
    let (host, port) = word.rsplit_once(':')?;
    let port = Observable::new(ObservableKind::Port, port).ok()?;
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(host) => {
            host.parse::<std::net::Ipv6Addr>().ok().map(|address| Observable::address(address.into()))?
        }
        // More colons belong to an IPv6 address without a port.
        None if host.contains(':') => return None,
        None => match host.parse::<std::net::Ipv4Addr>() {
            Ok(address) => Observable::address(address.into()),
            Err(_) => name(host)?.parts().first()?.clone(),
        },
    };
    IndicatorValue::all([host, port]).ok()
}

fn digest(word: &str) -> Option<IndicatorValue> {
    let kind = match word.len() {
        32 => ObservableKind::Md5,
        40 => ObservableKind::Sha1,
        56 => ObservableKind::Sha224,
        64 => ObservableKind::Sha256,
        96 => ObservableKind::Sha384,
        128 => ObservableKind::Sha512,
        _ => return None,
    };
    single(kind, word)
}

fn email(word: &str) -> Option<IndicatorValue> {
    let word = strip(word, "mailto:").unwrap_or(word);
    let (_, domain) = word.rsplit_once('@')?;
    name(domain).and_then(|_| single(ObservableKind::Email, word))
}

/// A name below a public suffix.
fn name(word: &str) -> Option<IndicatorValue> {
    let word = word.trim_end_matches('.');
    if !word.contains('.') || word.contains(['/', ':', '@', '_', '=', '?', '&']) {
        return None;
    }
    let value = single(ObservableKind::Hostname, word)?;
    let ascii = value.to_string();
    let domain = psl::domain(ascii.as_bytes())?;
    domain.suffix().is_known().then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<String> {
        values(text).map(|value| value.to_string()).collect()
    }

    #[test]
    fn reads_what_was_made_harmless() {
        for (written, meant) in [
            ("hxxp://a[.]example[.]com/x", "http://a.example.com/x"),
            ("hxxp[s]://a.example.com/x", "https://a.example.com/x"),
            ("http[s]://a.example.com/x", "https://a.example.com/x"),
            ("hxtpS://a.example.com/x", "https://a.example.com/x"),
            ("“evil.com”", "evil.com"),
            ("（evil.com）", "evil.com"),
            ("evil。com", "evil.com"),
            ("evil\u{200b}.com", "evil.com"),
            ("hXXps[:]//example{.}com/", "https://example.com/"),
            ("HXXP[://]example(DOT)com/a", "http://example.com/a"),
            ("198.51.100[.]7", "198.51.100.7"),
            ("198[.51[.100[.7", "198.51.100.7"),
            ("1.2.3.4/24", "1.2.3.0/24"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]:443", "2001:db8::7 and 443"),
            ("eve[@]example.com", "eve@example.com"),
            ("mailto:eve@example.com", "eve@example.com"),
            ("bücher.de", "xn--bcher-kva.de"),
            ("example.com:8080", "example.com and 8080"),
            ("example.co.uk", "example.co.uk"),
            ("example.com/path?x=1", "example.com/path?x=1"),
            ("d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e"),
        ] {
            assert_eq!(found(written), [meant], "{written}");
        }
    }

    #[test]
    fn leaves_prose_alone() {
        for prose in [
            "report.docx",
            "e.g. this",
            "v1.2.3",
            "1.2.3",
            "12:30:45",
            "and/or",
            "foo.exe",
            "key=value.com",
            "http://",
            "@",
            "::",
            "...",
            "(see below)",
            "co.uk",
            "999.1.1.1",
            "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
        ] {
            assert!(found(prose).is_empty(), "{prose}: {:?}", found(prose));
        }
    }

    #[test]
    fn punctuation_belongs_to_the_sentence() {
        let text = "See (http://example.com/a_(b)), 203.0.113.7; \"example.org\". Not example.org!";
        assert_eq!(found(text), ["http://example.com/a_(b)", "203.0.113.7", "example.org"]);
        assert_eq!(found("Go to example.net."), ["example.net"]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text: String, parts in proptest::collection::vec("[a-z0-9.:/@\\[\\]()]{0,12}", 0..6)) {
            found(&text);
            found(&parts.concat());
        }
    }
}
