//! Native rules, Sigma, exceptions, priorities and what rules remember, all in one set.

use autosec_core::event::{JsonReader, Schema};
use autosec_core::finding::{Detector, Findings};
use autosec_core::measure::Severity;
use autosec_core::rule::{Exception, List, Loaded, Rule, RuleSet, RuleSetBuilder};
use autosec_core::time::Timestamp;
use proptest::prelude::*;

/// Three logins of an address, and a login and then a privileged command.
const NATIVE: &str = r#"
- id: n-count
  name: Count
  severity: low
  when: event.action == "login"
  count: { by: [source.ip], within: 1m, at_least: 3 }
- id: n-sequence
  name: Sequence
  severity: low
  when: exists(source.ip)
  sequence: { by: [source.ip], within: 1m, steps: [{ when: event.action == "login" }, { when: event.action == "sudo" }] }
"#;

/// The same for Sigma; `s-other` differs from `s-count` in its id alone, and `s-above` builds on it.
const SIGMA: &str = "
title: Login
id: s-login
logsource: {}
detection: { s: { event.action: login }, condition: s }
---
title: Command
id: s-sudo
logsource: {}
detection: { s: { event.action: sudo }, condition: s }
---
title: Count
id: s-count
correlation: { type: event_count, rules: [s-login], group-by: [source.ip], timespan: 1m, condition: { gte: 3 } }
---
title: Other
id: s-other
correlation: { type: event_count, rules: [s-login], group-by: [source.ip], timespan: 1m, condition: { gte: 3 } }
---
title: Above
id: s-above
correlation: { type: temporal_ordered, rules: [s-count, s-sudo], group-by: [source.ip], timespan: 1m }
";

const ALL: [&str; 5] = ["n-count", "n-sequence", "s-above", "s-count", "s-other"];

fn builder(schema: &Schema) -> RuleSetBuilder<'_> {
    RuleSet::builder(schema).source("native.yaml", NATIVE).sigma("sigma.yml", SIGMA)
}

fn built(builder: RuleSetBuilder<'_>) -> RuleSet {
    builder.build().unwrap_or_else(|errors| panic!("{errors}"))
}

