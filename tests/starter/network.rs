//! Flow records and alerts.

use std::fmt::Write;

use super::{CLIENT, Case, SERVER, assert_all, clock};

#[tokio::test]
async fn honest_flows_pass() {
    assert_all(
        [
            flows("answers of a resolver", 60, |n| Flow {
                transport: "UDP",
                from: (CLIENT, 53),
                to: (SERVER.to_owned(), 20_000 + n),
                packets: 1,
            }),
            flows("answers of a web server", 60, |n| Flow {
                transport: "TCP",
                from: (CLIENT, 443),
                to: (SERVER.to_owned(), 20_000 + n),
                packets: 3,
            }),
            flows("passive FTP", 60, |n| to_port(30_000 + n, 5)),
            flows("a peer-to-peer client", 60, |n| Flow {
                transport: "TCP",
                from: (SERVER, 40_000),
                to: (format!("192.0.2.{n}"), 20_000 + n),
                packets: 1,
            }),
            flows("mail delivery", 60, |n| Flow {
                transport: "TCP",
                from: (SERVER, 40_000 + n),
                to: (format!("192.0.2.{n}"), 25),
                packets: 20,
            }),
            alerts("answers of a victim", 80, "Attempted Administrator Privilege Gain"),
            alerts("office policy", 40_000, "Potential Corporate Privacy Violation"),
        ],
        false,
    )
    .await;
}

#[tokio::test]
async fn scans_are_blocked() {
    assert_all(
        [
            flows("a port scan", 60, |n| to_port(n + 1, 1)),
            flows("a port scan that connects", 60, |n| to_port(n + 1, 3)),
            flows("a sweep", 60, |n| Flow {
                transport: "TCP",
                from: (CLIENT, 40_000 + n),
                to: (format!("192.0.2.{n}"), 445),
                packets: 1,
            }),
            alerts("alerts", 40_000, "Attempted Administrator Privilege Gain"),
        ],
        true,
    )
    .await;
}

/// A record of one TCP or UDP flow.
struct Flow {
    transport: &'static str,
    from: (&'static str, usize),
    to: (String, usize),
    packets: usize,
}

fn flows(name: &'static str, count: usize, flow: impl Fn(usize) -> Flow) -> Case {
    let mut log = String::new();
    for n in 0..count {
        let Flow { transport, from: (source, source_port), to: (target, port), packets } = flow(n);
        writeln!(
            log,
            r#"{{"timestamp":"2026-11-12T{}.000000+0000","flow_id":{n},"event_type":"flow","src_ip":"{source}","src_port":{source_port},"dest_ip":"{target}","dest_port":{port},"proto":"{transport}","flow":{{"pkts_toserver":{packets},"pkts_toclient":1,"state":"closed"}}}}"#,
            clock(n / 2)
        )
        .unwrap();
    }
    (name, log)
}

/// A flow of the client to the server's port.
fn to_port(port: usize, packets: usize) -> Flow {
    Flow { transport: "TCP", from: (CLIENT, 45_000), to: (SERVER.to_owned(), port), packets }
}

fn alerts(name: &'static str, port: usize, category: &str) -> Case {
    let mut log = String::new();
    for n in 0..4 {
        writeln!(
            log,
            r#"{{"timestamp":"2026-11-12T{}.000000+0000","event_type":"alert","src_ip":"{CLIENT}","src_port":{port},"dest_ip":"{SERVER}","dest_port":4000,"proto":"TCP","alert":{{"action":"allowed","signature_id":7,"signature":"x","category":"{category}","severity":1}}}}"#,
            clock(n)
        )
        .unwrap();
    }
    (name, log)
}
