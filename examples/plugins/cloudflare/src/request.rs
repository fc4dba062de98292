use autosec_plugin::HttpRequest;
use serde_json::json;

use crate::config::Config;

/// The most items of one page.
const PAGE: u32 = 500;

/// An item that is to be in the list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct New {
    pub(crate) ip: String,
    pub(crate) comment: String,
}

fn ask(method: &str, url: String) -> HttpRequest {
    HttpRequest::new(method, url).with_secret("token")
}

/// What the list is.
pub(crate) fn list(config: &Config) -> HttpRequest {
    ask("GET", config.list())
}

/// A page of its items.
pub(crate) fn items(config: &Config, cursor: Option<&str>, limit: u32) -> HttpRequest {
    let page = limit.clamp(1, PAGE);
    let cursor = cursor.map(|cursor| format!("&cursor={}", escaped(cursor))).unwrap_or_default();
    ask("GET", format!("{}/items?per_page={page}{cursor}", config.list()))
}

/// Puts items in.
pub(crate) fn add(config: &Config, items: &[New]) -> HttpRequest {
    let items: Vec<_> = items.iter().map(|new| json!({"ip": new.ip, "comment": new.comment})).collect();
    ask("POST", format!("{}/items", config.list())).with_body("application/json", json!(items).to_string())
}

/// Takes items out.
pub(crate) fn remove(config: &Config, ids: &[String]) -> HttpRequest {
    let items: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
    let body = json!({"items": items}).to_string();
    ask("DELETE", format!("{}/items", config.list())).with_body("application/json", body)
}

/// How far a change is.
pub(crate) fn operation(config: &Config, id: &str) -> HttpRequest {
    ask("GET", format!("{}/bulk_operations/{}", config.lists(), escaped(id)))
}

/// A text of the server's, as a part of a URL.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => escaped.push(byte.into()),
            byte => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;

    #[test]
    fn what_the_server_named_cannot_leave_its_place() {
        let url = operation(&config(), "../../users?x=1").url;
        assert!(url.ends_with("/rules/lists/bulk_operations/%2E%2E%2F%2E%2E%2Fusers%3Fx%3D1"), "{url}");
        assert!(items(&config(), Some("a&b"), 7).url.ends_with("/items?per_page=7&cursor=a%26b"));
        assert!(items(&config(), None, u32::MAX).url.ends_with("/items?per_page=500"));
    }

    #[test]
    fn a_change_names_its_items() {
        let new = New { ip: "192.0.2.1".to_owned(), comment: "autosec: \"x\"".to_owned() };
        let added = add(&config(), &[new]);
        assert_eq!(added.body, br#"[{"comment":"autosec: \"x\"","ip":"192.0.2.1"}]"#);
        assert_eq!((added.method.as_str(), added.secrets), ("POST", vec!["token".to_owned()]));
        assert_eq!(remove(&config(), &["7".to_owned()]).body, br#"{"items":[{"id":"7"}]}"#);
    }
}
