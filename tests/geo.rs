//! Where addresses are: databases, the table made of them, damaged files, and the way into rules.

use std::error::Error as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use autosec_core::engine::Engine;
use autosec_core::enrich::geo::{
    Anonymizer, Geo, GeoCode, GeoDatabase, GeoError, GeoFact, GeoLayout, GeoRecord, GeoTable,
};
use autosec_core::event::{Event, Schema, field};
use autosec_core::rule::RuleSet;
use autosec_core::time::Timestamp;

const FOLDER: &str = "../shared/corpora/maxmind";

/// The path of a file with test data; none, said in a line, if there is no test data.
fn file(test: &str, name: &str) -> Option<PathBuf> {
    let path = Path::new(FOLDER).join("test-data").join(name);
    if !path.exists() {
        eprintln!("skipped: {test}, `{name}` is not there");
        return None;
    }
    Some(path)
}

fn database(test: &str, name: &str) -> Option<GeoDatabase> {
    Some(GeoDatabase::open(file(test, name)?).unwrap())
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// What a database and the table made of it know of an address, which is the same.
fn known(database: GeoDatabase, address: &str) -> Option<GeoRecord> {
    let address = ip(address);
    let direct = database.lookup(address).unwrap().map(|facts| {
        let mut record = GeoRecord::default();
        record.complete(facts);
        record
    });
    assert_eq!(database.lookup(address).unwrap(), direct.as_ref().map(GeoRecord::facts));
    let table = GeoTable::new(&[database]).unwrap();
    assert_eq!(table.lookup(address), direct.as_ref().map(GeoRecord::facts), "{address}");
    direct
}

#[test]
fn cities_are_where_the_publisher_says() {
    let test = "cities_are_where_the_publisher_says";
    let expected = [
        ("81.2.69.142", Some(("GB", 51.5142, -0.0931, Some(10.0)))),
        ("::ffff:81.2.69.142", Some(("GB", 51.5142, -0.0931, Some(10.0)))),
        ("2.125.160.216", Some(("GB", 51.75, -1.25, Some(100.0)))),
        ("89.160.20.112", Some(("SE", 58.4167, 15.6167, Some(76.0)))),
        ("175.16.199.0", Some(("CN", 43.88, 125.3228, Some(100.0)))),
        ("2001:480:10::1", Some(("US", 32.7203, -117.1552, Some(20.0)))),
        ("1.2.3.4", None),
    ];
    for (address, expected) in expected {
        let Some(database) = database(test, "GeoIP2-City-Test.mmdb") else { return };
        assert!(database.kind().contains("City") && database.built() > 1_500_000_000);
        let facts = known(database, address);
        let found = facts.as_ref().map(GeoRecord::facts).map(|facts| {
            let place = facts.location().unwrap();
            (facts.country().unwrap().as_str(), place.latitude, place.longitude, place.accuracy_radius)
        });
        assert_eq!(found, expected, "{address}");
    }
    let record = known(database(test, "GeoIP2-City-Test.mmdb").unwrap(), "2.125.160.216").unwrap();
    let facts = record.facts();
    let names = facts.names();
    let texts = [names.region.as_deref(), names.city, names.timezone].map(Option::unwrap);
    assert_eq!(texts, ["GB-ENG", "Boxford", "Europe/London"]);
    assert_eq!(facts.continent(), GeoCode::new("EU"));
}

#[test]
fn networks_and_anonymizers_are_known() {
    let test = "networks_and_anonymizers_are_known";
    let asn = |address| {
        let record = known(database(test, "GeoLite2-ASN-Test.mmdb")?, address)?;
        let facts = record.facts();
        Some((facts.as_number()?, facts.names().as_organization.map(ToOwned::to_owned)))
    };
    if file(test, "GeoLite2-ASN-Test.mmdb").is_none() {
        return;
    }
    assert_eq!(asn("1.128.0.1"), Some((1221, Some("Telstra Pty Ltd".to_owned()))));
    assert_eq!(asn("12.81.96.1"), Some((7018, None)));
    assert_eq!(asn("2600:6000::1"), Some((237, Some("Merit Network Inc.".to_owned()))));
    let hidden = |name, address| {
        let record = known(database(test, name)?, address)?;
        Some(record.facts().anonymizers().iter().collect::<Vec<_>>())
    };
    let name = "GeoIP2-Anonymous-IP-Test.mmdb";
    assert_eq!(hidden(name, "1.2.0.0"), Some(vec![Anonymizer::Anonymous, Anonymizer::Vpn]));
    assert_eq!(hidden(name, "71.160.223.1"), Some(vec![Anonymizer::Anonymous, Anonymizer::Hosting]));
    assert_eq!(hidden(name, "186.30.236.1"), Some(vec![Anonymizer::Anonymous, Anonymizer::Proxy]));
    assert_eq!(hidden(name, "81.2.69.1"), Some(Anonymizer::ALL.to_vec()));
    assert_eq!(hidden(name, "1.0.0.1"), None, "the record is there, and empty");
    let plus = hidden("GeoIP-Anonymous-Plus-Test.mmdb", "1.2.0.1");
    assert_eq!(plus, Some(vec![Anonymizer::Anonymous, Anonymizer::Vpn]));
}

#[test]
fn a_layout_says_where_facts_stand() {
    let test = "a_layout_says_where_facts_stand";
    let Some(database) = database(test, "GeoIP2-City-Test.mmdb") else { return };
    let layout = GeoLayout::default()
        .with(GeoFact::Country, ["registered_country.iso_code"])
        .and_then(|layout| layout.with(GeoFact::City, ["city.names.xx", "country.names.de"]))
        .and_then(|layout| layout.with(GeoFact::Latitude, [""; 0]))
        .unwrap();
    let record = known(database.with_layout(layout), "2.125.160.216").unwrap();
    let facts = record.facts();
    assert_eq!((facts.country(), facts.names().city), (GeoCode::new("FR"), Some("Vereinigtes Königreich")));
    assert_eq!(facts.location(), None);
}

#[test]
fn record_sizes_and_address_families_make_no_difference() {
    let test = "record_sizes_and_address_families_make_no_difference";
    for family in ["ipv4", "ipv6", "mixed"] {
        for size in [24, 28, 32] {
            let name = format!("MaxMind-DB-test-{family}-{size}.mmdb");
            let Some(database) = database(test, &name) else { return };
            // Their records hold the first address of their network.
            let layout = GeoLayout::default().with(GeoFact::City, ["ip"]).unwrap();
            let database = database.with_layout(layout);
            let (v4, v6) = (ip("1.1.1.1"), ip("::1:ffff:ffff"));
            let text = |address| database.lookup(address).unwrap().and_then(|facts| facts.names().city);
            let wanted = match family {
                "ipv4" => Some("1.1.1.1"),
                "mixed" => Some("::1.1.1.1"),
                _ => None,
            };
            assert_eq!(text(v4), wanted, "{name}");
            let wanted = (family != "ipv4").then_some("::1:ffff:ffff");
            assert_eq!(text(v6), wanted, "{name}");
        }
    }
}

/// Opens, asks and walks every file, sound or damaged: an answer or an error, and soon.
#[test]
fn damaged_files_are_errors_or_say_nothing() {
    let mut files: Vec<PathBuf> = Vec::new();
    let mut folders = vec![PathBuf::from(FOLDER)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            eprintln!(
                "skipped: damaged_files_are_errors_or_say_nothing, `{}` is not there",
                folder.display()
            );
            return;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    let (mut refused, mut damaged) = (0, 0);
    let mut sound = 0;
    for path in &files {
        let Ok(database) = GeoDatabase::open(path) else {
            refused += 1;
            continue;
        };
        let probes = ["0.0.0.0", "1.1.1.1", "255.255.255.255", "::1", "2.125.160.216", "81.2.69.142"].map(ip);
        let answers = probes.map(|address| (address, database.lookup(address)));
        damaged += usize::from(answers.iter().any(|(_, answer)| answer.is_err()));
        let table = GeoTable::new(std::slice::from_ref(&database)).unwrap();
        for (address, answer) in answers {
            let Ok(answer) = answer else { continue };
            if table.damaged() == 0 {
                assert_eq!(table.lookup(address), answer, "{} {address}", path.display());
                sound += 1;
            }
        }
    }
    eprintln!(
        "{} files: {refused} refused, {damaged} with damaged records, {sound} equal answers",
        files.len()
    );
    assert!(refused >= 11 && damaged >= 5 && sound >= 150, "{refused} {damaged} {sound}");
    let none = GeoDatabase::new(Vec::new()).unwrap_err();
    assert!(matches!(none, GeoError::Unusable(_)), "{none}");
    let absent = GeoDatabase::open("there/is/none.mmdb").unwrap_err();
    assert_eq!(absent.to_string(), "the geo database `there/is/none.mmdb` cannot be read");
    let readme = format!("{FOLDER}/bad-data/README.md");
    let other = GeoDatabase::open(&readme).unwrap_err();
    assert_eq!(other.to_string(), format!("the geo database `{readme}` cannot be opened"));
    assert!(
        other.source().is_some_and(|why| why.to_string().starts_with("this is no geo database")),
        "{other:?}"
    );
}

#[test]
fn truncated_and_altered_files_never_panic() {
    let Some(path) = file("truncated_and_altered_files_never_panic", "GeoIP2-City-Test.mmdb") else { return };
    let sound = std::fs::read(path).unwrap();
    let mut seed = 1_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    for round in 0..300 {
        let mut bytes = sound.clone();
        if round % 3 == 0 {
            bytes.truncate(next(sound.len()));
        }
        for _ in 0..next(40) {
            let at = next(bytes.len().max(1));
            if let Some(byte) = bytes.get_mut(at) {
                *byte = u8::try_from(next(256)).unwrap();
            }
        }
        let Ok(database) = GeoDatabase::new(bytes) else { continue };
        for _ in 0..50 {
            let address = u32::try_from(next(u32::MAX as usize)).unwrap();
            let _ = database.lookup(std::net::Ipv4Addr::from_bits(address).into());
        }
        let table = GeoTable::new(&[database]);
        assert!(table.is_ok());
    }
}

#[test]
fn rules_see_where_an_event_comes_from() {
    let test = "rules_see_where_an_event_comes_from";
    let (Some(city), Some(asn), Some(hidden)) = (
        database(test, "GeoIP2-City-Test.mmdb"),
        database(test, "GeoLite2-ASN-Test.mmdb"),
        database(test, "GeoIP2-Anonymous-IP-Test.mmdb"),
    ) else {
        return;
    };
    let rules = "
- { id: abroad, name: Abroad, severity: high, when: 'source.geo.country_iso_code in { \"SE\" \"GB\" } and source.geo.location.lat > 50.0' }
- { id: telstra, name: Telstra, severity: high, when: source.as.number == 1221 }
- { id: tor, name: Tor, severity: high, when: source.anonymizer == \"tor\" }
";
    let rules = RuleSet::builder(&Schema::ecs()).source("geo.yaml", rules).build().unwrap();
    let geo = Geo::new([GeoTable::new(&[city, asn]).unwrap().into(), hidden.into()]);
    let engine = Engine::builder().enricher(geo.clone()).detector(rules).build().unwrap();
    assert!(engine.fields().contains(field::SOURCE_IP));
    let found = |event: Event<'_>| {
        let verdict = engine.process(event);
        let mut ids: Vec<String> =
            verdict.findings().map(|finding| finding.analytic.id.to_string()).collect();
        ids.sort();
        ids
    };
    let from = |address| Event::new(Timestamp::from_secs(1_700_000_000)).with(field::SOURCE_IP, ip(address));
    assert_eq!(found(from("89.160.20.112")), ["abroad"]);
    assert_eq!(found(from("1.128.0.1")), ["telstra"]);
    assert_eq!(found(from("81.2.69.142")), ["abroad", "tor"]);
    assert_eq!(
        found(from("81.2.69.142").with(field::SOURCE_GEO_COUNTRY_ISO_CODE, "NO")),
        ["tor"],
        "what a log says stays"
    );
    assert!(found(from("192.0.2.1")).is_empty());
    assert_eq!(geo.lookup(ip("81.2.69.142")).facts().country(), GeoCode::new("GB"));
    geo.replace([]);
    assert!(found(from("81.2.69.142")).is_empty(), "the databases were taken away");
    assert_eq!(geo.damaged(), 0);
}
