use autosec_plugin::HttpRequest;
use ipnet::IpNet;
use serde_json::{Value, json};

use crate::config::Config;
use crate::item::{Family, Time, written};

fn ask(method: &str, url: String) -> HttpRequest {
    HttpRequest::new(method, url).with_secret("password")
}

fn tell(method: &str, url: String, body: &Value) -> HttpRequest {
    ask(method, url).with_body("application/json", body.to_string())
}

/// What stands in the list.
pub(crate) fn list(config: &Config, family: Family) -> HttpRequest {
    let list = &config.list;
    let path = format!("{}?list={list}&.proplist=.id,list,address,timeout,comment", family.path());
    ask("GET", config.at(&path))
}

/// Puts a target in.
pub(crate) fn add(config: &Config, target: IpNet, time: Time, reason: &str) -> HttpRequest {
    let mut body = json!({"list": config.list, "address": written(target), "comment": reason});
    if let (Some(fields), Some(_)) = (body.as_object_mut(), time.0) {
        fields.insert("timeout".to_owned(), time.written().into());
    }
    tell("PUT", config.at(Family::of(target).path()), &body)
}

/// Changes the time of an entry.
pub(crate) fn change(config: &Config, family: Family, id: &str, time: Time) -> HttpRequest {
    tell("PATCH", entry(config, family, id), &json!({"timeout": time.written()}))
}

/// Takes an entry out.
pub(crate) fn remove(config: &Config, family: Family, id: &str) -> HttpRequest {
    ask("DELETE", entry(config, family, id))
}

/// What the router is.
pub(crate) fn system(config: &Config) -> HttpRequest {
    ask("GET", config.at("system/resource"))
}

/// The rules of a table.
pub(crate) fn rules(config: &Config, table: &str) -> HttpRequest {
    let path = format!("ip/firewall/{table}?.proplist=action,src-address-list,disabled");
    ask("GET", config.at(&path))
}

/// The identifier was looked at when it was read.
fn entry(config: &Config, family: Family, id: &str) -> String {
    config.at(&format!("{}/{id}", family.path()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;

    #[test]
    fn a_time_is_named_where_there_is_one() {
        let target = "192.0.2.1/32".parse().unwrap();
        let brief = add(&config(), target, Time(Some(60)), "rule=\"scan\"");
        assert_eq!(
            brief.body,
            br#"{"address":"192.0.2.1","comment":"rule=\"scan\"","list":"autosec","timeout":"60s"}"#
        );
        assert_eq!(brief.url, "https://router.example/rest/ip/firewall/address-list");
        let endless = add(&config(), target, Time(None), "");
        assert_eq!(endless.body, br#"{"address":"192.0.2.1","comment":"","list":"autosec"}"#);
        let changed = change(&config(), Family::V6, "*1A", Time(None));
        assert_eq!(changed.url, "https://router.example/rest/ipv6/firewall/address-list/*1A");
        assert_eq!(changed.body, br#"{"timeout":"none-static"}"#);
    }
}
