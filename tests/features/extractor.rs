//! Rows are the same everywhere and every time, memory is bounded, and wrong sets are refused.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Barrier;
use std::time::Duration;

use autosec_core::entity::Entity;
use autosec_core::event::{Event, Schema, Value, field};
use autosec_core::time::Timestamp;
use autosec_ml::feature::{Column, FeatureExtractor, FeatureSet, FeatureSetError, Limits};

use super::{MORNING, fractions, login};
use crate::support::golden;

fn ready() -> [FeatureSet; 5] {
    [FeatureSet::login(), FeatureSet::http(), FeatureSet::flow(), FeatureSet::process(), FeatureSet::rhythm()]
}

fn extractor(set: &FeatureSet) -> FeatureExtractor {
    FeatureExtractor::new(set, &Schema::ecs()).unwrap()
}

/// Logins of some users from some addresses, the same every time.
fn logins(count: usize) -> Vec<(i64, String, String, &'static str)> {
    let mut chance = fractions(11);
    let mut below = |bound: f64| (chance.next().unwrap() * bound) as i64;
    let mut seconds = 0;
    let one = |_| {
        seconds += below(400.0) - 20;
        let user = format!("user-{}", below(9.0));
        let source = format!("198.51.100.{}", below(6.0));
        (seconds, user, source, if below(10.0) == 0 { "failure" } else { "success" })
    };
    (0..count).map(one).collect()
}

