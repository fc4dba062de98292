use std::collections::{BTreeMap, HashMap};

use autosec_core::enforce::EnforceError;
use ipnet::IpNet;

use super::answer::{self, About, Complaint};
use super::api::Api;
use super::fault::Fault;
use super::message::{self, Change, Item};

/// The most requests of one change: enough to find two bad entries among 5,000 where PAN-OS does not name them.
const REQUEST_LIMIT: usize = 48;

/// What became of an item of a change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
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
/// # Errors
/// It could not be asked, or it heard none of them and objected without naming which.
pub(super) async fn settle(
    api: &Api,
    change: Change,
    items: Vec<Item>,
) -> Result<BTreeMap<IpNet, Verdict>, EnforceError> {
    let mut verdicts = BTreeMap::new();
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
        let asked = message::change(&api.config, change, &part);
        let answered = api.try_to(asked, answer::read_change).await?;
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
        Some(words) => Err(api.error(Fault::Refused(words))),
        None => Ok(verdicts),
    }
}

fn was_heard(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Heard | Verdict::AlreadyThere)
}

/// What the complaints about a message say of each of its items.
///
/// # Errors
/// A complaint that cannot be put to an item, in its words.
fn judge(
    change: Change,
    part: &[Item],
    complaints: Vec<Complaint>,
) -> Result<HashMap<IpNet, Verdict>, String> {
    let mut verdicts: HashMap<IpNet, Verdict> =
        part.iter().map(|item| (item.target, Verdict::Heard)).collect();
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
