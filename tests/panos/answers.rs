//! Every documented error, and what becomes of it.

use autosec_core::enforce::{EnforceError, FirewallIntegration, Outcome};
use autosec_integrations::firewall::panos::PanOsConfig;

use super::{Canned, KEY, block, canned};
use crate::support::golden;

/// A recorded answer: a line with the status, headers, an empty line, the body.
fn recorded(text: &str) -> Canned {
    let (head, body) = text.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().parse().unwrap();
    let headers = lines.map(|line| line.split_once(": ").unwrap());
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Canned { status, headers, ..Canned::new(body.trim_end()) }
}

fn outcomes(answer: Result<Vec<Outcome>, EnforceError>) -> String {
    match answer {
        Ok(outcomes) => {
            let said = outcomes.iter().map(|outcome| format!("{} {:?}", outcome.target, outcome.status));
            said.collect::<Vec<_>>().join("\n       ")
        }
        Err(error) => fate(&error),
    }
}

fn fate(error: &EnforceError) -> String {
    let debug = format!("{error:?}");
    let kind = debug.split(' ').next().unwrap();
    format!("{kind}{}: {error}", if error.is_transient() { ", tried again at once" } else { "" })
}

async fn render(answer: &str) -> String {
    let client = recorded(answer);
    let firewall =
        canned(&client, PanOsConfig { name: "edge".into(), ..PanOsConfig::new("https://fw.example") });
    let blocks = [block("192.0.2.1/32", 60), block("192.0.2.2/32", 60)];
    let block = outcomes(firewall.block(&blocks).await);
    let asked = client.asked().len();
    let unblock = outcomes(firewall.unblock(&blocks.each_ref().map(|block| block.target)).await);
    let read = match firewall.blocked().await {
        Ok(blocks) => format!("{} blocks", blocks.len()),
        Err(error) => fate(&error),
    };
    let health = match firewall.health().await {
        Ok(health) => format!("{health:?}"),
        Err(error) => fate(&error),
    };
    let text = format!(
        "block  {block}\n       after {asked} requests\nunblock {unblock}\nread   {read}\nhealth {health}"
    );
    assert!(!text.contains(KEY), "{text}");
    text
}

#[test]
fn become_what_helps() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cases = golden::cases("panos/answers", "http");
    assert!(cases.len() > 20, "{}", cases.len());
    golden::assert_rendered(&cases, |_, text| runtime.block_on(render(text)));
}
