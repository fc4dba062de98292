//! Rule sets as bytes: what is read back does the same, and what is damaged is refused.

use std::fs;
use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::Duration;

use autosec_core::event::{Event, JsonReader, Kind, Schema, field};
use autosec_core::finding::{Detector, Findings};
use autosec_core::measure::Severity;
use autosec_core::rule::{Distinct, ImageError, List, Mode, Rule, RuleSet};
use autosec_core::time::Timestamp;
use proptest::prelude::*;

use crate::sigma::corpus;
use crate::support::address;

/// One expression for each kind of test.
const EXPRESSIONS: &[&str] = &[
    r#"exists(user.name) and not user.name == "root""#,
    r#"source.port in { 22 1024..65535 } or source.port >= 7"#,
    r#"source.ip in { 203.0.113.0/24 2001:db8::/32 } and source.ip != 203.0.113.9"#,
    r#"lower(url.path) contains { "/../" "%2e" "a" "b" "c" "d" "e" "f" "g" "h" }"#,
    r#"url.path starts_with "/shop" and lower(url.path) ends_with ".PHP""#,
    r#"lower(url.path) matches r"^/(a|b)\d+$" or url.path matches "x$""#,
    r#"user.name in { "a" "b" "c" "d" "e" "f" }"#,
    r#"source.ip in $office or user.name in $staff"#,
];

const SIGMA: &str = r"
title: Everything
id: everything
status: experimental
author: Somebody
logsource: { category: process_creation, product: windows }
detection:
  text: { Image|endswith: ['\cmd.exe', '\whoami.exe'], CommandLine|contains|all: [a, b] }
  glob: { CommandLine|windash|contains: ' -f*x?' }
  regex: { CommandLine|re|i: '^who.*$', TargetFilename|cidr: 10.0.0.0/8 }
  number: { EventID|gt: 5, Size: 0x10, Hour|hour: 7 }
  relation: { Image|fieldref|endswith: ParentImage, User: null, Ünï: 'ß*Ä' }
  keyword: [ 'secret', 'pass*word' ]
  condition: 1 of them and not (text and glob)
level: high
tags: [attack.t1059]
";

fn schema() -> Schema {
    let mut schema = Schema::ecs();
    schema.add("app.load", Kind::Float).unwrap();
    schema
}

fn everything(schema: &Schema) -> RuleSet {
    let builder = RuleSet::builder(schema).starter().sigma("sigma.yml", SIGMA);
    let builder = EXPRESSIONS.iter().enumerate().fold(builder, |builder, (at, when)| {
        builder.rule(Rule::new(format!("rule-{at}"), Severity::Low, *when))
    });
    let distinct = Distinct {
        of: "user.name".into(),
        by: vec!["source.ip".into()],
        within: Duration::from_secs(60),
        at_least: 3,
    };
    let when = "app.load > 1.5";
    builder
        .rule(Rule {
            distinct: Some(distinct),
            mode: Mode::Shadow,
            ..Rule::new("state", Severity::High, when)
        })
        .rule(Rule { mode: Mode::Off, ..Rule::new("off", Severity::High, "source.port == 1") })
        .list("office", office())
        .list("staff", List::texts(["ann", "bob"]))
        .build()
        .unwrap()
}

fn office() -> List {
    List::addresses(["192.0.2.0/24".parse().unwrap()])
}

fn reread(schema: &Schema, image: &[u8]) -> RuleSet {
    let builder = RuleSet::builder(schema).image("rules.img", image).unwrap();
    builder.list("office", office()).list("staff", List::texts(["ann", "bob"])).build().unwrap()
}

#[test]
fn reads_back_what_was_written() {
    let schema = schema();
    let before = everything(&schema);
    let image = before.image().unwrap();
    let after = reread(&schema, &image);
    assert!(before.rules().eq(after.rules()));
    assert!(before.sigma_rules().eq(after.sigma_rules()));
    assert_eq!(before.stats().collect::<Vec<_>>(), after.stats().collect::<Vec<_>>());
    assert_eq!(before.fields(), after.fields());
    assert!(image == before.image().unwrap(), "the same rules are the same bytes");
}

/// The same fields and one more, under other numbers.
fn other() -> Schema {
    let mut other = Schema::ecs();
    other.add("app.first", Kind::Text).unwrap();
    other.add("app.load", Kind::Float).unwrap();
    other
}

/// A set, and what comes back of it into a schema whose fields have other numbers.
static SETS: LazyLock<(RuleSet, RuleSet)> =
    LazyLock::new(|| (everything(&schema()), reread(&other(), &IMAGE)));
static IMAGE: LazyLock<Vec<u8>> = LazyLock::new(|| everything(&schema()).image().unwrap());

#[test]
fn writes_the_same_again() {
    let image = SETS.1.image().unwrap();
    let third = reread(&other(), &image);
    assert!(third.image().unwrap() == image, "nothing changes any more");
    // A set that grew out of another still knows which fields the host named.
    let grown = everything(&schema());
    let grown = RuleSet::builder(grown.schema()).sigma("sigma.yml", SIGMA).build().unwrap();
    let ecs = Schema::ecs();
    let moved = RuleSet::builder(&ecs).image("rules.img", &grown.image().unwrap()).unwrap().build().unwrap();
    assert_eq!(moved.sigma_rules().count(), 1);
}

const TEXTS: &[&str] = &[
    "root",
    "ann",
    "a",
    "/shop/x.php",
    "/Shop/A7",
    "/../",
    r"C:\cmd.exe",
    r"\whoami.exe",
    "who -fax",
    "a b -f1xy",
    "whoami secret",
    "10.1.2.3",
    "password",
    "16",
    "0x10",
    "2026-11-22T07:00:00Z",
    "SS\u{e4}",
    "\u{df}\u{c4}",
];