/// The values that columns have had since their version was last raised. If this fails, raise `FeatureSet::CODE`: a
/// model that was trained on other values is to be refused.
#[test]
fn rows_are_those_of_the_version_of_the_code() {
    let extractor = extractor(&FeatureSet::login());
    let mut row = vec![0.0; extractor.columns()];
    let mut text = extractor.schema().columns().collect::<Vec<_>>().join(" ") + "\n";
    for (seconds, user, source, outcome) in &logins(60) {
        extractor.extract(&login(*seconds, user, source, outcome), &mut row).unwrap();
        let values: Vec<String> = row.iter().map(ToString::to_string).collect();
        writeln!(text, "{}", values.join(" ")).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/feature-rows.txt");
    assert_eq!(golden::differs(&path, &text), None);
}

#[test]
fn a_replay_makes_the_same_rows() {
    for set in ready() {
        let (first, second) = (extractor(&set), extractor(&set));
        let rows = [&first, &second].map(|extractor| {
            let mut row = vec![f64::NAN; extractor.columns()];
            let mut bits = Vec::new();
            for (seconds, user, source, outcome) in &logins(800) {
                let event = login(*seconds, user, source, outcome)
                    .with(field::URL_PATH, user.as_str())
                    .with(field::HOST_NAME, "host-1")
                    .with(field::PROCESS_NAME, user.as_str())
                    .with(field::DESTINATION_IP, source.parse::<std::net::IpAddr>().unwrap())
                    .with(field::SOURCE_BYTES, seconds.rem_euclid(5_000));
                extractor.extract(&event, &mut row).unwrap();
                bits.extend(row.iter().map(|value| value.to_bits()));
            }
            bits
        });
        assert_eq!(rows[0], rows[1], "{}", set.name);
    }
}

/// What threads do to other entities changes nothing about one's rows.
#[test]
fn threads_make_the_rows_that_one_makes() {
    let set = FeatureSet::login();
    let events = logins(3_000);
    let rows = |extractor: &FeatureExtractor, user: &str| {
        let mut row = vec![0.0; extractor.columns()];
        let own = events.iter().filter(|(_, name, ..)| name == user);
        own.flat_map(|(seconds, user, source, outcome)| {
            extractor.extract(&login(*seconds, user, source, outcome), &mut row).unwrap();
            row.iter().map(|value| value.to_bits()).collect::<Vec<_>>()
        })
        .collect::<Vec<u64>>()
    };
    let users: Vec<String> = (0..4).map(|number| format!("user-{number}")).collect();
    let (alone, shared, start) = (extractor(&set), extractor(&set), Barrier::new(users.len()));
    let together: Vec<Vec<u64>> = std::thread::scope(|scope| {
        let threads = users.iter().map(|user| {
            scope.spawn(|| {
                start.wait();
                rows(&shared, user)
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (user, together) in users.iter().zip(together) {
        assert_eq!(rows(&alone, user), together, "{user}");
    }
}

#[test]
fn a_flood_of_entities_is_bounded_and_counted() {
    let mut limits = Limits::default();
    limits.entities = 500;
    let set = FeatureSet::login();
    let extractor = FeatureExtractor::with_limits(&set, &Schema::ecs(), &limits).unwrap();
    let mut row = vec![0.0; extractor.columns()];
    for number in 0..20_000_i64 {
        let user = format!("flood-{number}");
        extractor.extract(&login(number, &user, "203.0.113.9", "failure"), &mut row).unwrap();
        let ann = extractor.extract(&login(number, "ann", "192.0.2.1", "success"), &mut row).unwrap();
        assert_eq!(i64::from(ann.earlier), number, "who is in use stays");
    }
    assert_eq!((extractor.entities(), extractor.evicted()), (500, 20_001 - 500));
    assert!(extractor.most_bytes_an_entity() < 8_192, "{}", extractor.most_bytes_an_entity());
}

#[test]
fn one_entity_with_many_values_is_bounded() {
    let set = FeatureSet::new("a", 1, "user.name").with([
        Column::Distinct { of: "source.port".into(), within: Duration::from_secs(86_400) },
        Column::Surprise("source.port".into()),
    ]);
    let extractor = extractor(&set);
    let mut row = [0.0; 2];
    for number in 0..200_000 {
        let event = Event::new(Timestamp::from_secs(MORNING + number / 100))
            .with(field::USER_NAME, "ann")
            .with(field::SOURCE_PORT, number);
        extractor.extract(&event, &mut row);
    }
    assert_eq!(row[0], 64.0, "so many are told apart");
    assert!(row[1] < 0.1, "{}", row[1]);
}

#[test]
fn time_that_runs_backwards_is_missing_and_not_counted() {
    let set = FeatureSet::login();
    let extractor = extractor(&set);
    let column = |name: &str| extractor.schema().columns().position(|column| column == name).unwrap();
    let mut row = vec![0.0; extractor.columns()];
    for seconds in [0, 100_000, -500_000, 100_001] {
        extractor.extract(&login(seconds, "ann", "192.0.2.1", "success"), &mut row).unwrap();
        let late = seconds < 0;
        for name in ["since_previous", "count.1h", "failures.1m", "burst.1h"] {
            let first = seconds == 0 && (name == "since_previous" || name == "burst.1h");
            assert_eq!(row[column(name)].is_nan(), late || first, "{name} at {seconds}");
        }
    }
    assert_eq!(row[column("count.1h")], 2.0);
    for time in [Timestamp::MIN, Timestamp::MAX, Timestamp::MIN] {
        let mut event = login(0, "ann", "192.0.2.1", "failure");
        event.set_time(time);
        extractor.extract(&event, &mut row).unwrap();
        assert!(row.iter().all(|value| !value.is_infinite()), "{row:?}");
    }
}

#[test]
fn only_events_of_the_set_make_rows() {
    let extractor = extractor(&FeatureSet::login());
    let mut row = [7.0; 1];
    let other = Event::new(Timestamp::from_secs(MORNING)).with(field::USER_NAME, "ann");
    assert_eq!(extractor.extract(&other, &mut row), None);
    assert_eq!(extractor.extract(&other.clone().with(field::EVENT_CATEGORY, "web"), &mut row), None);
    assert_eq!(row, [7.0], "nothing was touched");
    let several = Value::List(vec![Value::from("iam"), Value::from("authentication")]);
    assert!(extractor.extract(&other.with(field::EVENT_CATEGORY, several), &mut row).is_some());
    assert_ne!(row, [7.0], "a row that is too short takes what it can");
    let nobody = Event::new(Timestamp::from_secs(MORNING)).with(field::EVENT_CATEGORY, "authentication");
    assert_eq!(extractor.extract(&nobody, &mut row), None);
}

#[test]
fn entities_are_named_as_findings_name_them() {
    let subject =
        |entity: &str, event: &Event<'_>| extractor(&FeatureSet::rhythm().by(entity)).subject(event).unwrap();
    let event = login(0, "ann", "2001:db8:1:2::7", "success").with(field::HOST_NAME, "db-1");
    assert_eq!(subject("user.name", &event), Entity::User("ann".into()));
    assert_eq!(subject("host.name", &event), Entity::Host("db-1".into()));
    assert_eq!(subject("source.ip", &event).to_string(), "2001:db8:1:2::/64");
    assert_eq!(subject("event.action", &event), Entity::Other("login".into()));
    let by_address = extractor(&FeatureSet::rhythm().by("source.ip"));
    let mut row = vec![0.0; by_address.columns()];
    by_address.extract(&event, &mut row).unwrap();
    let neighbour = login(1, "ann", "2001:db8:1:2::8", "success");
    assert_eq!(by_address.extract(&neighbour, &mut row).unwrap().earlier, 1, "one client");
}

#[test]
fn sets_are_written_and_read() {
    for set in ready() {
        let text = serde_json::to_string(&set).unwrap();
        assert_eq!(serde_json::from_str::<FeatureSet>(&text).unwrap(), set, "{text}");
        assert_eq!(extractor(&set).columns(), set.schema().unwrap().columns().len());
    }
    let yaml = "
name: shell
entity: host.name
when: [{ field: process.name, is: bash }]
columns:
  - hour_of_week
  - count: 1h 30m
  - distinct: { of: user.name, within: 1d }
  - entropy: process.command_line
  - is: { field: process.parent.name, value: sshd }
";
    let set: FeatureSet = serde_saphyr::from_str(yaml).unwrap();
    let names: Vec<String> = set.schema().unwrap().columns().map(str::to_owned).collect();
    let wanted = [
        "hour_of_week",
        "count.1h30m",
        "distinct.user.name.1d",
        "entropy.process.command_line",
        "is.process.parent.name.sshd",
    ];
    assert_eq!(names, wanted);
    assert!(serde_saphyr::from_str::<FeatureSet>("{ name: a, entity: b, columns: [colour] }").is_err());
}

#[test]
fn what_changes_a_column_changes_the_schema() {
    let base = FeatureSet::rhythm();
    let mut newer = base.clone();
    newer.version = 2;
    let other = [base.clone().by("host.name"), base.clone().only_with("url.path"), newer];
    assert!(other.iter().all(|set| set.schema().unwrap().hash() != base.schema().unwrap().hash()));
}

#[test]
fn wrong_sets_are_refused() {
    let refused = |column: Column| {
        let set = FeatureSet::new("a", 1, "user.name").with([column]);
        FeatureExtractor::new(&set, &Schema::ecs()).unwrap_err().to_string()
    };
    assert_eq!(
        refused(Column::Length("url.pth".into())),
        "`length.url.pth` asks for the field `url.pth`, which the schema of events does not have"
    );
    assert_eq!(
        refused(Column::Log("url.path".into())),
        "`log.url.path` needs a number, and the field `url.path` holds text"
    );
    assert_eq!(
        refused(Column::Entropy("source.bytes".into())),
        "`entropy.source.bytes` needs text, and the field `source.bytes` holds an integer"
    );
    let long = refused(Column::Count(Duration::from_secs(40 * 86_400)));
    assert!(long.starts_with("`count.5w5d` asks for a window that cannot be kept"), "{long}");
    let short = refused(Column::Burst(Duration::from_micros(5)));
    assert!(short.contains("asks for a window that cannot be kept"), "{short}");
    let none = FeatureSet::new("a", 1, "user.name");
    let error = FeatureExtractor::new(&none, &Schema::ecs()).unwrap_err();
    assert_eq!(error, FeatureSetError::Columns(0));
    let twice = none.clone().with([Column::Hour, Column::Hour]);
    let error = FeatureExtractor::new(&twice, &Schema::ecs()).unwrap_err();
    assert_eq!(error.to_string(), "two columns of a feature schema are called `hour.cos`");
    let nobody = FeatureSet::new("a", 1, "nobody").with([Column::Hour]);
    let error = FeatureExtractor::new(&nobody, &Schema::ecs()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`entity` asks for the field `nobody`, which the schema of events does not have"
    );
}
