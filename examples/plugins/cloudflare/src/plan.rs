use std::collections::{BTreeMap, BTreeSet};

use autosec_plugin::{Effect, Entry, Failure, FailureKind, Outcome, fail};
use ipnet::IpNet;

use crate::answer::{Item, Items, MARK, target};
use crate::request::New;

/// What becomes of each entry that is to be blocked.
#[derive(Debug)]
pub(crate) struct Addition {
    pub(crate) items: Vec<New>,
    fates: Vec<Result<Fate, Failure>>,
}

/// What becomes of each target that is to be let in.
#[derive(Debug)]
pub(crate) struct Removal {
    pub(crate) ids: Vec<String>,
    fates: Vec<Result<Fate, Failure>>,
}

#[derive(Clone, Debug)]
enum Fate {
    /// It is a part of the change.
    Changed,
    /// Nothing has to be done.
    Kept(Outcome),
}

impl Addition {
    pub(crate) fn of(items: &Items, entries: &[Entry], capacity: usize) -> Self {
        let held: BTreeMap<IpNet, &Item> =
            items.all.iter().filter_map(|item| Some((item.target()?, item))).collect();
        let mut new = BTreeMap::new();
        let mut fates = Vec::with_capacity(entries.len());
        for entry in entries {
            fates.push(fitting(&entry.target).and_then(|target| match held.get(&target) {
                Some(item) if item.is_ours() => Ok(already(item)),
                Some(item) => Ok(Fate::Kept(
                    Outcome::new(Effect::Already).with_remote_id(&item.id).with_detail("an item of others'"),
                )),
                None if new.contains_key(&target) => Ok(Fate::Changed),
                None if items.all.len() + new.len() >= capacity => Err(full(capacity)),
                None => {
                    new.insert(target, comment(&entry.reason));
                    Ok(Fate::Changed)
                }
            }));
        }
        let items = new.into_iter().map(|(target, comment)| New { ip: written(target), comment });
        Self { items: items.collect(), fates }
    }

    pub(crate) fn results(self, done: Effect) -> Vec<Result<Outcome, Failure>> {
        results(self.fates, done)
    }
}

impl Removal {
    pub(crate) fn of(items: &Items, targets: &[String]) -> Self {
        let mut held: BTreeMap<IpNet, Vec<&Item>> = BTreeMap::new();
        for item in items.ours() {
            if let Some(target) = item.target() {
                held.entry(target).or_default().push(item);
            }
        }
        let mut ids = BTreeSet::new();
        let fate = |asked: &String| match target(asked).and_then(|target| held.get(&target)) {
            Some(items) => {
                ids.extend(items.iter().map(|item| item.id.clone()));
                Ok(Fate::Changed)
            }
            None => Ok(Fate::Kept(Outcome::new(Effect::Absent))),
        };
        let fates = targets.iter().map(fate).collect();
        Self { ids: ids.into_iter().collect(), fates }
    }

    pub(crate) fn results(self, done: Effect) -> Vec<Result<Outcome, Failure>> {
        results(self.fates, done)
    }
}

fn results(fates: Vec<Result<Fate, Failure>>, done: Effect) -> Vec<Result<Outcome, Failure>> {
    let outcome = |fate| match fate {
        Fate::Changed => Outcome::new(done),
        Fate::Kept(outcome) => outcome,
    };
    fates.into_iter().map(|fate| fate.map(outcome)).collect()
}

fn already(item: &Item) -> Fate {
    Fate::Kept(Outcome::new(Effect::Already).with_remote_id(&item.id))
}

fn full(capacity: usize) -> Failure {
    fail(FailureKind::Full, format!("the list holds {capacity} items at most, others' included"))
}

