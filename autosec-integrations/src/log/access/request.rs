use std::borrow::Cow;

use autosec_core::event::{FieldId, field};

use super::super::draft::Draft;
use super::super::percent;
use super::super::scan::{cut, cut_last, find, number};

/// Reads `GET /path?query HTTP/1.1` as logged. What is no request (the start of a TLS handshake, `-`, nothing) is
/// kept as the message.
pub(super) fn set_request<'a>(logged: &'a [u8], draft: &mut Draft<'a, '_>) {
    let request = percent::unescape(logged);
    match split(&request) {
        Some((method, target, version)) => {
            let connect = method == b"CONNECT";
            let (method, target, version) = (method.len(), target.len(), version.len());
            // Lengths, because parts of a `Cow` do not outlive the match; the two gaps are one space each.
            set_part(field::HTTP_REQUEST_METHOD, part(&request, 0, method), draft);
            let target = part(&request, method + 1, target);
            if connect {
                set_part(field::URL_ORIGINAL, target, draft);
            } else {
                set_target(target, draft);
            }
            if version > 0 {
                set_part(field::HTTP_VERSION, part(&request, request.len() - version, version), draft);
            }
        }
        None if request.is_empty() || *request == *b"-" => {}
        None => set_part(field::MESSAGE, request, draft),
    }
}

/// Sets `url.original`, and path and query decoded once. The target is what a request line holds: a path, or a URL
/// where the client takes the server for a proxy.
pub(in super::super) fn set_target<'a>(target: Cow<'a, [u8]>, draft: &mut Draft<'a, '_>) {
    let start = path_start(&target);
    if start > 0 && draft.wants(field::URL_DOMAIN) {
        let (from, to) = authority(&target, start);
        set_part(field::URL_DOMAIN, part(&target, from, to - from), draft);
    }
    let rest = part(&target, start, target.len() - start);
    let (path, query) =
        cut(&rest, b'?').map_or((rest.len(), None), |(path, query)| (path.len(), Some(query.len())));
    if draft.wants(field::URL_PATH) {
        draft.set(field::URL_PATH, percent::text(decoded(part(&rest, 0, path), percent::path)));
    }
    if let Some(query) = query
        && draft.wants(field::URL_QUERY)
    {
        draft.set(field::URL_QUERY, percent::text(decoded(part(&rest, path + 1, query), percent::query)));
    }
    set_part(field::URL_ORIGINAL, target, draft);
}

/// Sets the status and what it says of the outcome: a failure from 400 up.
pub(in super::super) fn set_status(status: Option<i64>, draft: &mut Draft<'_, '_>) {
    if let Some(status) = status {
        draft.set(field::HTTP_RESPONSE_STATUS_CODE, status);
        draft.set(field::EVENT_OUTCOME, if status >= 400 { "failure" } else { "success" });
    }
}

/// Method, target and version without `HTTP/`; empty where a request of HTTP/0.9 has none.
fn split(request: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (method, rest) = cut(request, b' ')?;
    let token = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'-' || *byte == b'_';
    if method.is_empty() || method.len() > 32 || !method.iter().all(token) || rest.is_empty() {
        return None;
    }
    Some(match cut_last(rest, b' ') {
        Some((target, version)) if version.starts_with(b"HTTP/") => (method, target, version.get(5..)?),
        _ => (method, rest, &[]),
    })
}

/// Where the path starts: behind `http://host`, if that is there, else at once.
fn path_start(target: &[u8]) -> usize {
    // A path may hold `://` in a parameter; only what does not begin with a slash can be a URL.
    if target.first().is_none_or(|byte| *byte == b'/') {
        return 0;
    }
    let Some(scheme) = find(target, b"://").filter(|at| *at <= 8) else { return 0 };
    let host = scheme + 3;
    let length = target.iter().skip(host).position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    length.map_or(target.len(), |length| host + length)
}

/// Where the host name starts and ends in `http://user@host:port`.
fn authority(target: &[u8], end: usize) -> (usize, usize) {
    let url = target.get(..end).unwrap_or_default();
    let start = find(url, b"://").map_or(0, |at| at + 3);
    // The last `@`: what stands before it is the client's choice and may hold others.
    let start = memchr::memrchr(b'@', url).map_or(start, |at| (at + 1).max(start));
    let host = url.get(start..).unwrap_or_default();
    let length = match cut_last(host, b':') {
        Some((name, port)) if number(port).is_some() => name.len(),
        _ => host.len(),
    };
    (start, start + length)
}

