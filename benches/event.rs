//! Reading events: `cargo bench --bench event`.

mod support;

use std::borrow::Cow;
use std::hint::black_box;

use autosec_core::event::{FieldId, FieldMask, JsonReader, Schema, field};
use serde::Deserialize;
use serde_json::{Value, json};
use support::{Asks, Ratio, bar, ratio};

/// Distinct events a batch, so that no branch is learnt by heart.
const EVENTS: u64 = 512;

const WANTED: [FieldId; 10] = [
    field::EVENT_ACTION,
    field::EVENT_CATEGORY,
    field::EVENT_OUTCOME,
    field::SOURCE_IP,
    field::SOURCE_PORT,
    field::DESTINATION_IP,
    field::DESTINATION_PORT,
    field::USER_NAME,
    field::URL_PATH,
    field::USER_AGENT_ORIGINAL,
];

fn main() {
    let events: Vec<Vec<u8>> = (0..EVENTS).map(event).collect();
    let mean = events.iter().map(Vec::len).sum::<usize>() / events.len();
    println!("ecs: {} events of {mean} bytes on average, 10 of 21 fields wanted", events.len());
    let reader = JsonReader::new(&Schema::ecs(), &WANTED.into_iter().collect::<FieldMask>());
    assert_alike(&events, &reader);

    let against_value =
        ratio(|| events.iter().for_each(|bytes| look_up(bytes)), || read_all(&reader, &events));
    report("serde_json::Value", against_value);
    bar("event/json-vs-serde-value", against_value.ratio, "ratio", Asks::AtLeast(3.0));

    let against_typed = ratio(|| events.iter().for_each(|bytes| typed(bytes)), || read_all(&reader, &events));
    report("serde_json into borrowed structs", against_typed);
    bar("event/json-vs-serde-typed", against_typed.ratio, "ratio", Asks::AtLeast(1.0));

    alert_lines();
}

fn report(peer: &str, measured: Ratio) {
    let events = f64::from(u32::try_from(EVENTS).unwrap_or(u32::MAX));
    println!(
        "{peer}: {:.0} ns an event, ours {:.0} ns",
        measured.peer.as_secs_f64() * 1e9 / events,
        measured.ours.as_secs_f64() * 1e9 / events
    );
}

fn read_all(reader: &JsonReader, events: &[Vec<u8>]) {
    for bytes in events {
        black_box(reader.read(bytes).expect("the bench's own events are well formed"));
    }
}

/// Both sides see the same values, or the comparison is void.
fn assert_alike(events: &[Vec<u8>], reader: &JsonReader) {
    for bytes in events {
        let event = reader.read(bytes).expect("well formed");
        let tree: Value = serde_json::from_slice(bytes).expect("well formed");
        assert_eq!(event.fields().count(), WANTED.len());
        assert_eq!(event.text(field::USER_NAME), tree["user"]["name"].as_str());
        assert_eq!(event.integer(field::SOURCE_PORT), tree["source"]["port"].as_i64());
        let address = event.address(field::SOURCE_IP).map(|address| address.to_string());
        assert_eq!(address.as_deref(), tree["source"]["ip"].as_str());
        let typed: Typed<'_> = serde_json::from_slice(bytes).expect("well formed");
        assert_eq!(event.text(field::URL_PATH), Some(&*typed.url.path));
    }
}

/// The peer: a tree of everything, then ten look-ups. Texts stay texts: it parses neither addresses nor the time.
fn look_up(bytes: &[u8]) {
    let tree: Value = serde_json::from_slice(bytes).expect("well formed");
    black_box(tree["event"]["action"].as_str());
    black_box(tree["event"]["category"].as_str());
    black_box(tree["event"]["outcome"].as_str());
    black_box(tree["source"]["ip"].as_str());
    black_box(tree["source"]["port"].as_i64());
    black_box(tree["destination"]["ip"].as_str());
    black_box(tree["destination"]["port"].as_i64());
    black_box(tree["user"]["name"].as_str());
    black_box(tree["url"]["path"].as_str());
    black_box(tree["user_agent"]["original"].as_str());
}