/// The ids of what is found in an event of this action, by this user, from this address.
fn act(rules: &RuleSet, secs: i64, action: &str, user: &str, address: &str) -> Vec<String> {
    let json = format!(r#"{{"event.action":"{action}","user.name":"{user}","source.ip":"{address}"}}"#);
    let reader = JsonReader::new(rules.schema(), &rules.fields());
    let mut findings = Findings::default();
    rules.detect(&reader.read_at(json.as_bytes(), Timestamp::from_secs(secs)).unwrap(), &mut findings);
    findings.found().iter().map(|finding| finding.analytic.id.to_string()).collect()
}

/// The ids of what is found if a user logs in three times and then becomes root, sorted.
fn attack(rules: &RuleSet, user: &str, address: &str) -> Vec<String> {
    let actions = ["login", "login", "login", "sudo"].into_iter().zip(960..);
    let mut found: Vec<_> =
        actions.flat_map(|(action, secs)| act(rules, secs, action, user, address)).collect();
    found.sort_unstable();
    found
}

#[test]
fn exceptions_hold_for_every_kind_of_rule() {
    let schema = Schema::ecs();
    assert_eq!(attack(&built(builder(&schema)), "ann", "192.0.2.1"), ALL);
    for (named, left) in [
        ("*", &[][..]),
        ("n-*", &["s-above", "s-count", "s-other"]),
        ("s-*", &["n-count", "n-sequence"]),
        ("n-sequence", &["n-count", "s-above", "s-count", "s-other"]),
        // Without its base rule no correlation counts anything.
        ("s-login", &["n-count", "n-sequence"]),
        // A correlation is not fed; what builds on it has nothing to build on, others of the same base rule have.
        ("s-count", &["n-count", "n-sequence", "s-other"]),
        ("s-above", &["n-count", "n-sequence", "s-count", "s-other"]),
        ("s-sudo", &["n-count", "n-sequence", "s-count", "s-other"]),
        ("*-count", &["n-sequence", "s-other"]),
    ] {
        let set = built(builder(&schema).exception(Exception::new(named, "user.name == \"ann\"")));
        assert_eq!(attack(&set, "ann", "192.0.2.1"), left, "{named}");
        assert_eq!(attack(&set, "bob", "192.0.2.2"), ALL, "{named}");
    }
    let two = builder(&schema)
        .exception(Exception::new("s-count", "user.name == \"ann\""))
        .exception(Exception::new("s-count", "source.ip in { 192.0.2.3 192.0.2.4 }"));
    let set = built(two);
    for (user, address) in [("ann", "192.0.2.1"), ("bob", "192.0.2.3"), ("ann", "192.0.2.4")] {
        assert_eq!(attack(&set, user, address), ["n-count", "n-sequence", "s-other"], "{user} {address}");
    }
}

#[test]
fn an_excepted_event_feeds_everything_but_what_it_is_excepted_from() {
    let schema = Schema::ecs();
    let set = built(builder(&schema).exception(Exception::new("s-count", "user.name == \"ann\"")));
    let logins = [("ann", vec![]), ("bob", vec![]), ("ann", vec!["n-count", "s-other"]), ("bob", vec![])];
    for ((user, found), secs) in logins.into_iter().zip(960..) {
        assert_eq!(act(&set, secs, "login", user, "192.0.2.1"), found);
    }
    assert_eq!(act(&set, 964, "login", "bob", "192.0.2.1"), ["s-count"], "the third that is not excepted");
    assert_eq!(act(&set, 965, "sudo", "ann", "192.0.2.1"), ["n-sequence", "s-above"]);
}

#[test]
fn an_exception_from_a_correlation_expires_in_event_time() {
    let schema = Schema::ecs();
    let exception = |named: &str| {
        Exception::new(named, "user.name == \"ann\"").until(Timestamp::parse("1970-01-01T00:16:02Z").unwrap())
    };
    for named in ["s-count", "s-login", "s-*", "*"] {
        let set = built(builder(&schema).exception(exception(named)));
        // Two logins are before 962 s, three from then on.
        let found: Vec<_> = (960..965).map(|secs| act(&set, secs, "login", "ann", "192.0.2.1")).collect();
        let count = |found: &[String]| found.iter().filter(|id| *id == "s-count").count();
        assert_eq!(found.iter().map(|found| count(found)).collect::<Vec<_>>(), [0, 0, 0, 0, 1], "{named}");
    }
}

#[test]
fn priorities_put_native_rules_before_and_behind_sigma() {
    let schema = Schema::ecs();
    let rules = [("last", -5), ("first", 5), ("own", 0), ("late", -1), ("off", 9)];
    let builder = rules.into_iter().fold(builder(&schema), |builder, (id, priority)| {
        let rule = Rule::new(id, Severity::Low, "event.action == \"login\"").with_priority(priority);
        builder.rule(if id == "off" { rule.in_mode(autosec_core::rule::Mode::Off) } else { rule })
    });
    let set = built(builder);
    let found: Vec<_> = (960..963).map(|secs| act(&set, secs, "login", "bob", "192.0.2.1")).collect();
    assert_eq!(found[1], ["first", "own", "late", "last"]);
    // What was fed comes behind all that the event set off by itself.
    assert_eq!(found[2], ["first", "n-count", "own", "late", "last", "s-count", "s-other"]);
    assert_eq!(act(&set, 963, "sudo", "bob", "192.0.2.1"), ["n-sequence", "s-above"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn correlations_are_fed_wherever_native_rules_stand(
        priorities in prop::collection::vec(prop_oneof![-3i32..4, any::<i32>()], 0..12),
        excepted in prop::sample::select(vec!["s-count", "s-above", "r0", "r*", "n-*"]),
    ) {
        let schema = Schema::ecs();
        let exception = Exception {
            rule: vec![excepted.to_owned(), "s-login".to_owned()],
            ..Exception::new("", "user.name == \"ann\"")
        };
        let base = Rule::new("r0", Severity::Low, "event.action == \"logout\"");
        let with = (1..).zip(&priorities).fold(builder(&schema).rule(base.clone()), |builder, (n, priority)| {
            builder.rule(Rule { id: format!("r{n}"), priority: *priority, ..base.clone() })
        });
        let with = built(with.exception(exception));
        prop_assert_eq!(attack(&with, "bob", "192.0.2.1"), ALL);
        prop_assert!(!attack(&with, "ann", "192.0.2.2").contains(&"s-other".to_owned()));
        prop_assert_eq!(act(&with, 960, "logout", "bob", "192.0.2.3").len(), priorities.len() + 1);
    }
}

/// Documents that are broken, each in another way, with the code of what is wrong.
const BROKEN: [(&str, &str); 15] = [
    ("{\n", "E101"),
    ("- a list\n", "E410"),
    ("title: T\nid: bad\nlogsource: {}\n", "E103"),
    ("title: T\nid: bad\nlogsource: {}\ndetection: { s: { a|explode: 1 }, condition: s }\n", "E401"),
    ("title: T\nid: bad\nlogsource: {}\ndetection: { s: { a: 1 }, condition: other }\n", "E405"),
    ("title: T\nid: bad\nlogsource: {}\ndetection: { s: { a: 1 }, condition: s and }\n", "E404"),
    ("title: T\nid: bad\nlogsource: {}\ndetection: { s: { a|re: '(' }, condition: s }\n", "E009"),
    ("title: T\nid: bad\nlogsource: {}\ndetection: { s: { a|re: '(x{999}){999}' }, condition: s }\n", "E009"),
    ("title: T\nid: s-login\nlogsource: {}\ndetection: { s: { a: 1 }, condition: s }\n", "E202"),
    ("title: T\nid: n-count\nlogsource: {}\ndetection: { s: { a: 1 }, condition: s }\n", "E202"),
    ("title: T\nid: bad\ncorrelation: { type: event_counts, rules: [s-login], timespan: 1m }\n", "E106"),
    ("title: T\nid: bad\ncorrelation: { type: temporal, rules: [bad, s-login], timespan: 1m }\n", "E416"),
    (
        "title: T\nid: bad\ncorrelation: { type: event_count, rules: [s-login], timespan: 0s, condition: { gte: 1 } }\n",
        "E206",
    ),
    (
        "title: T\nid: bad\ncorrelation: { type: event_count, rules: [s-login], timespan: 10y, condition: { gte: 1 } }\n",
        "E206",
    ),
    ("title: T\nid: bad\nlogsource: {}\nfilter: { rules: [gone], s: { a: 1 }, condition: not s }\n", "E414"),
];

const FILTER: &str = "
title: Not Ann
logsource: {}
filter: { rules: [s-login], s: { user.name: ann }, condition: not s }
";

#[test]
fn what_is_broken_leaves_the_rest_alone() {
    let schema = Schema::ecs();
    for (text, code) in BROKEN {
        // Behind the sound ones, before them, and in one source with them.
        let inside = format!("{SIGMA}---\n{text}---\n{FILTER}");
        for sources in [vec![SIGMA, FILTER, text], vec![text, FILTER, SIGMA], vec![inside.as_str()]] {
            // The first of an id stays: of two that are called `s-login` the other one, if that is read first.
            if text.contains("id: s-login") && sources.first() == Some(&text) {
                continue;
            }
            let native = RuleSet::builder(&schema).source("native.yaml", NATIVE);
            let builder = (0..)
                .zip(&sources)
                .fold(native, |builder, (n, text)| builder.sigma(format!("{n}.yml"), *text));
            let Loaded { rules, refused } = builder.build_lenient();
            assert_eq!(refused.iter().map(|one| one.code()).collect::<Vec<_>>(), [code], "{text}");
            assert_eq!(attack(&rules, "bob", "192.0.2.1"), ALL, "beside {text}");
            let filtered = attack(&rules, "ann", "192.0.2.2");
            assert_eq!(filtered, ["n-count", "n-sequence"], "the filter holds beside {text}");
        }
    }
}

/// What correlations refer to, and what is said of those that are left out because of it.
#[test]
fn a_correlation_goes_with_what_it_refers_to() {
    let schema = Schema::ecs();
    let correlation = |id: &str, rules: &str| {
        format!(
            "title: T\nid: {id}\ncorrelation: {{ type: temporal, rules: [{rules}], group-by: [source.ip], timespan: 1m }}\n"
        )
    };
    let broken = "title: T\nid: broken\nlogsource: {}\ndetection: { s: { a|explode: 1 }, condition: s }\n";
    let detection = "title: T\nid: n-count\nlogsource: {}\ndetection: { s: { a: 1 }, condition: s }\n";
    let circle = [correlation("one", "two, s-sudo"), correlation("two", "one")].join("---\n");
    let cases = [
        (broken.to_owned(), "broken", vec!["broken", "direct", "far"]),
        (circle, "two", vec!["direct", "far", "one", "two"]),
        // What it refers to is there, but has lost its id to a native rule.
        (detection.to_owned(), "n-count", vec!["direct", "far", "n-count"]),
        (String::new(), "nothing", vec!["direct", "far"]),
    ];
    for (text, referred, expected) in cases {
        let far = correlation("far", "s-sudo, direct");
        let direct = correlation("direct", &format!("{referred}, s-sudo"));
        let Loaded { rules, refused } = builder(&schema)
            .sigma("far.yml", far)
            .sigma("d.yml", direct)
            .sigma("b.yml", text)
            .build_lenient();
        let mut about: Vec<_> = refused.iter().map(|one| one.rule().unwrap_or("broken")).collect();
        about.sort_unstable();
        assert_eq!(about, expected, "{refused:?}");
        // Neither finds anything, and `s-sudo`, a part of both, does not speak up instead.
        assert_eq!(attack(&rules, "bob", "192.0.2.1"), ALL);
    }
}

#[test]
fn a_filter_of_a_refused_rule_holds_for_the_others() {
    let schema = Schema::ecs();
    let broken = "title: T\nid: broken\nlogsource: {}\ndetection: { s: { a|explode: 1 }, condition: s }\n";
    let filter = FILTER.replace("[s-login]", "[broken, s-login]");
    let Loaded { rules, refused } =
        builder(&schema).sigma("b.yml", broken).sigma("f.yml", filter).build_lenient();
    let said: Vec<_> = refused.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said.iter().any(|text| text.contains("no Sigma rule is called `broken`")), "{said:?}");
    assert_eq!(attack(&rules, "ann", "192.0.2.1"), ["n-count", "n-sequence"]);
    assert_eq!(attack(&rules, "bob", "192.0.2.2"), ALL);
}

/// The rules stand before those of Sigma, which are fed by place.
#[test]
fn a_broken_exception_silences_what_it_names_and_nothing_else() {
    let schema = Schema::ecs();
    for (named, left) in [
        ("n-count", &["n-sequence", "s-above", "s-count", "s-other"][..]),
        ("n-*", &["s-above", "s-count", "s-other"]),
        ("s-login", &["n-count", "n-sequence"]),
        ("s-count", &["n-count", "n-sequence", "s-other"]),
        ("*", &[]),
    ] {
        let Loaded { rules, refused } =
            builder(&schema).exception(Exception::new(named, "no.field == 1")).build_lenient();
        assert_eq!(attack(&rules, "bob", "192.0.2.1"), left, "{named}");
        assert_eq!(refused.len(), 1, "{refused:?}");
    }
}

#[test]
fn a_limit_takes_correlations_with_what_they_refer_to() {
    let schema = Schema::ecs();
    for limit in 0..=7 {
        let Loaded { rules, refused } = builder(&schema).rule_limit(limit).build_lenient();
        assert_eq!(refused.is_empty(), limit == 7, "{limit}: {refused:?}");
        let mut found = attack(&rules, "bob", "192.0.2.1");
        found.retain(|id| id.starts_with("s-"));
        let expected: &[&str] = match limit {
            0..=4 => &[],
            5 => &["s-count"],
            6 => &["s-count", "s-other"],
            _ => &["s-above", "s-count", "s-other"],
        };
        assert_eq!(found, expected, "{limit}: {refused:?}");
    }
}

/// Each operator has a test that finds, and tests that do not: too little, excepted, and not in the list.
#[test]
fn inline_tests_of_every_operator_see_exceptions_and_lists() {
    let operators = [
        ("count", "count: { by: [source.ip], within: 1m, at_least: 3 }"),
        ("rate", "rate: { by: [source.ip], within: 1m, at_least: 3/m }"),
        ("distinct", "distinct: { of: user.id, by: [source.ip], within: 1m, at_least: 3 }"),
        ("sum", "sum: { of: destination.port, by: [source.ip], within: 1m, at_least: 66 }"),
        ("avg", "avg: { of: destination.port, by: [source.ip], within: 1m, at_least: 22, samples: 3 }"),
        (
            "quantile",
            "quantile: { of: destination.port, q: 0.5, by: [source.ip], within: 1m, at_least: 22, samples: 3 }",
        ),
        (
            "sequence",
            "sequence: { by: [source.ip], within: 1m, steps: [{ when: exists(user.id) }, { when: exists(user.id) }, { when: exists(user.id) }] }",
        ),
        ("new", "new_value: { of: [user.id], by: [source.ip], learn: 2s }"),
    ];
    let mut text =
        "lists: { watched: [22] }\nexceptions: [{ rule: '*', when: user.name == \"ann\" }]\nrules:\n"
            .to_owned();
    for (id, operator) in operators {
        let each = |port: u16, user: &str| {
            format!(
                "each: {{ source.ip: 192.0.2.1, destination.port: {port}, user.name: {user}, user.id: \"u{{n}}\" }}"
            )
        };
        let event = "events: [{ repeat: 3, every: 1s }]";
        text.push_str(&format!(
            "- id: {id}
  name: A
  severity: low
  when: destination.port in $watched
  {operator}
  tests:
  - {{ name: enough, {bob}, {event}, expect: {{ findings: 1, subject: 192.0.2.1 }} }}
  - {{ name: too few, {bob}, events: [{{ repeat: 2, every: 1s }}], expect: no_match }}
  - {{ name: excepted, {ann}, {event}, expect: no_match }}
  - {{ name: elsewhere, {other}, {event}, expect: no_match }}
",
            bob = each(22, "bob"),
            ann = each(22, "ann"),
            other = each(23, "bob"),
        ));
    }
    let set =
        built(RuleSet::builder(&Schema::ecs()).source("tests.yaml", text.as_str()).sigma("s.yml", SIGMA));
    let report = set.test();
    assert!(report.passed(), "{report}");
    assert_eq!(report.passes, 4 * operators.len());
    set.replace_list("watched", List::integers([23])).unwrap();
    let report = set.test();
    let mut failed: Vec<_> = report.failures.iter().map(|failure| failure.test.as_str()).collect();
    failed.dedup();
    assert_eq!(failed.len(), 2 * operators.len(), "{report}");
    assert!(failed.iter().all(|name| ["enough", "elsewhere"].contains(name)), "{report}");
    assert!(set.stats().all(|stats| stats.matches == 0), "tests leave the set alone");
}

#[test]
fn what_was_remembered_is_taken_up_by_every_kind_of_rule() {
    let schema = Schema::ecs();
    let exception = || Exception::new("s-count", "user.name == \"ann\"");
    let before = |set: &RuleSet| {
        assert_eq!(act(set, 960, "login", "bob", "192.0.2.1"), [""; 0]);
        assert_eq!(act(set, 961, "login", "ann", "192.0.2.1"), [""; 0]);
    };
    let after = |set: &RuleSet| {
        assert_eq!(act(set, 962, "login", "bob", "192.0.2.1"), ["n-count", "s-other"]);
        assert_eq!(act(set, 963, "login", "bob", "192.0.2.1"), ["s-count"]);
        assert_eq!(act(set, 964, "sudo", "bob", "192.0.2.1"), ["n-sequence", "s-above"]);
    };
    let old = built(builder(&schema).exception(exception()));
    before(&old);
    let snapshot = old.snapshot();
    // The same rules in another order.
    let moved = || {
        let start = RuleSet::builder(&schema).sigma("sigma.yml", SIGMA).exception(exception());
        let more = Rule::new("more", Severity::Low, "event.action == \"logout\"").with_priority(7);
        start.rule(more).source("native.yaml", NATIVE)
    };
    after(&built(moved().resume(&snapshot).unwrap()));
    let mut taken = built(moved());
    assert_eq!(taken.take_state_from(&old), 5);
    after(&taken);
    // Another set of one seed: restored, and then restored again, it forgets what was between.
    let other = built(moved().resume(&snapshot).unwrap());
    for _ in 0..2 {
        let restored = other.restore(&snapshot).unwrap();
        assert_eq!((restored.rules, restored.dropped.len()), (5, 0));
        after(&other);
    }
    before(&built(moved()));
}

#[test]
fn a_correlation_of_changed_rules_begins_empty() {
    let schema = Schema::ecs();
    let old = built(builder(&schema));
    (960..962).for_each(|secs| assert_eq!(act(&old, secs, "login", "bob", "192.0.2.1"), [""; 0]));
    let narrower = SIGMA.replace("event.action: login", "event.action: [login, logon]");
    for (native, sigma, found) in [
        (NATIVE.to_owned(), SIGMA.to_owned(), &["n-count", "s-count", "s-other"][..]),
        (NATIVE.to_owned(), narrower, &["n-count"]),
        (
            NATIVE.replace("within: 1m, at_least: 3", "within: 2m, at_least: 3"),
            SIGMA.to_owned(),
            &["s-count", "s-other"],
        ),
        (
            NATIVE.replace("name: Count", "name: Renamed"),
            SIGMA.replace("title: Other", "title: Renamed"),
            &["n-count", "s-count", "s-other"],
        ),
    ] {
        let new = RuleSet::builder(&schema).source("n.yaml", native).sigma("s.yml", sigma);
        let new = built(new.resume(&old.snapshot()).unwrap());
        assert_eq!(act(&new, 962, "login", "bob", "192.0.2.1"), found);
    }
    // A filter changes what its rules find, and so what correlations count.
    let filtered = built(builder(&schema).sigma("f.yml", FILTER).resume(&old.snapshot()).unwrap());
    assert_eq!(act(&filtered, 962, "login", "bob", "192.0.2.1"), ["n-count"]);
}

#[test]
fn an_exception_or_another_simple_value_is_a_change() {
    let schema = Schema::ecs();
    let simple = "- { id: simple, name: S, severity: low, type: user, value: bob, count: { by: [source.ip], within: 1m, at_least: 3 } }";
    let start = |simple: &str| builder(&schema).source("simple.yaml", simple);
    let old = built(start(simple));
    (960..962).for_each(|secs| assert_eq!(act(&old, secs, "login", "bob", "192.0.2.1"), [""; 0]));
    let all = ["n-count", "s-count", "s-other", "simple"];
    let other = "user.name == \"nobody\"";
    for (set, left) in [
        (start(simple), &all[..]),
        (start(simple).exception(Exception::new("n-count", other)), &["s-count", "s-other", "simple"]),
        (start(simple).exception(Exception::new("s-count", other)), &["n-count", "s-other", "simple"]),
        (start(simple).exception(Exception::new("simple", other)), &["n-count", "s-count", "s-other"]),
        (start(simple).exception(Exception::new("*", other)), &[]),
        (start(&simple.replace("value: bob", "value: [bob, eve]")), &["n-count", "s-count", "s-other"]),
    ] {
        let set = built(set.resume(&old.snapshot()).unwrap());
        let mut found = act(&set, 962, "login", "bob", "192.0.2.1");
        found.sort_unstable();
        assert_eq!(found, left);
    }
}
