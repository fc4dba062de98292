//! Every request, as it is sent.

use std::path::Path;

use autosec_core::enforce::FirewallIntegration;
use autosec_integrations::firewall::panos::{Credentials, PanOs, PanOsConfig};
use http::Request;

use super::{Canned, KEY, block, canned, message, net};
use crate::support::golden;

const SUCCESS: &str = "<response status=\"success\"><result/></response>";
const AGAIN: &str = "<response status=\"error\"><msg><line><uid-response><version>2.0</version><payload><register>\
                     <entry ip=\"192.0.2.1\" message=\"tag autosec-block already exists, ignore\"/></register></payload>\
                     </uid-response></line></msg></response>";

/// A request as a person reads it. The secret is to be where secrets are not shown, and nowhere else.
fn shown(request: &Request<Vec<u8>>) -> String {
    let mut text = format!("{} {}\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        let value = if value.is_sensitive() { "(secret)" } else { value.to_str().unwrap() };
        text += &format!("{name}: {value}\n");
    }
    let body = String::from_utf8(request.body().clone()).unwrap();
    assert!(!text.contains(KEY) && !body.contains(KEY), "{text}\n{body}");
    for (name, value) in message::fields(request.body()) {
        text += &format!("\n{name} = {}", value.replace("><", ">\n  <"));
    }
    text
}

fn config() -> PanOsConfig {
    PanOsConfig::new("https://fw.example")
}

async fn ask(case: &str, answer: &str, config: PanOsConfig) -> Vec<Request<Vec<u8>>> {
    let client = Canned::new(answer);
    let firewall: PanOs = canned(&client, config);
    let blocks =
        [block("192.0.2.1/32", 3_600), block("198.51.100.0/24", 0), block("2001:db8::1/128", 40 * 86_400)];
    let targets = blocks.each_ref().map(|block| block.target);
    // What comes of it is tried elsewhere.
    match case {
        "block" | "panorama" | "volatile" | "without-times" => drop(firewall.block(&blocks).await),
        "refresh" => drop(firewall.block(&blocks[..1]).await),
        "unblock" => drop(firewall.unblock(&targets).await),
        "read" => drop(firewall.blocked().await),
        "health" => drop(firewall.health().await),
        "log-in" => drop(firewall.unblock(&[net("192.0.2.1/32")]).await),
        other => panic!("{other}"),
    }
    client.asked()
}

#[tokio::test]
async fn are_as_recorded() {
    let login = Credentials::Login { user: "auto sec".into(), password: "pan-os-password".into() };
    let page: String =
        (0..500).map(|n| format!("<entry ip=\"10.0.{}.{}\"><tag/></entry>", n / 250, n % 250)).collect();
    let page = format!("<response status=\"success\"><result>{page}</result></response>");
    let cases = [
        ("block", SUCCESS, config()),
        ("refresh", AGAIN, config()),
        ("unblock", SUCCESS, config()),
        ("read", &page, config()),
        ("health", SUCCESS, config()),
        (
            "log-in",
            "<response status = 'success'><result><key>made</key></result></response>",
            PanOsConfig { credentials: login, ..config() },
        ),
        (
            "panorama",
            SUCCESS,
            PanOsConfig {
                target: Some("007051000000001".into()),
                vsys: "vsys2".into(),
                tag: "blocked.by_us".into(),
                ..config()
            },
        ),
        ("volatile", SUCCESS, PanOsConfig { persistent: false, ..config() }),
        ("without-times", SUCCESS, PanOsConfig { version: 8, ..config() }),
    ];
    let mut wrong = Vec::new();
    for (case, answer, config) in cases {
        let asked = ask(case, answer, config).await;
        let shown: Vec<String> = asked.iter().map(shown).collect();
        let golden =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/panos/requests/{case}.txt"));
        wrong.extend(golden::differs(&golden, &format!("{}\n", shown.join("\n\n"))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
