//! Indicators in events: which fields, what time, whom it is about, and what holds it back.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use autosec_core::event::{Event, Kind, Schema, field};
use autosec_core::finding::{Detector, Evidence, Finding, Findings};
use autosec_core::intel::warninglist::{Effect, Warninglist, Warninglists};
use autosec_core::intel::{
    Decay, IndexLimits, Indicator, IndicatorIndex, IndicatorValue, Observable, ObservableKind,
    ObservedFields, Reading, Sighting, SightingKind,
};
use autosec_core::measure::{Confidence, Severity};
use autosec_core::time::Timestamp;

const DAY: Duration = Duration::from_secs(86_400);

fn now() -> Timestamp {
    Timestamp::from_secs(1_700_000_000)
}

fn at(address: &str) -> IpAddr {
    address.parse().unwrap()
}

fn listed(kind: ObservableKind, text: &str) -> Indicator {
    let mut listed = Indicator::new("feed", IndicatorValue::new(kind, text).unwrap());
    (listed.confidence, listed.severity) = (Confidence::clamped(0.8), Severity::High);
    listed
}

fn joined(parts: &[(ObservableKind, &str)]) -> Indicator {
    let parts = parts.iter().map(|(kind, text)| Observable::new(*kind, text).unwrap());
    Indicator::new("feed", IndicatorValue::all(parts).unwrap())
}

fn index(indicators: impl IntoIterator<Item = Indicator>) -> IndicatorIndex {
    let index = IndicatorIndex::default();
    let report = index.load(indicators);
    assert_eq!(report.all_refused(), 0, "{report}");
    index
}

fn found(index: &IndicatorIndex, event: &Event<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    index.detect(event, &mut findings);
    assert_eq!(findings.faults(), []);
    findings.into_parts().0
}

