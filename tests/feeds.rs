//! Feeds from end to end: from an answer through schedule and update into an engine, and the example as its user meets it.

use std::io::{self, Read};
use std::net::IpAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use autosec_core::decision::{Allowlist, PolicyConfig};
use autosec_core::enforce::{FirewallIntegration, MemoryFirewall};
use autosec_core::engine::{Engine, Verdict};
use autosec_core::entity::Entity;
use autosec_core::event::{Event, field};
use autosec_core::intel::warninglist::{Warninglist, Warninglists};
use autosec_core::intel::{IndicatorIndex, Refusal, Sighting, UpdateReport};
use autosec_core::measure::RiskScore;
use autosec_core::time::{ManualClock, Timestamp};
use autosec_integrations::feed::list::{ListKind, ListReader, ListSettings, preset};
use autosec_integrations::feed::schedule::{Believed, FeedPlan, Schedule};
use serde_json::json;

use crate::support::program;
use crate::taxii::medallion::Medallion;

const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);
const HOUR: Duration = Duration::from_secs(3_600);

/// What a host does with an answer, in the few lines that it takes.
#[derive(Default)]
struct Host {
    index: Arc<IndicatorIndex>,
    schedule: Schedule,
}

impl Host {
    fn answered(
        &mut self,
        settings: ListSettings,
        now: Timestamp,
        body: impl Read,
    ) -> Result<UpdateReport, String> {
        let name = settings.name.clone();
        self.schedule.add(name.clone(), FeedPlan::every(settings.every));
        let mut update = self.index.update();
        update.replace(&name);
        let read = ListReader::new(settings).read(body, now, &mut |indicator| update.put(indicator));
        match read {
            Ok(report) => match self.schedule.answered(&name, now, report.indicators) {
                Believed::Yes => Ok(update.commit()),
                Believed::No { before, now } => Err(format!("{before} became {now}")),
            },
            Err(error) => {
                self.schedule.failed(&name, now, &error.to_string(), None);
                Err(error.to_string())
            }
        }
    }
}

fn addresses() -> ListSettings {
    let mut settings = ListSettings::new("list", ListKind::parse("network").unwrap());
    settings.confidence = Some(autosec_integrations::feed::list::Graded::All(1.0));
    settings
}

fn named(name: &str) -> ListSettings {
    let mut settings = addresses();
    settings.name = name.to_owned();
    settings
}

fn lines(range: std::ops::Range<u32>) -> String {
    range.map(|host| format!("198.18.{}.{}\n", host / 256, host % 256)).collect()
}

#[test]
fn what_cannot_be_believed_leaves_the_last_good_one_in_force() {
    let mut host = Host::default();
    assert_eq!(host.answered(addresses(), NOW, lines(0..1_000).as_bytes()).unwrap().added, 1_000);
    let good = host.index.snapshot();
    let page = "\n<!DOCTYPE html><title>Log in</title>198.18.0.1";
    let refusal = r#"{"errors":[{"detail":"Daily rate limit of 5 requests exceeded","status":429}]}"#;
    let mut abuseipdb = preset("abuseipdb").unwrap();
    abuseipdb.name = "list".to_owned();
    let broken = lines(0..990).into_bytes();
    let answers: [(ListSettings, Box<dyn Read>, &str); 6] = [
        (addresses(), Box::new(page.as_bytes()), "the answer is a web page"),
        (abuseipdb.clone(), Box::new(refusal.as_bytes()), "the document has no `data`"),
        (abuseipdb, Box::new(&b"{\"data\":[{\"ipAddress\":\"198.18"[..]), "no whole JSON document"),
        (addresses(), Box::new((&broken[..]).chain(Failing)), "cannot read the list"),
        (addresses(), Box::new(&b"198.18.0.1\n198.18.0.2\n"[..]), "1000 became 2"),
        (addresses(), Box::new(&b""[..]), "1000 became 0"),
    ];
    for (number, (settings, body, why)) in (1..).zip(answers) {
        let refused = host.answered(settings, NOW + number * HOUR, body).unwrap_err();
        assert!(refused.contains(why), "{refused}");
        assert!(Arc::ptr_eq(&good, &host.index.snapshot()), "{why}");
    }
    assert_eq!(host.schedule.status("list").unwrap().held, Some(0));

    // Somebody looked: the list really is that short now.
    host.schedule.accept("list");
    let report = host.answered(addresses(), NOW + 9 * HOUR, &b"198.18.0.1\n198.18.0.2\n"[..]).unwrap();
    assert_eq!((report.removed, report.unchanged, host.index.snapshot().len()), (998, 2, 2));
}

