//! Random requests, and filters of ten shapes with random constants. The constants come from ranges so wide that a filter
//! rarely matches: findings are made on our side alone.

use std::net::Ipv4Addr;

use crate::random::Random;

const METHODS: [&str; 5] = ["GET", "HEAD", "POST", "PUT", "DELETE"];

/// The eleven fields of a request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) host: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) method: &'static str,
    pub(super) agent: String,
    pub(super) address: Ipv4Addr,
    pub(super) country: String,
    pub(super) network: u32,
    pub(super) port: u32,
    pub(super) status: u32,
    pub(super) score: u32,
}

impl Request {
    pub(super) fn random(random: &mut Random) -> Self {
        Self {
            host: host(random),
            path: format!("/{}/{}/index.html", word(random), word(random)),
            query: format!("id={}&page={}&session={}", word(random), random.below(50), word(random)),
            method: method(random),
            agent: format!("Mozilla/5.0 (X11; Linux x86_64) {}/1.{}", word(random), random.below(20)),
            address: address(random),
            country: country(random),
            network: network(random),
            port: random.below(65_536),
            status: random.of(&[200, 204, 301, 403, 404, 500]),
            score: random.below(100),
        }
    }
}

/// The filter's text, its shape going round with `at`.
pub(super) fn filter(at: usize, random: &mut Random) -> String {
    let (path, query, agent) = ("url.path", "url.query", "user_agent.original");
    match at % 10 {
        0 => format!(r#"url.domain eq "{}" and {path} eq "/{}/index.html""#, host(random), word(random)),
        1 => {
            let [a, b, c, _] = address(random).octets();
            format!("source.ip in {{ {a}.{b}.{c}.0/24 }}")
        }
        2 => format!(r#"{path} contains "{}" and http.request.method eq "{}""#, word(random), method(random)),
        3 => format!(
            r#"source.geo.country_iso_code in {{ "{}" "{}" "{}" }} and source.port in {{ {} {} {} }}"#,
            country(random),
            country(random),
            country(random),
            random.below(65_536),
            random.below(65_536),
            random.below(65_536)
        ),
        4 => format!(r#"{agent} contains "{}" or {agent} contains "{}""#, word(random), word(random)),
        5 => format!(r#"request.score gt {} and url.domain eq "{}""#, 50 + random.below(40), host(random)),
        6 => format!(r#"{query} contains "session={}""#, word(random)),
        7 => format!("source.ip eq {}", address(random)),
        8 => format!(
            r#"{path} contains "{}" and not source.geo.country_iso_code in {{ "{}" "{}" }} and source.as.number in {{ {} {} }}"#,
            word(random),
            country(random),
            country(random),
            network(random),
            network(random)
        ),
        _ => format!(
            r#"source.as.number eq {} and http.request.method eq "{}" and http.response.status_code ge 400"#,
            network(random),
            method(random)
        ),
    }
}

fn host(random: &mut Random) -> String {
    format!("shop{}.example.org", random.below(20_000))
}

fn word(random: &mut Random) -> String {
    format!("item{:05}", random.below(50_000))
}

fn method(random: &mut Random) -> &'static str {
    random.of(&METHODS)
}

/// One of a million addresses, in 4,096 networks of /24.
fn address(random: &mut Random) -> Ipv4Addr {
    Ipv4Addr::from(0x0a00_0000 + random.below(1 << 20))
}

fn country(random: &mut Random) -> String {
    let letter = |random: &mut Random| char::from(b'A' + u8::try_from(random.below(26)).unwrap_or_default());
    format!("{}{}", letter(random), letter(random))
}

fn network(random: &mut Random) -> u32 {
    1 + random.below(60_000)
}