/// The other peer: the same ten fields fixed when compiled, the rest skipped.
fn typed(bytes: &[u8]) {
    black_box(serde_json::from_slice::<Typed<'_>>(bytes).expect("well formed"));
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read by serde_json, and most only to be timed")]
struct Typed<'a> {
    #[serde(borrow, rename = "@timestamp")]
    time: Cow<'a, str>,
    #[serde(borrow)]
    event: TypedEvent<'a>,
    #[serde(borrow)]
    source: Endpoint<'a>,
    #[serde(borrow)]
    destination: Endpoint<'a>,
    #[serde(borrow)]
    user: User<'a>,
    #[serde(borrow)]
    url: Url<'a>,
    #[serde(borrow)]
    user_agent: UserAgent<'a>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only to be timed")]
struct TypedEvent<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    category: Cow<'a, str>,
    #[serde(borrow)]
    outcome: Cow<'a, str>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only to be timed")]
struct Endpoint<'a> {
    #[serde(borrow)]
    ip: Cow<'a, str>,
    port: i64,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only to be timed")]
struct User<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Url<'a> {
    #[serde(borrow)]
    path: Cow<'a, str>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only to be timed")]
struct UserAgent<'a> {
    #[serde(borrow)]
    original: Cow<'a, str>,
}

/// A web login: 21 scalar fields and tags.
fn event(n: u64) -> Vec<u8> {
    let spread = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (a, b, c) = (spread >> 56, (spread >> 48) & 0xff, (spread >> 40) & 0xff);
    let path = ["/login", "/api/v1/session", "/admin/index.php", "/assets/app.js"][(a % 4) as usize];
    let agent = ["curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"]
        [(b % 2) as usize];
    let outcome = if c % 3 == 0 { "success" } else { "failure" };
    json!({
        "@timestamp": format!("2026-11-22T14:{:02}:{:02}.{:03}Z", a % 60, b % 60, n % 1000),
        "event": {"action": "user-login", "category": "authentication", "outcome": outcome, "dataset": "web.access", "id": format!("{spread:016x}")},
        "source": {"ip": format!("198.51.{a}.{b}"), "port": 1024 + spread % 60000, "bytes": spread % 5000, "geo": {"country_iso_code": "DE"}},
        "destination": {"ip": format!("192.0.2.{c}"), "port": 443, "bytes": spread % 90000},
        "user": {"name": format!("user{}", spread % 1000), "domain": "example"},
        "http": {"request": {"method": "POST"}, "response": {"status_code": 200 + a % 200}},
        "url": {"path": path},
        "user_agent": {"original": agent},
        "host": {"name": format!("web{}.example.org", a % 20)},
        "network": {"transport": "tcp"},
        "tags": ["web", "production"]
    })
    .to_string()
    .into_bytes()
}

/// Lines of 2 kB of a network sensor, 12 fields wanted.
fn alert_lines() {
    let lines: Vec<Vec<u8>> = (0..EVENTS).map(alert).collect();
    let bytes: usize = lines.iter().map(Vec::len).sum();
    let reader = JsonReader::builder(&Schema::ecs())
        .path("src_ip", field::SOURCE_IP)
        .path("src_port", field::SOURCE_PORT)
        .path("dest_ip", field::DESTINATION_IP)
        .path("dest_port", field::DESTINATION_PORT)
        .path("proto", field::NETWORK_TRANSPORT)
        .path("event_type", field::EVENT_KIND)
        .path("alert.signature", field::RULE_NAME)
        .path("alert.signature_id", field::RULE_ID)
        .path("alert.severity", field::EVENT_SEVERITY)
        .path("http.hostname", field::URL_DOMAIN)
        .path("http.url", field::URL_ORIGINAL)
        .path("http.http_user_agent", field::USER_AGENT_ORIGINAL)
        .time("timestamp")
        .build();
    let tree = || {
        for line in &lines {
            black_box(serde_json::from_slice::<Value>(line).expect("well formed"));
        }
    };
    let measured = ratio(tree, || read_all(&reader, &lines));
    println!("sensor: {} lines of {} bytes on average, 12 fields wanted", lines.len(), bytes / lines.len());
    report("serde_json::Value", measured);
    #[expect(clippy::cast_precision_loss, reason = "a megabyte of input")]
    let rate = bytes as f64 / measured.ours.as_secs_f64() / 1e9;
    bar("event/json-sensor-lines", rate, "GB/s", Asks::AtLeast(1.0));
}

fn alert(n: u64) -> Vec<u8> {
    let spread = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (a, b) = (spread >> 56, (spread >> 48) & 0xff);
    let payload: String = (0..12).map(|word| format!("{:016x}", spread.rotate_left(word * 5))).collect();
    json!({
        "timestamp": format!("2026-11-22T14:{:02}:{:02}.{:06}+0000", a % 60, b % 60, spread % 1_000_000),
        "flow_id": spread >> 12, "in_iface": "eth0", "event_type": "alert", "pkt_src": "wire/pcap",
        "src_ip": format!("198.51.{a}.{b}"), "src_port": 1024 + spread % 60000,
        "dest_ip": "192.0.2.80", "dest_port": 80, "proto": "TCP", "tx_id": n, "community_id": format!("1:{spread:x}{n:x}="),
        "metadata": {"flowbits": ["exe.seen", "http.get"], "flowints": {"applayer.anomaly.count": 1}},
        "alert": {"action": "allowed", "gid": 1, "signature_id": 2_000_000 + n, "rev": 7, "signature": "TRAVERSAL attempt in request path (inbound)",
            "category": "Web Application Attack", "severity": 1 + a % 3,
            "metadata": {"affected_product": ["Web_Server"], "attack_target": ["Server"], "created_at": ["2024_01_09"], "confidence": ["High"], "updated_at": ["2025_03_02"]}},
        "http": {"hostname": "www.example.org", "url": format!("/cgi-bin/{n}/../../etc/passwd?x={a}"), "http_user_agent": "Mozilla/5.0 (compatible; scan/1.2)",
            "http_content_type": "text/html", "http_method": "GET", "protocol": "HTTP/1.1", "status": 404, "length": 196,
            "request_headers": [{"name": "Host", "value": "www.example.org"}, {"name": "Accept", "value": "*/*"}],
            "response_headers": [{"name": "Server", "value": "httpd"}, {"name": "Content-Type", "value": "text/html"}]},
        "app_proto": "http", "direction": "to_server",
        "flow": {"pkts_toserver": 4, "pkts_toclient": 3, "bytes_toserver": 512 + a, "bytes_toclient": 900 + b, "start": "2026-11-22T13:59:58.000001+0000",
            "src_ip": format!("198.51.{a}.{b}"), "dest_ip": "192.0.2.80", "src_port": 1024 + spread % 60000, "dest_port": 80},
        "payload": payload, "payload_printable": "GET /cgi-bin HTTP/1.1\r\nHost: www.example.org\r\nAccept: */*\r\n\r\n", "stream": 1,
        "packet": "RQAAKAABAABABnXNwKgAAcCoAAIAUABQAAAAAAAAAABQAiAAkXwAAA==", "packet_info": {"linktype": 1},
        "host": "sensor1", "sensor": {"site": "north", "rack": 12, "version": "7.0.3", "build": "release", "uptime": 1_209_600 + n},
        "capture": {"drops": 0, "errors": 0, "decoder": {"pkts": 1_000_000 + n, "bytes": 73_000_000 + n, "ipv4": 900_000, "ipv6": 100_000}}
    })
    .to_string()
    .into_bytes()
}