/// What the list can hold: IPv4 from /8, IPv6 from /12 to /64.
fn fitting(text: &str) -> Result<IpNet, Failure> {
    let unfit = |words: String| fail(FailureKind::InvalidTarget, words);
    let target = target(text).ok_or_else(|| unfit(format!("`{text}` is no address and no prefix")))?;
    match (target, target.prefix_len()) {
        (IpNet::V4(_), 8..) | (IpNet::V6(_), 12..=64) => Ok(target),
        (IpNet::V4(_), _) => Err(unfit("a list takes IPv4 from /8 to /32".to_owned())),
        (IpNet::V6(_), _) => Err(unfit("a list takes IPv6 from /12 to /64".to_owned())),
    }
}

/// Hosts are written without a prefix length, as the list shows them.
fn written(target: IpNet) -> String {
    let is_host = target.prefix_len() == target.max_prefix_len();
    if is_host { target.addr().to_string() } else { target.to_string() }
}

fn comment(reason: &str) -> String {
    if reason.is_empty() { MARK.to_owned() } else { format!("{MARK}: {reason}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::tests::item;

    fn entry(target: &str) -> Entry {
        Entry {
            target: target.to_owned(),
            ttl_secs: Some(60),
            reason: "rule=scan".to_owned(),
            idempotency_key: String::new(),
            extra: Vec::new(),
        }
    }

    fn items(held: Vec<Item>) -> Items {
        Items { all: held, next: None }
    }

    #[test]
    fn adds_only_what_is_not_there_and_fits() {
        let held = items(vec![
            item("1", "192.0.2.1", Some("autosec: old")),
            item("2", "198.51.100.0/24", Some("office")),
        ]);
        let asked =
            ["192.0.2.1/32", "198.51.100.0/24", "203.0.113.7/32", "203.0.113.7", "2001:db8::1/128", "x"]
                .map(entry);
        let addition = Addition::of(&held, &asked, 10);
        let new = New { ip: "203.0.113.7".to_owned(), comment: "autosec: rule=scan".to_owned() };
        assert_eq!(addition.items, [new]);
        let results = addition.results(Effect::Planned);
        let effects: Vec<_> = results.iter().flatten().map(|outcome| outcome.effect).collect();
        assert_eq!(effects, [Effect::Already, Effect::Already, Effect::Planned, Effect::Planned]);
        let kinds: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
        assert!(kinds.iter().all(|failure| failure.kind == FailureKind::InvalidTarget), "{kinds:?}");
    }

    #[test]
    fn what_has_no_room_is_named_and_the_rest_is_added() {
        let held = items(vec![item("1", "192.0.2.1", None)]);
        let addition = Addition::of(&held, &["192.0.2.2", "192.0.2.3"].map(entry), 2);
        assert_eq!(addition.items.len(), 1);
        let results = addition.results(Effect::Applied);
        assert_eq!(results[1].as_ref().unwrap_err().kind, FailureKind::Full);
    }

    #[test]
    fn takes_out_only_what_is_ours() {
        let held = items(vec![
            item("1", "192.0.2.1", Some("autosec")),
            item("2", "192.0.2.2", Some("office")),
            item("3", "2001:0db8::/64", Some("autosec: x")),
        ]);
        let asked = ["192.0.2.1/32", "192.0.2.2/32", "2001:db8::/64", "192.0.2.9"].map(str::to_owned);
        let removal = Removal::of(&held, &asked);
        assert_eq!(removal.ids, ["1", "3"]);
        let effects = removal.results(Effect::Applied).into_iter().map(|result| result.unwrap().effect);
        let wanted = [Effect::Applied, Effect::Absent, Effect::Applied, Effect::Absent];
        assert_eq!(effects.collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn prefixes_of_every_length_are_decided() {
        for (text, fits) in [
            ("10.0.0.0/8", true),
            ("10.0.0.0/7", false),
            ("2001:db8::/64", true),
            ("2001:db8::/65", false),
            ("2000::/12", true),
            ("2000::/11", false),
        ] {
            assert_eq!(fitting(text).is_ok(), fits, "{text}");
        }
    }
}
