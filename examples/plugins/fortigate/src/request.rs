use std::net::IpAddr;

use autosec_plugin::HttpRequest;
use serde_json::{Value, json};

use crate::config::Config;
use crate::plan::Time;

/// Who is banned.
pub(crate) fn list(config: &Config) -> HttpRequest {
    ask("GET", config.at("user/banned"))
}

/// What the FortiGate is.
pub(crate) fn system(config: &Config) -> HttpRequest {
    ask("GET", config.at("system/status"))
}

/// Bans addresses.
pub(crate) fn add(config: &Config, ips: &[IpAddr], time: Time) -> HttpRequest {
    tell(config.at("user/banned/add_users"), &json!({"ip_addresses": ips, "expiry": time.expiry()}))
}

/// Lets addresses in.
pub(crate) fn clear(config: &Config, ips: &[IpAddr]) -> HttpRequest {
    tell(config.at("user/banned/clear_users"), &json!({"ip_addresses": ips}))
}

fn ask(method: &str, url: String) -> HttpRequest {
    HttpRequest::new(method, url).with_secret("token")
}

fn tell(url: String, body: &Value) -> HttpRequest {
    ask("POST", url).with_body("application/json", body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;

    #[test]
    fn a_ban_has_an_end() {
        let ips = ["192.0.2.1", "2001:db8::1"].map(|ip| ip.parse().unwrap());
        let banned = add(&config(), &ips, Time(Some(60)));
        assert_eq!(banned.body, br#"{"expiry":60,"ip_addresses":["192.0.2.1","2001:db8::1"]}"#);
        assert_eq!(banned.url, "https://fw.example:8443/api/v2/monitor/user/banned/add_users?vdom=root");
        assert_eq!(clear(&config(), &ips[..1]).body, br#"{"ip_addresses":["192.0.2.1"]}"#);
    }
}