/// A connection that is lost.
struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

#[test]
fn a_list_that_comes_again_keeps_what_was_seen() {
    let mut host = Host::default();
    host.answered(addresses(), NOW, lines(0..200).as_bytes()).unwrap();
    let seen = Sighting::new("list", "network:198.18.0.7", NOW + HOUR);
    assert_eq!(host.index.sight([seen]).sighted, 1);
    let mut tagged = addresses();
    tagged.tags = vec!["botnet".to_owned()];
    let report = host.answered(tagged, NOW + 2 * HOUR, lines(5..205).as_bytes()).unwrap();
    assert_eq!((report.added, report.changed, report.removed), (5, 195, 5));
    let kept = host.index.snapshot().indicator("list", "network:198.18.0.7").unwrap();
    assert_eq!((kept.last_sighting, &*kept.tags[0]), (Some(NOW + HOUR), "botnet"));
    assert_eq!(host.index.snapshot().indicator("list", "network:198.18.0.2"), None);
}

#[test]
fn two_sources_speak_for_themselves() {
    let mut host = Host::default();
    for name in ["one", "other"] {
        host.answered(named(name), NOW, &b"198.18.0.7\n"[..]).unwrap();
    }
    let engine = Engine::builder().detector(Arc::clone(&host.index)).build().unwrap();
    let sources = |engine: &Engine| -> Vec<String> {
        let verdict = engine.process(seen("198.18.0.7"));
        let mut names: Vec<String> = verdict.findings().map(|one| one.analytic.id.to_string()).collect();
        names.sort();
        names
    };
    assert_eq!(sources(&engine), ["one", "other"]);
    host.answered(named("one"), NOW + HOUR, &b"198.18.0.8\n"[..]).unwrap();
    assert_eq!(
        sources(&engine),
        ["other"],
        "the engine sees the new snapshot, and the other source is as it was"
    );
}

fn seen(address: &str) -> Event<'static> {
    Event::new(NOW).with(field::SOURCE_IP, address.parse::<IpAddr>().unwrap())
}

/// An engine that blocks for a single indicator, with its firewall.
fn strict(index: &Arc<IndicatorIndex>, allowlist: Allowlist) -> (Engine, Arc<MemoryFirewall>) {
    let firewall = Arc::new(MemoryFirewall::new("memory"));
    let [alert, block] = [0.1, 0.2].map(RiskScore::clamped);
    let engine = Engine::builder()
        .detector(Arc::clone(index))
        .firewall(Arc::clone(&firewall))
        .allowlist(allowlist)
        .thresholds(PolicyConfig { alert, block, ..PolicyConfig::default() })
        .clock(Arc::new(ManualClock::new(NOW)))
        .build()
        .unwrap();
    (engine, firewall)
}

async fn blocked(engine: &Engine, firewall: &MemoryFirewall, addresses: &[&str]) -> Vec<String> {
    for address in addresses {
        let verdict: Verdict = engine.process(seen(address));
        for decision in verdict.decisions() {
            assert!(engine.enforce(decision).await.is_complete());
        }
    }
    let mut targets: Vec<String> =
        firewall.blocked().await.unwrap().iter().map(|block| block.target.addr().to_string()).collect();
    targets.sort();
    targets
}

#[tokio::test]
async fn a_feed_blocks_nobody_who_is_allowed() {
    let mut host = Host::default();
    host.answered(addresses(), NOW, &b"198.18.0.0/24\n2001:db8:7::/48\n"[..]).unwrap();
    let allowlist = Allowlist::new();
    let prefix = |text: &str| Entity::Address(text.parse().unwrap());
    allowlist.insert(prefix("198.18.0.9/32"), "the office");
    allowlist.insert(prefix("2001:db8:7:1::5/128"), "the office");
    let (engine, firewall) = strict(&host.index, allowlist);
    let visitors = ["198.18.0.9", "198.18.0.10", "::ffff:198.18.0.9", "2001:db8:7:1::6", "2001:db8:7:2::6"];
    assert_eq!(
        blocked(&engine, &firewall, &visitors).await,
        ["198.18.0.10", "2001:db8:7:2::"],
        "the prefix of a client is spared if somebody in it is allowed"
    );
}

