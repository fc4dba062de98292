use std::net::Ipv4Addr;
use std::task::{Context, Waker};
use std::time::Duration;

use autosec_core::enforce::{Block, FirewallIntegration, Status};
use ipnet::{IpNet, Ipv4Net};

use super::Conformance;
use super::report::{Outcome, Promise, Report};
use super::trial::{Subject, Trial, hour, nets, patiently};

/// The most waits at which a call is dropped.
const WAITS: usize = 16;

/// Tries every promise of the firewall's own.
pub(super) async fn each(firewall: &dyn FirewallIntegration, how: &Conformance<'_>) -> Report {
    let subject = Subject { firewall };
    let mut report = Report::default();
    let mut add =
        |promise, trial: Trial| report.add(promise, trial.map_or_else(Outcome::Broken, |()| Outcome::Kept));
    add(Promise::Capabilities, capabilities(firewall));
    // Each trial begins with nothing of ours there, whatever the one before has left.
    add(Promise::Outcomes, after_clear(&subject, outcomes(&subject, how)).await);
    add(Promise::Idempotence, after_clear(&subject, idempotence(&subject)).await);
    add(Promise::Exactness, after_clear(&subject, exactness(&subject)).await);
    add(Promise::PartialFailure, after_clear(&subject, partial_failure(&subject)).await);
    add(Promise::Reasons, after_clear(&subject, reasons(&subject)).await);
    add(Promise::CancelSafety, after_clear(&subject, cancel_safety(&subject)).await);
    match (firewall.capabilities().native_ttl, how.shortest_ttl) {
        (true, Some(shortest)) => add(Promise::Times, after_clear(&subject, times(&subject, shortest)).await),
        (true, None) => report.add(Promise::Times, Outcome::Untried("left out by the host".to_owned())),
        (false, _) => report.add(Promise::Times, Outcome::Untried("the firewall keeps no times".to_owned())),
    }
    if let Err(left) = subject.clear().await {
        report.add(Promise::Idempotence, Outcome::Broken(format!("at the end {left}")));
    }
    report
}

async fn after_clear(subject: &Subject<'_>, trial: impl Future<Output = Trial>) -> Trial {
    subject.clear().await?;
    trial.await
}

fn capabilities(firewall: &dyn FirewallIntegration) -> Trial {
    let can = firewall.capabilities();
    let wrong = |what: &str| Err(what.to_owned());
    match () {
        () if firewall.name().is_empty() => wrong("the name is empty"),
        () if can.batch == 0 => wrong("a call takes no item at all"),
        () if can.capacity == Some(0) => wrong("it holds no block at all"),
        () if can.max_ttl.is_some() && !can.native_ttl => wrong("it has a longest time, but keeps no times"),
        () if can.max_ttl == Some(Duration::ZERO) => wrong("the longest time is none"),
        () => Ok(()),
    }
}

async fn outcomes(subject: &Subject<'_>, how: &Conformance<'_>) -> Trial {
    subject.block(&[]).await?;
    subject.unblock(&[]).await?;
    let can = subject.firewall.capabilities();
    let most = how.largest_call.min(can.batch).min(can.capacity.unwrap_or(usize::MAX)).min(65_536);
    // 198.18.0.0/15 is set aside for benchmarks; the kit's own prefixes hold too few hosts.
    let host = |n: usize| {
        let address = Ipv4Addr::from(0xC612_0000 + u32::try_from(n).unwrap_or(0));
        Ipv4Net::from(address).into()
    };
    let targets: Vec<IpNet> = (0..most).map(host).collect();
    let blocks: Vec<Block> = targets.iter().copied().map(hour).collect();
    let blocked = subject.block(&blocks).await;
    let unblocked = subject.unblock(&targets).await;
    blocked.and(unblocked)
}

async fn idempotence(subject: &Subject<'_>) -> Trial {
    let targets = nets(&["192.0.2.1/32", "192.0.2.2/32"]);
    let blocks: Vec<Block> = targets.iter().copied().map(hour).collect();
    for _ in 0..2 {
        subject.block(&blocks).await?;
        subject.holds(&targets).await?;
    }
    let (first, rest) = targets.split_at(1);
    for _ in 0..2 {
        subject.unblock(first).await?;
        subject.holds(rest).await?;
    }
    subject.unblock(&nets(&["203.0.113.77/32"])).await?;
    subject.holds(rest).await
}

