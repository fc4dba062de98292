//! What is asked of the device. The host fills in the secret `token` where `plugin.toml` says it belongs.

use autosec_plugin::{Entry, Header, HttpRequest};

pub fn put(host: &str, entry: &Entry) -> HttpRequest {
    let body = serde_json::json!({ "seconds": entry.ttl_secs, "reason": entry.reason });
    request("PUT", host, &entry.target, body.to_string())
}

pub fn delete(host: &str, target: &str) -> HttpRequest {
    request("DELETE", host, target, String::new())
}

pub fn status(host: &str) -> HttpRequest {
    HttpRequest {
        url: format!("https://{host}/api/status"),
        ..request("GET", host, "", String::new())
    }
}

fn request(method: &str, host: &str, target: &str, body: String) -> HttpRequest {
    // A prefix is one part of the path.
    let target = target.replace('/', "%2F");
    HttpRequest {
        method: method.to_owned(),
        url: format!("https://{host}/api/blocks/{target}"),
        headers: vec![Header {
            name: "content-type".to_owned(),
            value: "application/json".to_owned(),
        }],
        body: body.into_bytes(),
        timeout_ms: Some(10_000),
        secrets: vec!["token".to_owned()],
    }
}
