use crate::plugin::manifest::host::HostName;
use crate::plugin::manifest::rule::{Scheme, split_port};

/// The longest URL, in bytes.
const LONGEST: usize = 8 << 10;

/// The longest path, in bytes: it is held against patterns, whose work grows with it.
const LONGEST_PATH: usize = 2 << 10;

/// Where a request goes, read in the one way that a server can read it too.
///
/// A URL that can be read in two ways is refused, not put right: what is checked is what is sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Target {
    pub(crate) scheme: Scheme,
    pub(crate) host: HostName,
    pub(crate) port: u16,
    /// As it is sent.
    pub(crate) path: String,
    /// As a server that decodes it sees it.
    pub(crate) decoded: Vec<u8>,
    /// What stands behind `?`.
    pub(crate) query: Option<String>,
}

impl Target {
    /// Reads a URL.
    ///
    /// # Errors
    /// Why it is refused.
    pub(crate) fn parse(url: &str) -> Result<Self, &'static str> {
        if url.len() > LONGEST {
            return Err("the URL has more than 8192 bytes");
        }
        if !url.bytes().all(is_plain) {
            return Err(
                "the URL has characters that have to be written as `%` and two digits, or a fragment",
            );
        }
        let (scheme, rest) = url.split_once("://").ok_or("the URL is not absolute")?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            _ => return Err("the URL is neither of `https` nor of `http`"),
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if authority.contains('@') {
            return Err("the URL holds a user or a password");
        }
        let (host, port) = split_port(authority).ok_or("the URL's port is no plain number")?;
        let host = HostName::parse(host)?;
        let (path, query) = match tail.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (tail, None),
        };
        let path = if path.is_empty() { "/" } else { path };
        if !has_whole_escapes(path) || !query.as_deref().is_none_or(has_whole_escapes) {
            return Err("a `%` of the URL has no two digits behind it");
        }
        if path.len() > LONGEST_PATH {
            return Err("the path of the URL has more than 2048 bytes");
        }
        let decoded = decoded(path);
        check_path(&decoded)?;
        let port = port.unwrap_or(scheme.port());
        Ok(Self { scheme, host, port, path: path.to_owned(), decoded, query })
    }

    /// Where a redirect leads to.
    ///
    /// # Errors
    /// Why it is refused.
    pub(crate) fn redirected(&self, location: &str) -> Result<Self, &'static str> {
        // A fragment is for the client alone.
        let location = location.split('#').next().unwrap_or_default();
        let scheme = self.scheme.text();
        if location.starts_with("//") {
            return Self::parse(&format!("{scheme}:{location}"));
        }
        if location.starts_with('/') {
            return Self::parse(&format!("{}{location}", self.origin()));
        }
        if location.contains("://") {
            return Self::parse(location);
        }
        Err("the redirect is to a relative path")
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme.text(), self.authority())
    }

    /// Host and port, the latter only where it is not the scheme's own: what the header `host` says.
    pub(crate) fn authority(&self) -> String {
        if self.port == self.scheme.port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// As it is sent.
    pub(crate) fn url(&self) -> String {
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{}{query}", self.origin(), self.path)
    }

    /// As it may stand in a text: without the query, and cut.
    pub(crate) fn shown(&self) -> String {
        let path: String = self.path.chars().take(200).collect();
        format!("{}{path}", self.origin())
    }
}

/// The characters that URLs consist of.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte)
}

fn has_whole_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
}

/// The bytes that a text with escapes stands for.
pub(crate) fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if let ([b'%', high, low, after @ ..], true) = (rest, *first == b'%') {
            let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            if let (Some(high), Some(low)) = (digit(*high), digit(*low)) {
                bytes.push(high << 4 | low);
                rest = after;
                continue;
            }
        }
        bytes.push(*first);
        rest = tail;
    }
    bytes
}