async fn exactness(subject: &Subject<'_>) -> Trial {
    let mut targets = nets(&["192.0.2.0/32", "192.0.2.255/32"]);
    targets.extend(nets(&["203.0.113.0/24", "203.0.113.0/25", "203.0.113.0/32", "198.51.100.128/25"]));
    targets.extend(nets(&["2001:db8::1/128", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/128"]));
    targets.extend(nets(&["2001:db8:1::/48", "2001:db8:1::/64"]));
    // Some take prefixes of IPv4 alone, and some of IPv6 prefixes alone.
    targets.retain(|target| subject.firewall.obstacle(*target).is_none());
    let blocks: Vec<Block> = targets.iter().copied().map(hour).collect();
    subject.block(&blocks).await?;
    subject.holds(&targets).await?;
    // One after the other, from the front and from the back, so that covers go before and after what they cover.
    let mut turn = 0;
    while !targets.is_empty() {
        let at = if turn % 2 == 0 { 0 } else { targets.len() - 1 };
        let gone = targets.remove(at);
        subject.unblock(&[gone]).await?;
        subject.holds(&targets).await?;
        turn += 1;
    }
    Ok(())
}

async fn partial_failure(subject: &Subject<'_>) -> Trial {
    let possible = nets(&["192.0.2.10/32", "192.0.2.11/32"]);
    let mut impossible = nets(&["2001:db8::10/128", "2001:db8:10::/64", "198.51.100.0/25"]);
    impossible.retain(|target| subject.firewall.obstacle(*target).is_some());
    let [first, last] = possible.as_slice() else { return Ok(()) };
    let all: Vec<Block> =
        [*first].into_iter().chain(impossible.iter().copied()).chain([*last]).map(hour).collect();
    let answer = patiently(async || subject.firewall.block(&all).await).await;
    let answer = answer.map_err(|error| format!("the call as a whole failed: {error}"))?;
    for outcome in &answer {
        let is_possible = possible.contains(&outcome.target);
        match &outcome.status {
            Status::Done if is_possible => {}
            Status::Unsupported(_) | Status::Rejected(_) if !is_possible => {}
            status => return Err(format!("`{}` is {status:?}", outcome.target)),
        }
    }
    subject.holds(&possible).await
}

async fn reasons(subject: &Subject<'_>) -> Trial {
    let targets = nets(&["192.0.2.20/32", "192.0.2.21/32"]);
    let reasons = [r#""; } flush ruleset; </entry>' -- $(reboot) `id` \ %s %n { [ ( "#, ""];
    let block = |(target, reason): (&IpNet, &str)| Block { reason: reason.to_owned(), ..hour(*target) };
    let blocks: Vec<Block> = targets.iter().zip(reasons).map(block).collect();
    subject.block(&blocks).await?;
    subject.holds(&targets).await
}

/// Polls a call so many times and drops it: a real firewall answers in between or not, both must be harmless.
async fn cancel_safety(subject: &Subject<'_>) -> Trial {
    let kept = nets(&["203.0.113.1/32"]);
    let asked = nets(&["192.0.2.30/32", "192.0.2.31/32"]);
    let blocks: Vec<Block> = asked.iter().copied().map(hour).collect();
    let waits: Vec<Block> = kept.iter().copied().map(hour).collect();
    for polls in 1..=WAITS {
        subject.clear().await?;
        subject.block(&waits).await?;
        let finished = dropped_after(polls, subject.firewall.block(&blocks)).await;
        let held = subject.held().await?;
        if !kept.iter().all(|target| held.contains_key(target)) {
            return Err(format!("a block dropped at wait {polls} took out another one"));
        }
        if let Some(odd) = held.keys().find(|target| !kept.contains(target) && !asked.contains(target)) {
            return Err(format!("a block dropped at wait {polls} put in `{odd}`"));
        }
        subject
            .block(&blocks)
            .await
            .map_err(|why| format!("after a block dropped at wait {polls}, {why}"))?;
        subject.holds(&[kept.as_slice(), asked.as_slice()].concat()).await?;
        if finished {
            break;
        }
    }
    Ok(())
}

/// Whether the call ended within so many polls; else it is dropped.
async fn dropped_after<T>(polls: usize, call: impl Future<Output = T>) -> bool {
    let mut call = Box::pin(call);
    for _ in 0..polls {
        if call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return true;
        }
        // Gives what the call waits for a chance to come.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    false
}

async fn times(subject: &Subject<'_>, shortest: Duration) -> Trial {
    let [brief, longer, shorter, endless] =
        ["192.0.2.40/32", "192.0.2.41/32", "192.0.2.42/32", "192.0.2.43/32"].map(|text| nets(&[text]));
    let at = |targets: &[IpNet], ttl| -> Vec<Block> {
        targets.iter().map(|target| Block { ttl, ..hour(*target) }).collect()
    };
    let brief_time = Some(shortest);
    let long = Some(Duration::from_secs(600));
    subject
        .block(
            &[at(&brief, brief_time), at(&longer, brief_time), at(&shorter, long), at(&endless, None)]
                .concat(),
        )
        .await?;
    subject.block(&[at(&longer, long), at(&shorter, brief_time)].concat()).await?;
    let held = subject.held().await?;
    for (target, least, most) in
        [(&brief, Duration::ZERO, shortest), (&longer, shortest, Duration::from_secs(601))]
    {
        let Some(ttl) = target.first().and_then(|target| held.get(target)) else {
            return Err(format!("{target:?} is not blocked"));
        };
        if !ttl.is_some_and(|ttl| ttl >= least && ttl <= most + Duration::from_secs(1)) {
            return Err(format!("{target:?} has {ttl:?} left, not between {least:?} and {most:?}"));
        }
    }
    tokio::time::sleep(shortest + Duration::from_millis(1_500)).await;
    let left = [longer, endless].concat();
    subject.holds(&left).await.map_err(|why| format!("when the short ones should have ended, {why}"))
}
