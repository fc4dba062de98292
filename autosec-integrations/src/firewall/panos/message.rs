use std::fmt::Write;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Uri};
use ipnet::IpNet;

use super::config::PanOsConfig;

/// The longest time that a tag can be given.
pub(super) const LONGEST: Duration = Duration::from_secs(2_592_000);
/// How many addresses are listed in one answer.
pub(super) const PAGE: usize = 500;

/// Something that is to carry the tag, or not any more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Item {
    pub(super) target: IpNet,
    /// In seconds, at least one; `None` is for ever.
    pub(super) timeout: Option<u64>,
}

impl Item {
    pub(super) fn new(target: IpNet, ttl: Option<Duration>) -> Self {
        // Nothing must end before its time, and a timeout of 0 would never end.
        let whole = |ttl: Duration| ttl.as_secs().saturating_add(u64::from(ttl.subsec_nanos() > 0));
        let timeout = ttl.map(|ttl| whole(ttl).clamp(1, LONGEST.as_secs()));
        Self { target: target.trunc(), timeout }
    }

    pub(super) fn is_host(&self) -> bool {
        self.target.prefix_len() == self.target.max_prefix_len()
    }
}

/// What becomes of the tags of some addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Change {
    /// They are given.
    Register,
    /// They are taken away and given anew, in one message.
    Refresh,
    /// They are taken away.
    Unregister,
}

/// The fields of a request that changes tags.
pub(super) fn change(config: &PanOsConfig, change: Change, items: &[Item]) -> Vec<u8> {
    let mut message = String::from("<uid-message><version>1.0</version><type>update</type><payload>");
    if matches!(change, Change::Unregister | Change::Refresh) {
        section(&mut message, config, "unregister", items);
    }
    if matches!(change, Change::Register | Change::Refresh) {
        section(&mut message, config, "register", items);
    }
    message.push_str("</payload></uid-message>");
    form(config, &[("type", "user-id"), ("action", "set"), ("cmd", &message)])
}

fn section(message: &mut String, config: &PanOsConfig, name: &str, items: &[Item]) {
    let registers = name == "register";
    let tag = &config.tag;
    let _ = write!(message, "<{name}>");
    for item in items {
        let _ = write!(message, "<entry ip=\"{}\"", address(item));
        if registers {
            let _ = write!(message, " persistent=\"{}\"", u8::from(config.persistent));
        }
        message.push_str("><tag><member");
        if let Some(seconds) = item.timeout.filter(|_| registers && config.version >= 9) {
            let _ = write!(message, " timeout=\"{seconds}\"");
        }
        // Without a member every tag of the address would be meant, those of others too.
        let _ = write!(message, ">{tag}</member></tag></entry>");
    }
    let _ = write!(message, "</{name}>");
}

/// The fields of a request that lists a page of what carries the tag, from this place on; the first is 1.
pub(super) fn page(config: &PanOsConfig, start: usize) -> Vec<u8> {
    let tag = &config.tag;
    let command = format!(
        "<show><object><registered-ip><limit>{PAGE}</limit><start-point>{start}</start-point>\
         <tag><entry name=\"{tag}\"/></tag></registered-ip></object></show>"
    );
    form(config, &[("type", "op"), ("cmd", &command)])
}

/// The fields of a request that shows the tags of one address.
pub(super) fn look_up(config: &PanOsConfig, item: &Item) -> Vec<u8> {
    let command =
        format!("<show><object><registered-ip><ip>{}</ip></registered-ip></object></show>", address(item));
    form(config, &[("type", "op"), ("cmd", &command)])
}

/// The fields of a request that says which one of a pair the firewall is.
pub(super) fn pair(config: &PanOsConfig) -> Vec<u8> {
    form(config, &[("type", "op"), ("cmd", "<show><high-availability><state/></high-availability></show>")])
}

/// The fields of a request that says what model and version the firewall is.
pub(super) fn system(config: &PanOsConfig) -> Vec<u8> {
    form(config, &[("type", "op"), ("cmd", "<show><system><info/></system></show>")])
}

/// The fields of a request for a key.
pub(super) fn login(user: &str, password: &str) -> Vec<u8> {
    fields(&[("type", "keygen"), ("user", user), ("password", password)])
}

/// A whole request. The key is in a header that is marked as secret.
pub(super) fn request(api: &Uri, key: Option<HeaderValue>, body: Vec<u8>) -> Request<Vec<u8>> {
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = api.clone();
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    if let Some(mut key) = key {
        key.set_sensitive(true);
        headers.insert("x-pan-key", key);
    }
    request
}

/// Hosts are written without a prefix length: an IPv6 address may have none.
fn address(item: &Item) -> String {
    if item.is_host() { item.target.addr().to_string() } else { item.target.to_string() }
}

fn form(config: &PanOsConfig, command: &[(&str, &str)]) -> Vec<u8> {
    let place = [("vsys", Some(&*config.vsys)), ("target", config.target.as_deref())];
    let place = place.iter().filter_map(|(name, value)| value.map(|value| (*name, value)));
    fields(&command.iter().copied().chain(place).collect::<Vec<_>>())
}

/// Fields as a form is sent.
fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut body = String::with_capacity(fields.iter().map(|(_, value)| value.len() * 2).sum());
    for (name, value) in fields {
        if !body.is_empty() {
            body.push('&');
        }
        body.push_str(name);
        body.push('=');
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => body.push(byte.into()),
                b' ' => body.push('+'),
                // Writing to a text cannot fail.
                _ => _ = write!(body, "%{byte:02X}"),
            }
        }
    }
    body.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_and_never_endless_by_accident() {
        let timeout = |ttl| Item::new("192.0.2.7/24".parse().unwrap(), ttl).timeout;
        for (millis, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (u64::MAX, 2_592_000)] {
            assert_eq!(timeout(Some(Duration::from_millis(millis))), Some(seconds), "{millis}");
        }
        assert_eq!(timeout(Some(Duration::MAX)), Some(2_592_000));
        assert_eq!(timeout(None), None);
    }

    #[test]
    fn a_form_takes_any_byte() {
        assert_eq!(
            fields(&[("a", "<b c=\"1\">"), ("d", "ü&=+")]),
            b"a=%3Cb+c%3D%221%22%3E&d=%C3%BC%26%3D%2B"
        );
    }
}