/// Whether a path means the same to whoever joins, cuts or decodes it once more.
fn check_path(decoded: &[u8]) -> Result<(), &'static str> {
    // A `.` or `/` written in more bytes than it needs is one to some servers.
    if str::from_utf8(decoded).is_err() {
        return Err("the path hides bytes that are no UTF-8");
    }
    if decoded.iter().any(|byte| byte.is_ascii_control() || b"\\?#".contains(byte)) {
        return Err("the path hides a control character, a backslash, `?` or `#`");
    }
    let escape =
        |window: &[u8]| matches!(window, [b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
    if decoded.windows(3).any(escape) {
        return Err("the path is escaped twice");
    }
    let mut segments = decoded.split(|byte| *byte == b'/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
        if name == b"." || name == b".." {
            return Err("the path has a segment of dots");
        }
        if name.is_empty() && segments.peek().is_some() {
            return Err("the path has an empty segment");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_plain_urls() {
        for (url, normal) in [
            ("https://fw.example", "https://fw.example/"),
            ("HTTPS://FW.Example:443/api?a=b%20c&d=/../", "https://fw.example/api?a=b%20c&d=/../"),
            ("http://fw.example:443/a/", "http://fw.example:443/a/"),
            ("https://[2001:DB8::1]:8443/a%2Fb", "https://[2001:db8::1]:8443/a%2Fb"),
            ("https://192.0.2.1/rest/*1A?x", "https://192.0.2.1/rest/*1A?x"),
            ("https://fw.example?x", "https://fw.example/?x"),
        ] {
            assert_eq!(Target::parse(url).unwrap().url(), normal);
        }
        assert_eq!(Target::parse("https://fw.example/a%2Fb").unwrap().decoded, b"/a/b");
        assert_eq!(Target::parse("https://fw.example/a?key=secret").unwrap().shown(), "https://fw.example/a");
    }

    #[test]
    fn refuses_what_can_be_read_in_two_ways() {
        for url in [
            "",
            "/api",
            "fw.example/api",
            "ftp://fw.example/",
            "file:///etc/passwd",
            "https:fw.example",
            "https://me@fw.example/",
            "https://me:pass@fw.example/",
            "https://fw.example@127.0.0.1/",
            "https://fw.example#@127.0.0.1/",
            "https://fw.example\\@127.0.0.1/",
            "https://fw.example:/",
            "https://fw.example:99999/",
            "https://fw.example:+443/",
            "https://fw.example:0443/",
            "https:///api",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://fw.example./",
            "https://fw%2eexample/",
            "https://ⓔxample.com/",
            "https://fw.example/ä",
            "https://fw.example/a b",
            "https://fw.example/a\r\nHost: x",
            "https://fw.example/a#b",
            "https://fw.example/%",
            "https://fw.example/%2",
            "https://fw.example/?%zz",
            "https://fw.example/../x",
            "https://fw.example/a/%2e%2e/x",
            "https://fw.example/a/%2E./x",
            "https://fw.example/a/.;x/b",
            "https://fw.example/a/..;/b",
            "https://fw.example/a/..%2Fb",
            "https://fw.example/a//b",
            "https://fw.example//a",
            "https://fw.example/a%2F%2Fb",
            "https://fw.example/a%5cb",
            "https://fw.example/a%00",
            "https://fw.example/a%0d%0a",
            "https://fw.example/%252e%252e/x",
            "https://fw.example/a%3fb",
            "https://fw.example/a%23b",
            "https://fw.example/%c0%ae%c0%ae/x",
            "https://fw.example/a%c0%afb",
            "https://fw.example/a%ff",
            "https://fw.example/{x}",
            "https://fw.example/<x>",
        ] {
            assert!(Target::parse(url).is_err(), "{url:?}");
        }
        for (path, query) in [(2_048, 0), (1, 9_000)] {
            let url = format!("https://fw.example/{}?{}", "a".repeat(path), "b".repeat(query));
            assert!(Target::parse(&url).is_err());
        }
        let long = format!("https://fw.example/{}?{}", "a".repeat(2_047), "b".repeat(5_000));
        assert!(Target::parse(&long).is_ok());
    }

    #[test]
    fn redirects_lead_to_whole_urls() {
        let from = Target::parse("https://fw.example:8443/a/b?c").unwrap();
        for (location, to) in [
            ("/x?y#z", "https://fw.example:8443/x?y"),
            ("//other.example/x", "https://other.example/x"),
            ("http://other.example", "http://other.example/"),
        ] {
            assert_eq!(from.redirected(location).unwrap().url(), to);
        }
        for location in
            ["", "x", "../x", "?x", "javascript:alert(1)", "https://127.1/", "//me@fw.example/", "/../x"]
        {
            assert!(from.redirected(location).is_err(), "{location}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_is_normal_stays(url in "(https?://)?[a-z0-9.:@\\[\\]-]{0,12}(/[a-z0-9%./;?&=*-]{0,20})?") {
            if let Ok(target) = Target::parse(&url) {
                prop_assert_eq!(Target::parse(&target.url()), Ok(target.clone()));
                let parsed: http::Uri = target.url().parse().unwrap();
                prop_assert_eq!(parsed.host().map(str::to_owned), Some(target.host.to_string()));
                prop_assert_eq!(parsed.path(), target.path);
                let dots = target.decoded.split(|byte| *byte == b'/').any(|part| part == b".." || part == b".");
                prop_assert!(!dots);
            }
        }

        #[test]
        fn any_text_is_read_or_refused(url in "\\PC{0,60}") {
            let _ = Target::parse(&url);
        }
    }
}