#[tokio::test]
async fn a_feed_blocks_nobody_who_is_on_a_warninglist() {
    let mut host = Host::default();
    host.answered(addresses(), NOW, &b"198.18.0.0/24\n"[..]).unwrap();
    let list = Warninglist::read(br#"{"name": "Public resolvers", "type": "cidr", "list": ["198.18.0.9"]}"#);
    host.index.set_warninglists(Warninglists::new([list.unwrap()]));
    let (engine, firewall) = strict(&host.index, Allowlist::new());
    assert_eq!(blocked(&engine, &firewall, &["198.18.0.9", "198.18.0.10"]).await, ["198.18.0.10"]);
    let verdict = engine.process(seen("198.18.0.9"));
    let words = verdict.explain().to_string();
    assert!(words.contains("Public resolvers"), "{words}");
    assert_eq!(verdict.findings().count(), 1, "it is reported all the same");
}

#[tokio::test]
async fn a_feed_that_lists_everybody_blocks_nobody() {
    let mut host = Host::default();
    let everybody = "0.0.0.0/0\n::/0\n0.0.0.0/1\n::ffff:0.0.0.0/96\n128.0.0.0/2\n198.18.0.7/0\n198.18.0.10\n";
    let report = host.answered(addresses(), NOW, everybody.as_bytes()).unwrap();
    assert_eq!((report.added, report.refused_for(Refusal::TooWide)), (1, 6));
    let (engine, firewall) = strict(&host.index, Allowlist::new());
    let visitors = ["198.18.0.9", "198.18.0.10", "2001:db8::1"];
    assert_eq!(blocked(&engine, &firewall, &visitors).await, ["198.18.0.10"]);
}

/// The exit code, what is printed, and what is complained of.
fn example(arguments: &[&str]) -> (i32, String, String) {
    example_with(arguments, None)
}

/// The same with the password of a TAXII server in the environment.
fn example_with(arguments: &[&str], password: Option<&str>) -> (i32, String, String) {
    let mut command = program::example("feeds");
    command.args(arguments).stdin(Stdio::null()).env_remove("AUTOSEC_TAXII_PASSWORD");
    password.map(|password| command.env("AUTOSEC_TAXII_PASSWORD", password));
    program::said(command.output().unwrap())
}

/// The text without the line breaks and spaces of a table.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_example_says_what_hit_and_what_was_held_back() {
    let (code, out, err) = example(&[]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let text = flat(&out);
    for said in [
        "spamhaus-drop 4 records, 0 left out, 1 rejected: 2 added, 1 refused (a prefix wider than the limit)",
        "rejected `network:0.0.0.0/0`: a prefix wider than the limit",
        "rejected record 5: `203.0.113.300` is no network",
        "partner 9 records, 1 left out, 0 rejected: 8 added",
        "sharing-group 6 objects, 1 patterns over several observations, 1 rejected",
        "203.0.113.7 is listed by feodo-c2, sure to 0.90 and to",
        "203.0.113.21 is listed by partner, sure to 0.80 and to 0.09 on that day",
        "gobuster/3.5 is listed by tools",
        "tagged malware:SampleBot",
        "on the warninglist `Our own offices`: not acted upon",
        "on the warninglist `Known crawlers of search engines`: not acted upon",
        "on the warninglist `Exits of a vpn service`: ",
    ] {
        assert!(text.contains(said), "{said}: {out}");
    }
    let (found, held) = text.split_once("held back by a warninglist").unwrap();
    assert!(
        !found.contains("192.0.2.10 is listed") && held.contains("192.0.2.10 is listed by partner"),
        "{out}"
    );
    assert!(!text.contains("203.0.113.201 is listed") && !text.contains("192.0.2.30 is listed"), "{out}");
    let firewall = text.split_once("a firewall in memory holds now").unwrap().1;
    assert!(firewall.contains("203.0.113.7 ") && !firewall.contains("192.0.2."), "{out}");
}

#[test]
fn the_example_names_a_feed_that_failed_and_loads_the_others() {
    let folder = std::env::temp_dir().join(format!("autosec-feeds-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let manifest = r#"[{"file": "page.txt", "as": {"preset": "spamhaus-drop"}}, {"file": "none.txt", "as": {"stix": "gone"}},
        {"file": "x", "as": {"preset": "no-such"}}, {"file": "good.txt", "as": {"preset": "firehol-level1"}}]"#;
    for (name, text) in [
        ("feeds.json", manifest),
        ("page.txt", "<html>\u{1b}[2J"),
        ("good.txt", "203.0.113.7\n203.0.113.8\u{1b}[2J\n"),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let (code, out, err) = example(&["--feeds", folder.to_str().unwrap()]);
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    let text = flat(&out);
    for said in [
        "spamhaus-drop nothing: the answer is a web page and not a list",
        "gone nothing: cannot open",
        "no-such nothing: there is no preset `no-such`",
        "firehol-level1 2 records, 0 left out, 1 rejected: 1 added",
        "203.0.113.7 is listed by firehol-level1",
    ] {
        assert!(text.contains(said), "{said}: {out}");
    }
}

#[test]
fn the_example_refuses_what_it_does_not_know() {
    for (arguments, code, said) in [
        (&["--help"][..], 0, "usage:"),
        (&["--fedes", "x"], 2, "unknown option `--fedes`"),
        (&["--geo"], 2, "`--geo` needs a value"),
        (&["--taxii", "ftp://x"], 1, "error: "),
        (&["--feeds", "no-such-folder"], 1, "cannot read `no-such-folder"),
        (&["no-such.log"], 1, "cannot read `no-such.log`"),
    ] {
        let (exited, out, err) = example(arguments);
        assert!(exited == code && (out.contains(said) || err.contains(said)), "{arguments:?}: {out}{err}");
    }
}

#[test]
fn the_example_asks_a_real_taxii_server() {
    let indicator = json!({
        "type": "indicator", "spec_version": "2.1", "id": "indicator--00000000-0000-4000-8000-000000000001",
        "created": "2026-11-01T00:00:00.000Z", "modified": "2026-11-02T00:00:00.000Z", "pattern_type": "stix",
        "pattern": "[ipv4-addr:value = '203.0.113.26']", "valid_from": "2026-11-01T00:00:00Z",
    });
    let objects = [(indicator, "2026-11-02T00:00:00.000000Z")];
    let Some(server) = Medallion::start("feeds::the_example_asks_a_real_taxii_server", &objects) else {
        return;
    };
    let url = server.url("/taxii2/");
    let (code, out, err) = example(&["--taxii", &url, "--taxii-user", "admin"]);
    assert!(code == 1 && out.is_empty() && err.contains("AUTOSEC_TAXII_PASSWORD"), "{out}{err}");
    let (code, out, err) = example_with(&["--taxii", &url, "--taxii-user", "admin"], Some("Password0"));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let text = flat(&out);
    assert!(text.contains("203.0.113.26 is listed by taxii "), "{out}");
    assert!(!out.contains("Password0"), "{out}");
}

#[test]
fn the_example_knows_where_addresses_are() {
    let database = "../shared/corpora/maxmind/test-data/GeoLite2-ASN-Test.mmdb";
    if !Path::new(database).exists() {
        eprintln!("skipped: the_example_knows_where_addresses_are, `{database}` is not there");
        return;
    }
    let folder = std::env::temp_dir().join(format!("autosec-feeds-as-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let manifest = r#"[{"file": "as.json", "as": {"preset": "spamhaus-asndrop"}}]"#;
    let log = "1.128.0.7 - - [22/Nov/2026:14:00:00 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"\n";
    for (name, text) in
        [("feeds.json", manifest), ("as.json", "{\"asn\":1221,\"cc\":\"AU\"}\n"), ("access.log", log)]
    {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let log = folder.join("access.log");
    let arguments = ["--feeds", folder.to_str().unwrap(), "--geo", database, log.to_str().unwrap()];
    let (code, out, err) = example(&arguments);
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(code == 0 && flat(&out).contains("1221 is listed by spamhaus-asndrop"), "{out}{err}");
}