fn subject(index: &IndicatorIndex, event: &Event<'_>) -> String {
    match found(index, event).as_slice() {
        [one] => format!("{} {}", one.subject.kind(), one.subject),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_field_that_counts_is_looked_up() {
    let digest = |bytes: usize| "0a".repeat(bytes);
    let (md5, sha1, sha256) = (digest(16), digest(20), digest(32));
    let index = index([
        listed(ObservableKind::Network, "203.0.113.0/24"),
        listed(ObservableKind::Domain, "evil.example"),
        listed(ObservableKind::Url, "http://host.example/a"),
        listed(ObservableKind::Md5, &md5),
        listed(ObservableKind::Sha1, &sha1),
        listed(ObservableKind::Sha256, &sha256),
        listed(ObservableKind::FileName, "evil.exe"),
        listed(ObservableKind::Email, "eve@mail.example"),
        listed(ObservableKind::UserAgent, "EvilBot/1.0"),
        listed(ObservableKind::Ja3, &digest(16)),
        listed(ObservableKind::Ja3s, &digest(16)),
        listed(ObservableKind::AutonomousSystem, "AS64500"),
    ]);
    let texts = [
        (field::SOURCE_ADDRESS, "203.0.113.9"),
        (field::SOURCE_DOMAIN, "www.evil.example"),
        (field::DESTINATION_ADDRESS, "EVIL.example."),
        (field::DESTINATION_DOMAIN, "evil.example"),
        (field::DNS_QUESTION_NAME, "a.b.evil.example"),
        (field::DNS_ANSWERS_DATA, "203.0.113.9"),
        (field::TLS_CLIENT_SERVER_NAME, "evil.example"),
        (field::URL_DOMAIN, "203.0.113.9"),
        (field::RELATED_HOSTS, "evil.example"),
        (field::URL_FULL, "HTTP://host.example:80/a#x"),
        (field::URL_FULL, "https://evil.example:8443/else"),
        (field::URL_FULL, "https://203.0.113.9/else"),
        (field::URL_ORIGINAL, "http://host.example/a"),
        (field::FILE_HASH_MD5, &md5),
        (field::FILE_HASH_SHA1, &sha1),
        (field::FILE_HASH_SHA256, &sha256.to_uppercase()),
        (field::PROCESS_HASH_MD5, &md5),
        (field::PROCESS_HASH_SHA256, &sha256),
        (field::TLS_CLIENT_HASH_SHA256, &sha256),
        (field::RELATED_HASH, &sha1),
        (field::FILE_NAME, "evil.exe"),
        (field::PROCESS_NAME, "evil.exe"),
        (field::EMAIL_FROM_ADDRESS, "Eve@Mail.example"),
        (field::EMAIL_TO_ADDRESS, "eve@mail.example"),
        (field::USER_EMAIL, "eve@mail.example"),
        (field::USER_AGENT_ORIGINAL, "EvilBot/1.0"),
        (field::TLS_CLIENT_JA3, &md5),
        (field::TLS_SERVER_JA3S, &md5),
    ];
    let wanted = index.fields();
    for (id, text) in texts {
        assert!(wanted.contains(id));
        assert_eq!(found(&index, &Event::new(now()).with(id, text)).len(), 1, "{text} in {id:?}");
        assert!(found(&index, &Event::new(now()).with(field::MESSAGE, text)).is_empty());
    }
    for id in [
        field::SOURCE_IP,
        field::SOURCE_NAT_IP,
        field::DESTINATION_IP,
        field::CLIENT_IP,
        field::SERVER_IP,
        field::DNS_RESOLVED_IP,
        field::RELATED_IP,
    ] {
        assert!(wanted.contains(id));
        assert_eq!(found(&index, &Event::new(now()).with(id, at("::ffff:203.0.113.9"))).len(), 1);
        assert!(found(&index, &Event::new(now()).with(id, at("203.0.114.9"))).is_empty());
    }
    for id in [field::SOURCE_AS_NUMBER, field::DESTINATION_AS_NUMBER] {
        assert_eq!(found(&index, &Event::new(now()).with(id, 64_500_i64)).len(), 1);
        assert!(found(&index, &Event::new(now()).with(id, -1_i64)).is_empty());
    }
}

#[test]
fn a_finding_says_what_is_listed_and_what_was_seen() {
    let mut domain = listed(ObservableKind::Domain, "evil.example").with_id("indicator--1");
    domain.tags = Arc::from([Arc::from("malware")]);
    domain.techniques = Arc::from([Arc::from("T1071.001")]);
    domain.decay = Decay::Polynomial { lifetime: 100 * DAY, speed: 2.0, threshold: 10.0 };
    domain.last_seen = Some(now() - 25 * DAY);
    let index = index([domain]);
    let event = Event::new(now())
        .with(field::DNS_QUESTION_NAME, "www.evil.example")
        .with(field::URL_DOMAIN, "evil.example");
    let found = found(&index, &event);
    assert_eq!(found.len(), 1, "one for each indicator, however often it is seen");
    let finding = &found[0];
    assert_eq!((&*finding.analytic.id, finding.severity, finding.time), ("feed", Severity::High, now()));
    let tags: Vec<&str> = finding.analytic.tags.iter().map(|tag| &**tag).collect();
    assert_eq!(tags, ["malware", "attack.t1071.001"]);
    assert!((finding.confidence.value() - 0.4).abs() < 1e-9 && !finding.shadow);
    let evidence: Vec<String> = finding.evidence.iter().map(Evidence::to_string).collect();
    assert_eq!(
        evidence,
        [
            "evil.example is listed by feed as `indicator--1` (confidence 0.80, 0.40 now)",
            "dns.question.name = www.evil.example",
        ]
    );
}

#[test]
fn counts_in_the_time_of_the_event() {
    let mut short = listed(ObservableKind::Network, "192.0.2.7");
    (short.valid_from, short.valid_until) = (Some(now()), Some(now() + DAY));
    let mut fading = listed(ObservableKind::Network, "192.0.2.8");
    fading.decay = Decay::HalfLife { half_life: DAY, threshold: 20.0 };
    fading.modified = Some(now());
    let mut gone = listed(ObservableKind::Network, "192.0.2.9");
    gone.revoked = true;
    let index = index([short, fading, gone]);
    let confidence = |address: &str, time| {
        let found = found(&index, &Event::new(time).with(field::SOURCE_IP, at(address)));
        found.first().map(|finding| finding.confidence.value())
    };
    let tick = Duration::from_micros(1);
    assert_eq!(confidence("192.0.2.7", now() - tick), None);
    assert_eq!(confidence("192.0.2.7", now()), Some(0.8));
    assert_eq!(confidence("192.0.2.7", now() + DAY - tick), Some(0.8));
    assert_eq!(confidence("192.0.2.7", now() + DAY), None);
    assert_eq!(confidence("192.0.2.8", now()), Some(0.8));
    assert_eq!(confidence("192.0.2.8", now() + 2 * DAY), Some(0.2));
    assert_eq!(confidence("192.0.2.8", now() + 2 * DAY + DAY), None);
    assert_eq!(confidence("192.0.2.9", now()), None);
}

#[test]
fn sightings_renew_dispute_and_end() {
    let mut fading = listed(ObservableKind::Network, "192.0.2.8").with_id("1");
    fading.decay = Decay::HalfLife { half_life: DAY, threshold: 20.0 };
    fading.modified = Some(now());
    let index = index([fading]);
    let confidence = |days: u32| {
        let event = Event::new(now() + days * DAY).with(field::SOURCE_IP, at("192.0.2.8"));
        found(&index, &event).first().map(|finding| finding.confidence.value())
    };
    let sight = |days: u32, kind| {
        let report = index.sight([Sighting::new("feed", "1", now() + days * DAY).of_kind(kind)]);
        assert_eq!(report.sighted, 1, "{report}");
    };
    assert_eq!((confidence(2), confidence(3)), (Some(0.2), None));
    sight(2, SightingKind::Positive);
    assert_eq!((confidence(2), confidence(3)), (Some(0.8), Some(0.4)));
    sight(3, SightingKind::FalsePositive);
    sight(1, SightingKind::FalsePositive);
    assert_eq!(confidence(2), Some(0.4), "one that is older than the last sighting counts for nothing");
    sight(4, SightingKind::Positive);
    assert_eq!(confidence(4), Some(0.8));
    sight(5, SightingKind::Expiration);
    assert_eq!((confidence(4), confidence(5)), (Some(0.8), None));
    assert_eq!(index.sight([Sighting::new("feed", "2", now())]).unknown, 1);
}

#[test]
fn joined_values_must_all_be_there() {
    use ObservableKind::{Domain, FileName, Md5, Network, Port};
    let md5 = "0a".repeat(16);
    let index = index([
        joined(&[(Network, "192.0.2.7"), (Port, "4444")]),
        joined(&[(Domain, "evil.example"), (Network, "192.0.2.8")]),
        joined(&[(FileName, "evil.exe"), (Md5, &md5)]),
    ]);
    let hits = |event: Event<'_>| found(&index, &event).len();
    let event = || Event::new(now());
    let (listed, other) = (at("192.0.2.7"), at("192.0.2.1"));
    assert_eq!(hits(event().with(field::DESTINATION_IP, listed).with(field::DESTINATION_PORT, 4_444_i64)), 1);
    assert_eq!(hits(event().with(field::SOURCE_IP, listed).with(field::SOURCE_PORT, 4_444_i64)), 1);
    assert_eq!(hits(event().with(field::DESTINATION_IP, listed).with(field::SOURCE_PORT, 4_444_i64)), 0);
    assert_eq!(hits(event().with(field::DESTINATION_IP, other).with(field::DESTINATION_PORT, 4_444_i64)), 0);
    assert_eq!(hits(event().with(field::DESTINATION_IP, listed)), 0);
    let asked = || event().with(field::DNS_QUESTION_NAME, "www.evil.example");
    assert_eq!(hits(asked().with(field::DNS_RESOLVED_IP, at("192.0.2.8"))), 1);
    assert_eq!((hits(asked()), hits(asked().with(field::DNS_RESOLVED_IP, other))), (0, 0));
    let file = || event().with(field::FILE_HASH_MD5, md5.as_str());
    assert_eq!(hits(file().with(field::FILE_NAME, "evil.exe")), 1);
    assert_eq!((hits(file()), hits(file().with(field::FILE_NAME, "other.exe"))), (0, 0));
}

#[test]
fn is_about_whom_it_concerns() {
    let index = index([
        listed(ObservableKind::Network, "203.0.113.7"),
        listed(ObservableKind::Network, "2001:db8:1:2::7"),
        listed(ObservableKind::Domain, "evil.example"),
        listed(ObservableKind::UserAgent, "EvilBot/1.0"),
        listed(ObservableKind::AutonomousSystem, "64500"),
    ]);
    let event = || {
        Event::new(now())
            .with(field::SOURCE_IP, at("192.0.2.1"))
            .with(field::HOST_NAME, "desk-7")
            .with(field::USER_NAME, "ann")
    };
    let evil = || event().with(field::DNS_QUESTION_NAME, "evil.example");
    assert_eq!(subject(&index, &evil()), "host desk-7");
    assert_eq!(
        subject(&index, &event().with(field::DESTINATION_IP, at("203.0.113.7"))),
        "address 203.0.113.7"
    );
    assert_eq!(
        subject(&index, &event().with(field::SOURCE_IP, at("2001:db8:1:2::7"))),
        "address 2001:db8:1:2::/64"
    );
    assert_eq!(
        subject(&index, &event().with(field::DESTINATION_IP, at("2001:db8:1:2::7"))),
        "address 2001:db8:1:2::7"
    );
    assert_eq!(
        subject(&index, &event().with(field::USER_AGENT_ORIGINAL, "EvilBot/1.0")),
        "address 192.0.2.1"
    );
    assert_eq!(subject(&index, &event().with(field::SOURCE_AS_NUMBER, 64_500_i64)), "address 192.0.2.1");
    let bare = || Event::new(now()).with(field::DNS_QUESTION_NAME, "evil.example");
    assert_eq!(subject(&index, &bare().with(field::USER_NAME, "ann")), "user ann");
    assert_eq!(subject(&index, &bare().with(field::SOURCE_IP, at("192.0.2.1"))), "address 192.0.2.1");
    assert_eq!(subject(&index, &bare()), "other unknown");
}

#[test]
fn what_a_warninglist_has_is_held_back_and_says_by_which() {
    let list = |name: &str, entry: &str| {
        let json = format!(
            r#"{{"name": "{name}", "type": "cidr", "list": ["{entry}"], "matching_attributes": ["ip-dst"]}}"#
        );
        Warninglist::read(json.as_bytes()).unwrap()
    };
    let index = index([listed(ObservableKind::Network, "192.0.0.0/16")]);
    index.set_warninglists(Warninglists::new([
        list("Public resolvers", "192.0.2.8"),
        list("Rented", "192.0.2.9").with_effect(Effect::Lower),
        list("Known VPNs", "192.0.2.10"),
    ]));
    let finding =
        |address: &str| found(&index, &Event::new(now()).with(field::SOURCE_IP, at(address))).remove(0);
    let told = |finding: &Finding| finding.evidence.last().unwrap().to_string();
    let plain = finding("192.0.2.7");
    assert!(!plain.shadow && plain.evidence.len() == 2);
    let held = finding("192.0.2.8");
    assert_eq!(
        (held.shadow, told(&held).as_str()),
        (true, "on the warninglist `Public resolvers`: not acted upon")
    );
    let lower = finding("192.0.2.9");
    assert_eq!((lower.shadow, lower.confidence.value()), (false, 0.4));
    assert_eq!(told(&lower), "on the warninglist `Rented`: confidence halved");
    let context = finding("192.0.2.10");
    assert_eq!((context.shadow, context.confidence.value()), (false, 0.8));
    assert_eq!(told(&context), "on the warninglist `Known VPNs`: for information");
}

#[test]
fn an_events_findings_are_bounded_and_the_rest_is_said() {
    let name = |number: u32| format!("evil{number}.example");
    let index = index((0..40).map(|number| listed(ObservableKind::Domain, &name(number))));
    let names: Vec<String> = (0..40).map(name).collect();
    let value = autosec_core::event::Value::List(names.iter().map(|name| name.as_str().into()).collect());
    let mut findings = Findings::default();
    index.detect(&Event::new(now()).with(field::RELATED_HOSTS, value), &mut findings);
    assert_eq!(findings.found().len(), 16);
    let told = findings.faults()[0].to_string();
    assert_eq!(told, "evicted: `intel`: an event has 24 more indicators than the 16 that are reported");
}

#[test]
fn a_hosts_own_fields_can_be_looked_up() {
    let mut schema = Schema::ecs();
    let ja4 = schema.add("tls.client.ja4", Kind::Text).unwrap();
    let fields = ObservedFields::none().with(&schema, ja4, Reading::Kind(ObservableKind::Ja4));
    let index = IndicatorIndex::new(IndexLimits::default(), fields);
    let print = "t13d1516h2_8daaf6152771_b186095e22b6";
    index.load([listed(ObservableKind::Ja4, print), listed(ObservableKind::Network, "192.0.2.7")]);
    let event = Event::new(now()).with(ja4, print.to_uppercase()).with(field::SOURCE_IP, at("192.0.2.7"));
    let found = found(&index, &event);
    assert_eq!((found.len(), found[0].subject.to_string().as_str()), (1, "192.0.2.7"));
    assert_eq!(found[0].evidence[1], Evidence::field("tls.client.ja4", print));
    assert!(index.fields().contains(ja4) && !index.fields().contains(field::URL_FULL));
}
