//! What it costs to know where an address is, beside the reader of the same files: `cargo bench --bench geo`.
//!
//! Needs a real city database in MaxMind's layout: `AUTOSEC_GEO_DATABASE` names it, and
//! `benches/peers/python/run.py geo` fetches one and runs this. Addresses are uniformly random, so most look-ups wait for
//! memory. CPU time, medians of several rounds.

mod support;

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use autosec_core::enrich::geo::{GeoCode, GeoDatabase, GeoFacts, GeoTable, Location};
use maxminddb::{Reader, geoip2};
use rustix::time::{ClockId, clock_gettime};
use support::{Asks, bar};

const ADDRESSES: usize = 200_000;
/// How many there are that come again.
const VISITORS: usize = 5_000;
const ROUNDS: usize = 7;

fn main() {
    let Ok(path) = std::env::var("AUTOSEC_GEO_DATABASE") else {
        for name in ["database-vs-city", "table-vs-city", "table-vs-bare"] {
            println!("bar intel/geo-{name} skipped (AUTOSEC_GEO_DATABASE names no database)");
        }
        return;
    };
    let bytes = std::fs::read(&path).expect("it can be read");
    let peer = Reader::from_source(bytes.clone()).expect("it is a database");
    let database = GeoDatabase::new(bytes.clone()).expect("it is a database");
    let before = cpu();
    let table =
        GeoTable::new(&[GeoDatabase::new(bytes).expect("it is a database")]).expect("it is not too large");
    println!(
        "note intel/geo {} nodes; table of {} ranges made in {:.2} s, {:.1} MB",
        peer.metadata().node_count,
        table.len(),
        cpu() - before,
        table.bytes() as f64 / 1e6
    );
    let mut state = 7_u64;
    let addresses: Vec<IpAddr> = (0..ADDRESSES)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            IpAddr::V4(Ipv4Addr::from_bits((state >> 32) as u32))
        })
        .collect();
    for address in &addresses {
        let facts = database.lookup(*address).expect("it is sound");
        assert_eq!(facts, table.lookup(*address), "{address}");
    }
    // A server's visitors come again and again; strangers from everywhere come once.
    let visitors: Vec<IpAddr> =
        (0..ADDRESSES).filter_map(|n| addresses.get(n * 7_919 % VISITORS)).copied().collect();
    for (who, addresses) in [("visitors", &visitors), ("strangers", &addresses)] {
        let Costs { city, bare, kept, compiled } = Costs::measure(&peer, &database, &table, addresses);
        println!(
            "note intel/geo {who}: peer's full city {city:.0} ns, bare {bare:.0} ns; database {kept:.0} ns; table {compiled:.1} ns an address"
        );
        bar(&format!("intel/geo-database-vs-city-{who}"), city / kept, "ratio", Asks::AtLeast(5.0));
        bar(&format!("intel/geo-table-vs-city-{who}"), city / compiled, "ratio", Asks::AtLeast(5.0));
        bar(&format!("intel/geo-table-vs-bare-{who}"), bare / compiled, "ratio", Asks::AtLeast(5.0));
    }
}

/// Nanoseconds an address.
struct Costs {
    /// The peer's full decode of a city record.
    city: f64,
    /// The peer's look-up without decoding anything.
    bare: f64,
    /// Country, system and place from a database.
    kept: f64,
    /// The same from a table.
    compiled: f64,
}

impl Costs {
    /// Rounds of all four take turns, so that a busy machine slows all of them.
    fn measure(
        peer: &Reader<Vec<u8>>,
        database: &GeoDatabase,
        table: &GeoTable,
        addresses: &[IpAddr],
    ) -> Self {
        let mut rounds: [Vec<f64>; 4] = Default::default();
        for _ in 0..ROUNDS {
            let times = [
                time(addresses, |address| {
                    let found = peer.lookup(address).expect("it is sound");
                    black_box(found.decode::<geoip2::City<'_>>().expect("it is sound"));
                }),
                time(addresses, |address| {
                    black_box(peer.lookup(address).expect("it is sound").offset());
                }),
                time(addresses, |address| {
                    black_box(database.lookup(address).expect("it is sound").map(asked));
                }),
                time(addresses, |address| {
                    black_box(table.lookup(address).map(asked));
                }),
            ];
            rounds.iter_mut().zip(times).for_each(|(round, time)| round.push(time));
        }
        let [city, bare, kept, compiled] = rounds.map(|mut round| {
            round.sort_by(f64::total_cmp);
            round[ROUNDS / 2]
        });
        Self { city, bare, kept, compiled }
    }
}

fn asked(facts: GeoFacts<'_>) -> (Option<GeoCode>, Option<u32>, Option<Location>) {
    (facts.country(), facts.as_number(), facts.location())
}

fn time(addresses: &[IpAddr], mut look_up: impl FnMut(IpAddr)) -> f64 {
    let before = cpu();
    addresses.iter().for_each(|address| look_up(*address));
    (cpu() - before) / addresses.len() as f64 * 1e9
}

/// CPU time of this thread in seconds.
fn cpu() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}