fn text() -> impl Strategy<Value = String> {
    prop::sample::select(TEXTS).prop_map(str::to_owned)
}

proptest! {
    /// On any event, in a schema with other numbers.
    #[test]
    fn finds_the_same(
        texts in prop::collection::vec((0usize..12, text()), 0..8), port in 0i64..30, load in 0.0..3.0, host in 0u8..20,
    ) {
        let (before, after) = &*SETS;
        let names = [
            "user.name", "url.path", "Image", "CommandLine", "TargetFilename", "EventID", "Size", "Hour", "ParentImage",
            "User", "\u{dc}n\u{ef}", "message",
        ];
        let found = |rules: &RuleSet| {
            let named = |name: &str| rules.schema().field(name).unwrap();
            let mut event = Event::new(Timestamp::EPOCH)
                .with(field::SOURCE_PORT, port)
                .with(named("app.load"), load)
                .with(field::SOURCE_IP, IpAddr::from([203, 0, 113, host]));
            texts.iter().for_each(|(at, text)| event.set(named(names[*at]), text.clone()));
            let mut findings = Findings::default();
            rules.detect(&event, &mut findings);
            findings.into_parts()
        };
        prop_assert_eq!(found(before), found(after));
    }

    /// Nothing but the bytes themselves is read, and no change of them goes unseen.
    #[test]
    fn refuses_every_damage(at in 0usize..100_000, bit in 0u32..8, cut in 0usize..100_000) {
        let (schema, image) = (schema(), &*IMAGE);
        let mut damaged = image.clone();
        let at = at % image.len();
        damaged[at] ^= 1 << bit;
        let refused = RuleSet::builder(&schema).image("rules.img", &damaged).unwrap_err();
        match at {
            0..8 => prop_assert_eq!(refused, ImageError::Foreign),
            8..12 => prop_assert!(matches!(refused, ImageError::Version { known: 1, .. }), "{}", refused),
            12..20 => prop_assert!(matches!(refused, ImageError::Length { .. } | ImageError::Large { .. }), "{}", refused),
            _ => prop_assert_eq!(refused, ImageError::Damaged),
        }
        let short = &image[..cut % image.len()];
        let refused = RuleSet::builder(&schema).image("rules.img", short).unwrap_err();
        prop_assert!(matches!(refused, ImageError::Length { .. } | ImageError::Foreign), "{}", refused);
    }
}

#[test]
fn refuses_what_cannot_be_read_here() {
    let schema = schema();
    let image = everything(&schema).image().unwrap();
    let refused =
        |schema: &Schema, image: &[u8]| RuleSet::builder(schema).image("rules.img", image).unwrap_err();
    let lacks = refused(&Schema::ecs(), &image);
    assert_eq!(lacks.to_string(), "a rule of the image reads the field `app.load`, which the schema lacks");
    let mut other = Schema::ecs();
    other.add("app.load", Kind::Integer).unwrap();
    let text = "a rule of the image reads the field `app.load`, which was a number with a fraction and is an integer here";
    assert_eq!(refused(&other, &image).to_string(), text);
    assert_eq!(refused(&schema, b""), ImageError::Foreign);
    let mut longer = image.clone();
    longer.push(0);
    assert!(matches!(refused(&schema, &longer), ImageError::Length { .. }));
    let mut newer = image.clone();
    newer[8] = 9;
    let text = "the image has the format 9, and this version reads 1: write it anew from the rules";
    assert_eq!(refused(&schema, &newer).to_string(), text);
}

/// The lists are the host's: an image without its lists is refused as a rule without its list is.
#[test]
fn asks_for_lists_again() {
    let schema = schema();
    let image = everything(&schema).image().unwrap();
    let errors = RuleSet::builder(&schema).image("rules.img", &image).unwrap().build().unwrap_err();
    let about: Vec<_> = errors.diagnostics().iter().map(|one| (one.code(), one.rule())).collect();
    assert_eq!(about, [("E010", Some("rule-7")), ("E010", Some("rule-7"))]);
    let twice = RuleSet::builder(&schema).image("a", &image).unwrap().image("b", &image).unwrap();
    let twice = twice.list("office", office()).list("staff", List::texts(["ann"])).build().unwrap_err();
    assert!(twice.diagnostics().iter().all(|one| one.code() == "E202"), "{twice}");
    let moved = RuleSet::builder(&schema)
        .image("rules.img", &image)
        .unwrap()
        .list("office", List::addresses(["203.0.113.0/24".parse().unwrap()]))
        .list("staff", List::texts(["eve"]))
        .build()
        .unwrap();
    let mut findings = Findings::default();
    let event = Event::new(Timestamp::EPOCH).with(field::SOURCE_IP, address("203.0.113.7"));
    moved.detect(&event, &mut findings);
    assert!(findings.found().iter().any(|finding| &*finding.analytic.id == "rule-7"));
}

#[test]
fn the_whole_corpus_comes_back() {
    let Some(corpora) = corpus::corpora() else { return };
    let before = corpus::compiled(&corpora);
    let image = before.image().unwrap();
    let after = RuleSet::builder(&Schema::ecs()).image("sigma.img", &image).unwrap().build().unwrap();
    assert!(before.sigma_rules().eq(after.sigma_rules()));
    let events = fs::read_to_string(corpora.join("events/windows-otrf-2000.jsonl")).unwrap();
    let found = |rules: &RuleSet, line: &str| {
        let reader = JsonReader::new(rules.schema(), &rules.fields());
        super::sigma::found(rules, &reader.read_at(line.as_bytes(), Timestamp::EPOCH).unwrap())
    };
    for line in events.lines().step_by(40) {
        assert_eq!(found(before, line), found(&after, line));
    }
}
