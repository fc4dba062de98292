use std::collections::BTreeSet;

use autosec_plugin::HttpRequest;
use ipnet::IpNet;
use serde_json::{Value, json};

use crate::config::{Config, Set};

/// What a set holds, and the token for its next change.
pub(crate) fn read(config: &Config, set: &Set) -> HttpRequest {
    ask(config, "GetIPSet", &json!({"Name": set.name, "Scope": config.scope.name(), "Id": set.id}))
}

/// Replaces what a set holds.
pub(crate) fn update(config: &Config, set: &Set, addresses: &BTreeSet<IpNet>, lock: &str) -> HttpRequest {
    let addresses: Vec<String> = addresses.iter().map(IpNet::to_string).collect();
    let body = json!({
        "Name": set.name, "Scope": config.scope.name(), "Id": set.id, "Addresses": addresses, "LockToken": lock,
    });
    ask(config, "UpdateIPSet", &body)
}

/// The host signs it.
fn ask(config: &Config, action: &str, body: &Value) -> HttpRequest {
    HttpRequest::new("POST", format!("{}/", config.url))
        .with_header("x-amz-target", format!("AWSWAF_20190729.{action}"))
        .with_body("application/x-amz-json-1.1", body.to_string())
        .with_secret("key")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;

    #[test]
    fn a_set_is_replaced_under_its_token() {
        let config = config();
        let set = config.sets().next().unwrap();
        let addresses = ["192.0.2.1/32", "2001:db8::/64"].map(|text| text.parse().unwrap()).into();
        let update = update(&config, set, &addresses, "token-1");
        let wanted = r#"{"Addresses":["192.0.2.1/32","2001:db8::/64"],"Id":"1","LockToken":"token-1","Name":"a","Scope":"REGIONAL"}"#;
        assert_eq!(String::from_utf8(update.body).unwrap(), wanted);
        assert_eq!(update.url, "https://wafv2.eu-central-1.amazonaws.com/");
        let header =
            |name: &str| update.headers.iter().find(|header| header.name == name).unwrap().value.clone();
        assert_eq!(header("x-amz-target"), "AWSWAF_20190729.UpdateIPSet");
        assert_eq!(header("content-type"), "application/x-amz-json-1.1");
    }
}
