//! What became of the items of one call.

use std::time::Duration;

use autosec_core::enforce::{Change, Outcome, Status};
use ipnet::IpNet;

use super::batch::Answers;
use super::fault;
use crate::plugin::interface::{self as border, Effect, Failure, FailureKind};

/// The answers to one call, put to use.
#[derive(Debug)]
pub(super) enum Settled {
    /// One outcome an item, and how long the plugin is to be left alone.
    Items(Vec<Outcome>, Duration),
    /// The call failed, whatever item it was said of.
    Failed(Failure),
}

/// Sorts answers into what is about items and what is about the device.
///
/// A device that is away is away for all items of a call, and a plugin says so of each. Where some went well first, they count,
/// and the others stay owed without blame.
pub(super) fn settle(targets: &[IpNet], change: Change, answers: Answers) -> Settled {
    let general = answers
        .iter()
        .filter_map(|answer| answer.as_ref().err())
        .filter(|failure| fault::is_general(failure));
    let general: Vec<&Failure> = general.collect();
    let has_success = answers.iter().any(Result::is_ok);
    if let Some(first) = general.first().filter(|_| !has_success) {
        return Settled::Failed((*first).clone());
    }
    let wait = general.iter().map(|failure| fault::wait(failure)).max().unwrap_or_default();
    let items = targets.iter().zip(answers);
    let outcome = |(target, answer): (&IpNet, _)| Outcome { target: *target, status: status(change, answer) };
    Settled::Items(items.map(outcome).collect(), wait)
}

fn status(change: Change, answer: Result<border::Outcome, Failure>) -> Status {
    match answer {
        Ok(outcome) if outcome.effect == Effect::Planned => {
            Status::Rejected("the plugin only planned what it was asked to do".to_owned())
        }
        Ok(outcome) if outcome.effect == Effect::Absent && change == Change::Block => {
            Status::Rejected("the plugin says that what it was to block is absent".to_owned())
        }
        Ok(_) => Status::Done,
        Err(failure) if fault::is_general(&failure) => Status::Deferred,
        // What the device cannot hold, it does not hold.
        Err(failure) if failure.kind == FailureKind::InvalidTarget && change == Change::Unblock => {
            Status::Done
        }
        // Whatever it says of its abilities, what is to be let in is asked for again.
        Err(failure) if change == Change::Unblock => match fault::status(&failure) {
            Status::Unsupported(why) => Status::Rejected(why),
            status => status,
        },
        Err(failure) => fault::status(&failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(effect: Effect) -> Result<border::Outcome, Failure> {
        Ok(border::Outcome { effect, remote_id: None, detail: None, extra: Vec::new() })
    }

    fn failed(kind: FailureKind) -> Result<border::Outcome, Failure> {
        Err(Failure { kind, message: "why".to_owned(), retry_after_ms: None, extra: Vec::new() })
    }

    fn targets(count: u8) -> Vec<IpNet> {
        (1..=count).map(|last| IpNet::from(std::net::IpAddr::from([203, 0, 113, last]))).collect()
    }

    fn statuses(change: Change, answers: Answers) -> Vec<Status> {
        match settle(&targets(u8::try_from(answers.len()).unwrap()), change, answers) {
            Settled::Items(outcomes, _) => outcomes.into_iter().map(|outcome| outcome.status).collect(),
            Settled::Failed(failure) => panic!("{failure:?}"),
        }
    }

    #[test]
    fn items_keep_their_own_fate() {
        let answers =
            vec![done(Effect::Applied), failed(FailureKind::InvalidTarget), failed(FailureKind::Full)];
        let expected = [
            Status::Done,
            Status::Unsupported("why".into()),
            Status::Rejected("the device is full: why".into()),
        ];
        assert_eq!(statuses(Change::Block, answers), expected);
        let answers =
            vec![done(Effect::Absent), failed(FailureKind::InvalidTarget), failed(FailureKind::Unsupported)];
        let expected = [Status::Done, Status::Done, Status::Rejected("why".into())];
        assert_eq!(statuses(Change::Unblock, answers), expected);
    }

    #[test]
    fn what_was_not_done_is_not_done() {
        let held = statuses(Change::Block, vec![done(Effect::Planned), done(Effect::Absent)]);
        assert!(held.iter().all(|status| matches!(status, Status::Rejected(_))), "{held:?}");
    }

    #[test]
    fn a_device_that_is_away_is_away_for_all() {
        let answers = vec![failed(FailureKind::InvalidTarget), failed(FailureKind::Unavailable)];
        assert!(matches!(settle(&targets(2), Change::Block, answers), Settled::Failed(_)));
        let answers = vec![done(Effect::Already), failed(FailureKind::RateLimited)];
        let Settled::Items(outcomes, wait) = settle(&targets(2), Change::Block, answers) else {
            panic!("it failed")
        };
        assert_eq!(outcomes[1].status, Status::Deferred);
        assert_eq!(wait, Duration::from_secs(10));
    }
}
