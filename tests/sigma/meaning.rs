//! What Sigma's words mean, one by one.

use autosec_core::entity::Entity;
use autosec_core::event::{Event, JsonReader, Schema};
use autosec_core::finding::{Detector, Findings};
use autosec_core::measure::Severity;
use autosec_core::rule::{RuleSet, SigmaStatus};
use autosec_core::time::Timestamp;

use super::{detection, found};

/// Whether a detection, given as the selection `s` alone, finds something in JSON.
fn finds(selection: &str, json: &str) -> bool {
    whole(&format!("  s:\n{selection}\n  condition: s\n"), json)
}

/// Whether a detection finds something in JSON.
fn whole(text: &str, json: &str) -> bool {
    let rules = detection(text).unwrap_or_else(|errors| panic!("{errors}"));
    let reader = JsonReader::new(rules.schema(), &rules.fields());
    let event = reader.read_at(json.as_bytes(), Timestamp::EPOCH).unwrap();
    !found(&rules, &event).is_empty()
}

fn assert_finds(selection: &str, cases: &[(&str, bool)]) {
    for (json, expected) in cases {
        assert_eq!(finds(&format!("    {selection}"), json), *expected, "{selection} in {json}");
    }
}

#[test]
fn null_is_a_missing_field() {
    let cases =
        [(r#"{"b":1}"#, true), (r#"{"a":null}"#, true), (r#"{"a":""}"#, false), (r#"{"a":"null"}"#, false)];
    assert_finds("a: null", &cases);
    assert_finds("a:", &cases);
    assert_finds("a: ['', null]", &[(r"{}", true), (r#"{"a":""}"#, true), (r#"{"a":"x"}"#, false)]);
    assert_finds("a: 'null'", &[(r"{}", false), (r#"{"a":"NULL"}"#, true)]);
}

#[test]
fn an_empty_text_is_an_empty_value() {
    assert_finds("a: ''", &[(r#"{"a":""}"#, true), (r#"{"a":"x"}"#, false), (r"{}", false)]);
    assert_finds("a|contains: ''", &[(r#"{"a":"x"}"#, true), (r#"{"a":""}"#, true), (r"{}", false)]);
}

#[test]
fn exists_asks_for_the_field_alone() {
    assert_finds("a|exists: true", &[(r#"{"a":""}"#, true), (r"{}", false)]);
    assert_finds("a|exists: false", &[(r#"{"a":""}"#, false), (r"{}", true)]);
}

#[test]
fn keywords_are_looked_for_in_every_value() {
    let cases = [
        (r#"{"x":"a Mimikatz b"}"#, true),
        (r#"{"deep":{"er":[{"y":["no","MIMIKATZ"]}]}}"#, true),
        (r#"{"mimikatz":"a name is no value"}"#, false),
        (r#"{"source":{"ip":"mimikatz"}}"#, true),
        (r#"{"source":"mimikatz"}"#, true),
    ];
    assert_finds("- mimikatz", &cases);
    assert_finds("- mim*tz", &[(r#"{"x":"a mimi katz b"}"#, true), (r#"{"x":"mi","y":"katz"}"#, false)]);
    assert_finds(
        "- 4625",
        &[(r#"{"x":4625}"#, true), (r#"{"source":{"port":4625}}"#, true), (r#"{"x":46}"#, false)],
    );
    let all = "'|all': [one, two]";
    assert_finds(all, &[(r#"{"x":"ONE","y":"two"}"#, true), (r#"{"x":"one"}"#, false)]);
    assert_finds("'|re': '^o.e$'", &[(r#"{"x":"one"}"#, true), (r#"{"x":"ones"}"#, false)]);
    assert_finds("'|startswith': one", &[(r#"{"x":"ones"}"#, true), (r#"{"x":"a one"}"#, false)]);
    assert_finds("one", &[(r#"{"x":"a one"}"#, true)]);
}

#[test]
fn texts_ignore_case_unless_told() {
    assert_finds("a: WhoAmI", &[(r#"{"a":"wHOaMi"}"#, true), (r#"{"a":"whoami "}"#, false)]);
    assert_finds("a|cased: WhoAmI", &[(r#"{"a":"WhoAmI"}"#, true), (r#"{"a":"whoami"}"#, false)]);
    assert_finds("a|contains|cased: B", &[(r#"{"a":"aBc"}"#, true), (r#"{"a":"abc"}"#, false)]);
    assert_finds("a|endswith: \u{c9}T\u{c9}", &[(r#"{"a":"l'été"}"#, true), (r#"{"a":"ete"}"#, false)]);
}

#[test]
fn wildcards_and_escapes() {
    assert_finds(
        r"a: 'C:\*\cmd?.exe'",
        &[(r#"{"a":"c:*\\cmd1.exe"}"#, true), (r#"{"a":"c:\\x\\cmd1.exe"}"#, false)],
    );
    assert_finds(
        r"a: 'C:\\*\cmd?.exe'",
        &[(r#"{"a":"c:\\x\\y\\cmdä.EXE"}"#, true), (r#"{"a":"c:\\x\\cmd.exe"}"#, false)],
    );
    assert_finds(r"a|contains: '\\\\'", &[(r#"{"a":"x\\\\y"}"#, true), (r#"{"a":"x\\y"}"#, false)]);
    assert_finds(r"a: '*'", &[(r#"{"a":""}"#, true), (r#"{"a":5}"#, true), (r"{}", false)]);
    assert_finds(r"a: 'x*y*z'", &[("{\"a\":\"x\\ny\\nz\"}", true), (r#"{"a":"xzy"}"#, false)]);
}

#[test]
fn lists_and_all() {
    assert_finds("a|contains|all: [x, y]", &[(r#"{"a":"y-x"}"#, true), (r#"{"a":"x"}"#, false)]);
    assert_finds("a|contains: [x, y]", &[(r#"{"a":"y"}"#, true), (r#"{"a":"z"}"#, false)]);
    assert_finds("a: x", &[(r#"{"a":["w","X"]}"#, true), (r#"{"a":[]}"#, false)]);
    let maps = "- a: x\n    - a: y\n      b: z";
    assert_finds(maps, &[(r#"{"a":"x"}"#, true), (r#"{"a":"y","b":"z"}"#, true), (r#"{"a":"y"}"#, false)]);
    let mixed = "- keyword\n    - a: y";
    assert_finds(mixed, &[(r#"{"z":"a keyword"}"#, true), (r#"{"a":"y"}"#, true), (r#"{"a":"z"}"#, false)]);
}

#[test]
fn numbers_are_their_texts() {
    for json in [r#"{"a":4624}"#, r#"{"a":"4624"}"#] {
        assert!(
            finds("    a: 4624", json) && finds("    a: '4624'", json) && finds("    a: 46*", json),
            "{json}"
        );
    }
    assert_finds(
        "destination.port: [22, '80']",
        &[
            (r#"{"destination":{"port":22}}"#, true),
            (r#"{"destination":{"port":"80"}}"#, true),
            (r#"{"destination":{"port":8}}"#, false),
        ],
    );
    assert_finds("a: 0x10", &[(r#"{"a":"0X10"}"#, true), (r#"{"a":16}"#, true), (r#"{"a":10}"#, false)]);
    assert_finds("a: true", &[(r#"{"a":true}"#, true), (r#"{"a":"True"}"#, true), (r#"{"a":1}"#, false)]);
    let mut schema = Schema::ecs();
    schema.add("flag", autosec_core::event::Kind::Boolean).unwrap();
    let rule =
        "title: T\nlogsource: {}\ndetection: {s: {flag: 'true', source.ip: '192.0.2.*'}, condition: s}";
    let rules = RuleSet::builder(&schema).sigma("x", rule).build().unwrap();
    let [flag, ip] = ["flag", "source.ip"].map(|name| schema.field(name).unwrap());
    let event = Event::new(Timestamp::EPOCH).with(flag, true);
    let address: std::net::IpAddr = "192.0.2.7".parse().unwrap();
    assert_eq!(found(&rules, &event.with(ip, address)).len(), 1);
}

#[test]
fn numbers_compare() {
    for (modifier, [below, equal, above]) in [
        ("lt", [true, false, false]),
        ("lte", [true, true, false]),
        ("gt", [false, false, true]),
        ("gte", [false, true, true]),
        ("neq", [true, false, true]),
    ] {
        let selection = format!("a|{modifier}: 7");
        assert_finds(
            &selection,
            &[(r#"{"a":6}"#, below), (r#"{"a":"7"}"#, equal), (r#"{"a":8}"#, above), ("{}", false)],
        );
    }
    assert_finds("a|gt: 1.5", &[(r#"{"a":1.6}"#, true), (r#"{"a":"x"}"#, false), (r#"{"a":"nan"}"#, false)]);
    assert_finds("a|neq: [x, y]", &[(r#"{"a":"z"}"#, true), (r#"{"a":"Y"}"#, false)]);
}

#[test]
fn addresses_lie_in_prefixes() {
    let cases = [
        (r#"{"a":"10.1.2.3"}"#, true),
        (r#"{"a":"2001:db8::1"}"#, true),
        (r#"{"a":"::ffff:10.1.2.3"}"#, true),
        (r#"{"a":"11.1.2.3"}"#, false),
        (r#"{"a":"10.1.2"}"#, false),
    ];
    assert_finds("a|cidr: ['10.0.0.0/8', '2001:db8::/32']", &cases);
    assert_finds("source.ip|cidr: 10.0.0.0/8", &[(r#"{"source":{"ip":"10.0.0.1"}}"#, true)]);
}

#[test]
fn regular_expressions_mind_case() {
    assert_finds(r"a|re: '\d+x$'", &[(r#"{"a":"12x"}"#, true), (r#"{"a":"12X"}"#, false)]);
    assert_finds(r"a|re|i: 'a.c'", &[(r#"{"a":"xABCx"}"#, true), (r#"{"a":"a\nc"}"#, false)]);
    assert_finds(r"a|re|i|s: 'a.c'", &[(r#"{"a":"A\nC"}"#, true)]);
    assert_finds(r"a|re|m: '^b$'", &[(r#"{"a":"a\nb\nc"}"#, true), (r#"{"a":"abc"}"#, false)]);
    assert_finds(r"a|re: '^b$'", &[(r#"{"a":"a\nb\nc"}"#, false)]);
}

#[test]
fn options_may_have_any_dash() {
    let cases = [
        ("{\"a\":\"x -enc\"}", true),
        ("{\"a\":\"x /ENC\"}", true),
        ("{\"a\":\"x \u{2013}enc\"}", true),
        ("{\"a\":\"x \u{2015}enc\"}", true),
        ("{\"a\":\"x +enc\"}", false),
    ];
    assert_finds("a|contains|windash: ' -enc'", &cases);
    assert_finds("a|windash|contains: ' /enc'", &cases);
}

#[test]
fn values_are_encoded() {
    assert_finds("a|base64: foobar", &[(r#"{"a":"Zm9vYmFy"}"#, true), (r#"{"a":"foobar"}"#, false)]);
    assert_finds("a|base64|contains: foo", &[(r#"{"a":"xxZm9vxx"}"#, true)]);
    // `1IEX2`, `12IEX3` and `123IEX4`, then `IEX` in UTF-16 behind one character.
    for json in [r#"{"a":"MUlFWDI="}"#, r#"{"a":"MTJJRVgz"}"#, r#"{"a":"MTIzSUVYNA=="}"#] {
        assert!(finds("    a|base64offset|contains: IEX", json), "{json}");
    }
    assert_finds(
        "a|wide|base64offset|contains: IEX",
        &[(r#"{"a":"MQBJAEUAWAA="}"#, true), (r#"{"a":"SUVY"}"#, false)],
    );
    assert_finds("a|utf16be: ab", &[(r#"{"a":"\u0000a\u0000b"}"#, true)]);
    assert_finds("a|utf16|base64: a", &[(r#"{"a":"//5hAA=="}"#, true)]);
}

#[test]
fn fields_compare() {
    let cases = [(r#"{"a":"X","b":"x"}"#, true), (r#"{"a":"x","b":"y"}"#, false), (r#"{"a":"x"}"#, false)];
    assert_finds("a|fieldref: b", &cases);
    assert_finds(
        "a|fieldref|endswith: b",
        &[(r#"{"a":"xyz","b":"YZ"}"#, true), (r#"{"a":"yzx","b":"yz"}"#, false)],
    );
    assert_finds(
        "a|fieldref|startswith: b",
        &[(r#"{"a":"xyz","b":"XY"}"#, true), (r#"{"a":"x","b":"xy"}"#, false)],
    );
    assert_finds(
        "a|fieldref|contains: b",
        &[(r#"{"a":"xyz","b":"Y"}"#, true), (r#"{"a":"xyz","b":"zy"}"#, false)],
    );
    assert_finds("a|fieldref|neq: b", &[(r#"{"a":"x","b":"y"}"#, true), (r#"{"a":"x","b":"x"}"#, false)]);
    assert_finds("a|fieldref: b", &[(r#"{"a":5,"b":"5"}"#, true)]);
}

#[test]
fn times_have_parts() {
    let json = r#"{"a":"2026-11-22T14:53:03Z"}"#;
    for selection in ["minute: 53", "hour: [3, 14]", "day: 22", "week: 47", "month: 11", "year: 2026"] {
        assert!(finds(&format!("    a|{selection}"), json), "{selection}");
    }
    assert_finds(
        "a|hour: 2",
        &[(json, false), (r#"{"a":"x"}"#, false), (r#"{"a":"2026-11-22 02:00:00.123"}"#, true)],
    );
}

#[test]
fn conditions_combine() {
    let identifiers = "  sel_a: {a: x}\n  sel_b: {b: x}\n  _c: {c: x}\n";
    let cases = [
        ("sel_a and not sel_b", [true, false, false, false]),
        ("not sel_a or sel_b and _c", [false, false, true, true]),
        ("not (sel_a or sel_b)", [false, false, false, true]),
        ("1 of sel_*", [true, true, true, false]),
        ("all of sel_*", [false, true, false, false]),
        ("any of them", [true, true, true, false]),
        ("all of them", [false, true, false, false]),
        ("NOT 1 OF sel*", [false, false, false, true]),
        ("[sel_b, sel_a and _c]", [false, true, true, false]),
        ("(((sel_a)))", [true, true, false, false]),
    ];
    let events = [r#"{"a":"x"}"#, r#"{"a":"x","b":"x"}"#, r#"{"b":"x"}"#, "{}"];
    for (condition, expected) in cases {
        let text = format!("{identifiers}  condition: {condition}\n");
        assert_eq!(events.map(|event| whole(&text, event)), expected, "{condition}");
    }
}

#[test]
fn names_lose_their_spaces() {
    assert_finds("ThreatName: x", &[(r#"{"Threat Name":"X"}"#, true), (r#"{"Threat  Name":"x"}"#, true)]);
    assert_finds("Threat Name: x", &[(r#"{"ThreatName":"x"}"#, true), (r#"{"threatname":"x"}"#, false)]);
    assert_finds("cs(User-Agent): x", &[(r#"{"cs(User-Agent)":"x"}"#, true)]);
    assert_finds(
        "userIdentity.arn: x",
        &[(r#"{"userIdentity":{"arn":"x"}}"#, true), (r#"{"userIdentity.arn":"x"}"#, true)],
    );
}

#[test]
fn placeholders_have_values() {
    let rule = r"
title: T
logsource: {}
detection:
  s: { a|expand: 'x%name%-%name%\%' }
  condition: s";
    let schema = Schema::ecs();
    let builder = || RuleSet::builder(&schema).sigma("x", rule);
    let set = builder().placeholder("name", ["1", "2*"]).build().unwrap();
    let field = set.schema().field("a").unwrap();
    let hits = ["x1-1%", "x1-2345%", "x2-1%", "x1-3%"]
        .map(|text| found(&set, &Event::new(Timestamp::EPOCH).with(field, text)).len());
    assert_eq!(hits, [1, 1, 1, 0]);
    assert!(builder().build().is_err());
    let none = builder().allow_unknown_placeholders().build().unwrap();
    assert!(found(&none, &Event::new(Timestamp::EPOCH).with(field, "x1-1%")).is_empty());
}

#[test]
fn a_finding_says_what_the_rule_says() {
    let rule = |status: &str, level: &str| {
        format!(
            "title: A title, 2nd\nstatus: {status}\nlevel: {level}\nauthor: me\ntags: [attack.t1110]\nx-own: 1\n"
        ) + "logsource: { product: windows }\nfields: [a]\ndetection: { s: { a: x }, condition: s }\n"
    };
    let levels = [
        ("informational", Severity::Informational, "stable", 0.8),
        ("low", Severity::Low, "test", 0.6),
        ("high", Severity::High, "experimental", 0.4),
        ("critical", Severity::Critical, "test", 0.6),
    ];
    for (level, severity, status, confidence) in levels {
        let set = RuleSet::builder(&Schema::ecs()).sigma("x", rule(status, level)).build().unwrap();
        let field = set.schema().field("a").unwrap();
        let mut findings = Findings::default();
        set.detect(&Event::new(Timestamp::EPOCH).with(field, "X"), &mut findings);
        let [finding] = findings.found() else { panic!("{findings:?}") };
        assert_eq!((&*finding.analytic.id, &*finding.analytic.name), ("a-title-2nd", "A title, 2nd"));
        assert_eq!(&*finding.analytic.tags[0], "attack.t1110");
        assert_eq!((finding.severity, finding.confidence.value()), (severity, confidence));
        assert_eq!((&finding.subject, finding.response), (&Entity::Other("unknown".into()), None));
        assert_eq!(finding.evidence[0].to_string(), "a = X");
        let read = set.sigma_rules().next().unwrap();
        assert_eq!((read.author.as_str(), read.logsource.product.as_deref()), ("me", Some("windows")));
    }
    let off = RuleSet::builder(&Schema::ecs()).sigma("x", rule("deprecated", "low")).build().unwrap();
    assert_eq!(off.sigma_rules().next().unwrap().status, SigmaStatus::Deprecated);
    assert_eq!(off.stats().count(), 0);
}

#[test]
fn a_finding_is_about_the_first_that_is_named() {
    let rules = detection("  s: { a: x }\n  condition: s\n").unwrap();
    let reader = JsonReader::new(rules.schema(), &rules.fields());
    let cases = [
        (r#"{"a":"x","User":"eve","Computer":"pc","source":{"ip":"192.0.2.1"}}"#, "address", "192.0.2.1"),
        (r#"{"a":"x","User":"eve","Computer":"pc"}"#, "host", "pc"),
        (r#"{"a":"x","User":"eve"}"#, "user", "eve"),
    ];
    for (json, kind, name) in cases {
        let mut findings = Findings::default();
        rules.detect(&reader.read_at(json.as_bytes(), Timestamp::EPOCH).unwrap(), &mut findings);
        let subject = &findings.found()[0].subject;
        assert_eq!((subject.kind(), subject.to_string().as_str()), (kind, name));
    }
    let web = detection("  s: { c-ip|exists: true }\n  condition: s\n").unwrap();
    let reader = JsonReader::new(web.schema(), &web.fields());
    let mut findings = Findings::default();
    web.detect(&reader.read_at(br#"{"c-ip":"2001:db8::1"}"#, Timestamp::EPOCH).unwrap(), &mut findings);
    assert_eq!(findings.found()[0].subject.to_string(), "2001:db8::/64");
}

#[test]
fn sigma_rules_stand_beside_others() {
    let own = "- { id: own, name: Own, severity: low, when: 'exists(source.ip)' }";
    let sigma = "title: B\nlogsource: {}\ndetection: {s: {source.ip|exists: true}, condition: s}\n---\ntitle: A\nlogsource: {}\ndetection: {s: {source.ip: '*'}, condition: s}\n";
    let set = RuleSet::builder(&Schema::ecs()).sigma("s.yml", sigma).source("own.yaml", own).build().unwrap();
    let address: std::net::IpAddr = "192.0.2.1".parse().unwrap();
    let event = Event::new(Timestamp::EPOCH).with(autosec_core::event::field::SOURCE_IP, address);
    assert_eq!(found(&set, &event), ["own", "b", "a"]);
    assert_eq!((set.rules().count(), set.sigma_rules().count()), (1, 2));
}
