use std::collections::BTreeMap;

use autosec_plugin::{Effect, Failure, FailureKind, Outcome, fail};
use ipnet::IpNet;

use crate::PanOs;
use crate::answer::{self, About, Complaint};
use crate::fault::Fault;
use crate::message::{self, Change, Item};

/// The most requests of one change: enough to find two bad entries among 1,000 where PAN-OS does not name them.
const REQUEST_LIMIT: usize = 48;

/// What became of each item.
pub(crate) type Verdicts = BTreeMap<IpNet, Verdict>;

/// What became of an item of a change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// PAN-OS heard it.
    Heard,
    /// It carries the tag already, and nothing else was changed.
    AlreadyThere,
    /// PAN-OS objects to it, in its words.
    Refused(String),
    /// It was not tried, because too many others were objected to.
    Untried,
}

/// Changes the tags of items, so that those that PAN-OS objects to do not stand in the way of the others: the ones it
/// names are left out, and where it names none, the halves are tried.
///
/// It fails where it could not be asked, or where none of them was heard and the objection names no item.
pub(crate) fn settle(panos: &PanOs, change: Change, items: Vec<Item>) -> Result<Verdicts, Fault> {
    let mut verdicts = Verdicts::new();
    let mut parts = vec![items];
    let mut requests = 0;
    let mut refusal = None;
    while let Some(mut part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        if requests == REQUEST_LIMIT {
            verdicts.extend(part.iter().map(|item| (item.target, Verdict::Untried)));
            continue;
        }
        requests += 1;
        let asked = message::change(&panos.config, change, &part);
        let answered = panos.try_to(asked, answer::read_change)?;
        match answered.and_then(|answer| judge(change, &part, answer::complaints(&answer))) {
            Ok(judged) => {
                let again = judged.values().any(|verdict| matches!(verdict, Verdict::Refused(_)));
                part.retain(|item| judged.get(&item.target) == Some(&Verdict::Heard));
                verdicts.extend(judged);
                // Whether the rest of a message is heard in which something is refused is not documented.
                if again {
                    parts.push(part);
                }
            }
            Err(words) => {
                if part.len() == 1 {
                    verdicts.extend(part.iter().map(|item| (item.target, Verdict::Refused(words.clone()))));
                } else {
                    let rest = part.split_off(part.len() / 2);
                    parts.extend([rest, part]);
                }
                // Words that name no item say nothing of it, though it be the only one.
                refusal = Some(words);
            }
        }
    }
    match refusal.filter(|_| !verdicts.values().any(was_heard)) {
        Some(words) => Err(Fault::Refused(words)),
        None => Ok(verdicts),
    }
}

/// The result of an item.
pub(crate) fn result(verdict: Option<&Verdict>) -> Result<Outcome, Failure> {
    match verdict {
        Some(Verdict::Heard) => Ok(Outcome::new(Effect::Applied)),
        Some(Verdict::AlreadyThere) => Ok(Outcome::new(Effect::Already)),
        Some(Verdict::Refused(words)) => Err(fail(FailureKind::Other("refused".to_owned()), words.as_str())),
        Some(Verdict::Untried) | None => {
            let words = "it was not tried, because too many others were objected to";
            Err(fail(FailureKind::RateLimited, words).with_retry_after_ms(1_000))
        }
    }
}

fn was_heard(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Heard | Verdict::AlreadyThere)
}

/// What the complaints about a message say of each of its items; the error is a complaint that cannot be put to an item.
fn judge(change: Change, part: &[Item], complaints: Vec<Complaint>) -> Result<Verdicts, String> {
    let mut verdicts: Verdicts = part.iter().map(|item| (item.target, Verdict::Heard)).collect();
    for Complaint { registering, target, about } in complaints {
        let verdict = match (about, registering) {
            // That a tag is gone is what was asked for.
            (About::NotThere | About::AlreadyThere, false) => continue,
            (About::AlreadyThere, true) => Verdict::AlreadyThere,
            (About::NotThere, true) => Verdict::Refused("it says that it does not exist".to_owned()),
            (About::Other(words), _) => Verdict::Refused(words),
        };
        match (target.and_then(|target| verdicts.get_mut(&target)), verdict) {
            (Some(known), verdict) if !matches!(known, Verdict::Refused(_)) => *known = verdict,
            (Some(_), _) => {}
            (None, Verdict::Refused(words)) => return Err(words),
            (None, _) if change == Change::Unregister => {}
            (None, _) => return Err("it objects to an address that it does not name".to_owned()),
        }
    }
    Ok(verdicts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(registering: bool, target: &str, about: About) -> Complaint {
        Complaint { registering, target: target.parse().ok(), about }
    }

    #[test]
    fn what_is_said_of_an_item_is_its_verdict() {
        let items = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|text| Item::read(text, Some(60)).unwrap());
        let said = vec![
            complaint(true, "192.0.2.1/32", About::AlreadyThere),
            complaint(true, "192.0.2.2/32", About::Other("too many tags".to_owned())),
            complaint(false, "192.0.2.3/32", About::NotThere),
        ];
        let judged = judge(Change::Refresh, &items, said).unwrap();
        let verdicts: Vec<_> = judged.into_values().collect();
        let refused = Verdict::Refused("too many tags".to_owned());
        assert_eq!(verdicts, [Verdict::AlreadyThere, refused, Verdict::Heard]);
        let unnamed = vec![complaint(true, "-", About::Other("odd".to_owned()))];
        assert_eq!(judge(Change::Register, &items, unnamed), Err("odd".to_owned()));
    }
}
