//! What behaviour costs: bytes an entity, a million of them, time to weigh and learn an event:
//! `cargo bench --bench behavior`.
//!
//! The logins are synthetic: each user has a home, an office and a telephone network, two browsers that are upgraded, and hours;
//! a million users log in ten to twelve times over two months, in the order of time. Time is CPU time of the thread, of
//! users drawn at random, so that what is known of each has to come from memory.

mod support;

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use autosec_core::behavior::{BehaviorAnalyzer, BehaviorConfig};
use autosec_core::entity::Entity;
use autosec_core::event::{Event, field};
use autosec_core::finding::{Detector, Findings};
use autosec_core::time::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use support::{Asks, bar};

const USERS: u64 = 1_000_000;
const FEW: u64 = 10_000;
const START: i64 = 1_780_000_000;
const DAY: i64 = 86_400;
const TIMED: u64 = 60_000;
const ROUNDS: u64 = 5;
const SAMPLED: u64 = 20_000;

fn main() {
    let few = filled(FEW);
    println!("note behavior/update-and-score-10k {:.2} us", cost(&few, FEW));
    drop(few);
    let before = resident();
    let all = filled(USERS);
    let megabytes = (resident() - before) / 1e6;
    sizes(&all);
    bar("behavior/million-users", megabytes, "MB", Asks::AtMost(400.0));
    println!(
        "note behavior/million-users {} entities, {:.0} MB of them counted, {} gave way",
        all.entities(),
        all.bytes() as f64 / 1e6,
        all.evicted()
    );
    println!("note behavior/score {:.2} us", scoring(&all, USERS));
    bar("behavior/update-and-score", cost(&all, USERS), "us", Asks::AtMost(4.0));
}

fn sizes(analyzer: &BehaviorAnalyzer) {
    let users = (0..SAMPLED).map(|at| mixed(at) % USERS);
    let mut sizes: Vec<usize> =
        users.filter_map(|user| Some(analyzer.baseline(&Entity::User(name(user).into()))?.bytes())).collect();
    sizes.sort_unstable();
    let at = |share: f64| sizes[((sizes.len() - 1) as f64 * share) as usize] as f64;
    bar("behavior/bytes-median", at(0.5), "bytes", Asks::AtMost(256.0));
    bar("behavior/bytes-p99", at(0.99), "bytes", Asks::AtMost(1024.0));
    println!("note behavior/bytes largest {} of {}", sizes[sizes.len() - 1], sizes.len());
}

/// Microseconds to weigh an event and learn from it.
fn cost(analyzer: &BehaviorAnalyzer, users: u64) -> f64 {
    timed(|at| {
        let user = mixed(at) % users;
        let mut findings = Findings::default();
        analyzer.detect(&login(&name(user), user, 12 + at / users, 0), &mut findings);
        black_box(findings);
    })
}

/// Microseconds to weigh an event.
fn scoring(analyzer: &BehaviorAnalyzer, users: u64) -> f64 {
    timed(|at| {
        let user = mixed(at + ROUNDS * TIMED) % users;
        black_box(analyzer.score(&login(&name(user), user, 12, 0)));
    })
}

/// Microseconds of CPU time a call, less those to make the event: the median of rounds, each of other users.
fn timed(mut call: impl FnMut(u64)) -> f64 {
    let each = |round: u64, run: &mut dyn FnMut(u64)| {
        let start = clock();
        (round * TIMED..(round + 1) * TIMED).for_each(run);
        (clock() - start) * 1e6 / TIMED as f64
    };
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|round| {
            let all = each(round, &mut call);
            let making = each(round, &mut |at| {
                let user = mixed(at) % USERS;
                black_box(login(&name(user), user, 12, 0));
            });
            all - making
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}

fn filled(users: u64) -> BehaviorAnalyzer {
    let config = BehaviorConfig {
        baseline_bytes: 512 << 20,
        crowd_bytes: 64 << 20,
        seed: Some(7),
        ..BehaviorConfig::default()
    };
    let analyzer = BehaviorAnalyzer::builder().config(config).build().expect("the settings are right");
    let mut findings = Findings::default();
    for round in 0..12 {
        for user in (0..users).filter(|user| round < 10 + user % 3) {
            analyzer.detect(&login(&name(user), user, round, user * DAY as u64 / users), &mut findings);
            findings = Findings::default();
        }
    }
    analyzer
}

fn name(user: u64) -> String {
    format!("user{user}")
}

/// The login of this number of a user: every five days or so, `offset` seconds later for who comes later in a round.
fn login(name: &str, user: u64, round: u64, offset: u64) -> Event<'_> {
    let luck = mixed(user * 64 + round);
    let hour = 7 + user % 5 + luck % 4;
    let time = START + (round * 5 + luck % 3) as i64 * DAY + (hour * 3600 + offset / 24) as i64;
    let (network, address) = match luck / 16 % 10 {
        0..5 => (user % 200, 1),
        5..8 => (200 + user % 3_000, 2 + luck / 256 % 4),
        _ => (4_000 + user % 20, luck / 256 % 50_000),
    };
    let address =
        Ipv4Addr::from(((network as u32) << 16).wrapping_add(user as u32 * 7 % 60_000 + address as u32));
    let browser = ["Chrome", "Firefox", "Safari", "Edge"][(user % 4) as usize];
    let device = luck / 64 % 10 < 7;
    let agent = if device { "Windows" } else { "iOS" };
    let version = ["128.0", "129.0", "130.0"][(round / 4) as usize % 3];
    Event::new(Timestamp::from_secs(time))
        .with(field::USER_NAME, name)
        .with(field::EVENT_ACTION, "login")
        .with(field::EVENT_OUTCOME, "success")
        .with(field::SERVICE_NAME, "portal")
        .with(field::SOURCE_IP, IpAddr::V4(address))
        .with(field::SOURCE_AS_NUMBER, network as i64)
        .with(field::SOURCE_GEO_COUNTRY_ISO_CODE, if network % 17 == 0 { "AT" } else { "DE" })
        .with(field::SOURCE_GEO_CITY_NAME, if network % 2 == 0 { "Berlin" } else { "Bonn" })
        .with(field::SOURCE_GEO_LOCATION_LAT, 50.0 + (network % 20) as f64 / 10.0)
        .with(field::SOURCE_GEO_LOCATION_LON, 10.0)
        .with(field::USER_AGENT_NAME, if device { browser } else { "Mobile Safari" })
        .with(field::USER_AGENT_VERSION, version)
        .with(field::USER_AGENT_OS_NAME, agent)
        .with(field::USER_AGENT_OS_VERSION, "17")
        .with(field::USER_AGENT_DEVICE_NAME, if device { "Other" } else { "iPhone" })
}

fn mixed(value: u64) -> u64 {
    let mixed = value.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ mixed >> 31).wrapping_mul(0x94d0_49bb_1331_11eb) >> 8
}

/// Seconds of CPU time of this thread.
fn clock() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// Bytes of memory that the process holds.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
}