/// A part of the bytes, borrowed from where they are.
fn part<'a>(bytes: &Cow<'a, [u8]>, start: usize, length: usize) -> Cow<'a, [u8]> {
    let range = start..start.saturating_add(length);
    match bytes {
        Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(range).unwrap_or_default()),
        Cow::Owned(bytes) => Cow::Owned(bytes.get(range).unwrap_or_default().to_vec()),
    }
}

fn decoded<'a>(bytes: Cow<'a, [u8]>, decode: fn(&[u8]) -> Cow<'_, [u8]>) -> Cow<'a, [u8]> {
    match bytes {
        Cow::Borrowed(bytes) => decode(bytes),
        Cow::Owned(bytes) => Cow::Owned(decode(&bytes).into_owned()),
    }
}

fn set_part<'a>(field: FieldId, bytes: Cow<'a, [u8]>, draft: &mut Draft<'a, '_>) {
    if draft.wants(field) {
        draft.set(field, percent::text(bytes));
    }
}

#[cfg(test)]
mod tests {
    use autosec_core::event::{Event, FieldMask, Schema};
    use autosec_core::time::Timestamp;

    use super::*;

    fn event<'a>(logged: &'a str, fields: &FieldMask) -> Event<'a> {
        let mut event = Event::new(Timestamp::EPOCH);
        let mut draft = Draft::new(&mut event, Timestamp::EPOCH, fields);
        set_request(logged.as_bytes(), &mut draft);
        event
    }

    #[test]
    fn takes_requests_apart() {
        let fields = FieldMask::all(&Schema::ecs());
        for (logged, method, original, path, query, version) in [
            ("GET / HTTP/1.1", "GET", "/", "/", "", "1.1"),
            ("POST /a%20b?q=a+b%2526 HTTP/2.0", "POST", "/a%20b?q=a+b%2526", "/a b", "q=a b%26", "2.0"),
            ("GET /a b?c d HTTP/1.1", "GET", "/a b?c d", "/a b", "c d", "1.1"),
            ("GET /", "GET", "/", "/", "", ""),
            ("GET /?a?b=/../ HTTP/1.1", "GET", "/?a?b=/../", "/", "a?b=/../", "1.1"),
            (r#"GET /\x22\"?\x5C\\ HTTP/1.1"#, "GET", r#"/""?\\"#, r#"/"""#, r"\\", "1.1"),
            ("CONNECT example.org:443 HTTP/1.1", "CONNECT", "example.org:443", "", "", "1.1"),
            ("OPTIONS * HTTP/1.1", "OPTIONS", "*", "*", "", "1.1"),
        ] {
            let event = event(logged, &fields);
            let text = |field| event.text(field).unwrap_or_default();
            assert_eq!(text(field::HTTP_REQUEST_METHOD), method, "{logged}");
            assert_eq!(text(field::URL_ORIGINAL), original, "{logged}");
            assert_eq!(text(field::URL_PATH), path, "{logged}");
            assert_eq!(text(field::URL_QUERY), query, "{logged}");
            assert_eq!(text(field::HTTP_VERSION), version, "{logged}");
        }
    }

    #[test]
    fn knows_urls_meant_for_a_proxy() {
        let fields = FieldMask::all(&Schema::ecs());
        for (logged, domain, path, query) in [
            ("GET http://example.org/a?b HTTP/1.1", "example.org", "/a", "b"),
            ("GET https://ann@example.org:8443?b HTTP/1.1", "example.org", "", "b"),
            ("GET http:// HTTP/1.1", "", "", ""),
            ("GET /login?next=http://example.org/ HTTP/1.1", "", "/login", "next=http://example.org/"),
        ] {
            let event = event(logged, &fields);
            let text = |field| event.text(field).unwrap_or_default();
            assert_eq!(
                (text(field::URL_DOMAIN), text(field::URL_PATH), text(field::URL_QUERY)),
                (domain, path, query),
                "{logged}"
            );
        }
    }

    #[test]
    fn keeps_what_is_no_request() {
        let fields = FieldMask::all(&Schema::ecs());
        let garbage = event(r"\x16\x03\x01", &fields);
        assert_eq!(garbage.text(field::MESSAGE), Some("\u{16}\u{3}\u{1}"));
        assert_eq!(garbage.text(field::HTTP_REQUEST_METHOD), None);
        for empty in ["", "-"] {
            assert_eq!(event(empty, &fields).fields().count(), 0);
        }
    }
}
