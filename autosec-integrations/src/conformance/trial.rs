use std::collections::BTreeMap;
use std::time::Duration;

use autosec_core::enforce::{Block, EnforceError, FirewallIntegration, Outcome, Status};
use ipnet::IpNet;

/// The prefixes that are set aside for documentation, which nobody sends from.
const OURS: [&str; 4] = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"];

/// How often a firewall that puts us off is asked again.
const TRIES: usize = 20;
/// The longest it is waited for between.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How long is waited where items were put off and it is not said for how long.
const PAUSE: Duration = Duration::from_millis(20);

/// Says in words what is wrong.
pub(super) type Trial = Result<(), String>;

/// A firewall under trial.
pub(super) struct Subject<'f> {
    pub(super) firewall: &'f dyn FirewallIntegration,
}

impl Subject<'_> {
    /// Blocks, and holds that every item is done.
    pub(super) async fn block(&self, blocks: &[Block]) -> Trial {
        let answer = patiently(async || self.firewall.block(blocks).await).await;
        let answer = answer.map_err(|error| format!("block failed: {error}"))?;
        all_done("block", blocks.iter().map(|block| block.target), &answer)
    }

    /// Unblocks, and holds that every item is done.
    pub(super) async fn unblock(&self, targets: &[IpNet]) -> Trial {
        let answer = patiently(async || self.firewall.unblock(targets).await).await;
        let answer = answer.map_err(|error| format!("unblock failed: {error}"))?;
        all_done("unblock", targets.iter().copied(), &answer)
    }

    /// What it holds of the prefixes for documentation, each with its time; an item listed twice is wrong.
    pub(super) async fn held(&self) -> Result<BTreeMap<IpNet, Option<Duration>>, String> {
        let blocked = self.firewall.blocked().await.map_err(|error| format!("blocked failed: {error}"))?;
        let mut held = BTreeMap::new();
        for block in blocked.into_iter().filter(|block| is_ours(&block.target)) {
            if held.insert(block.target, block.ttl).is_some() {
                return Err(format!("`{}` is listed twice", block.target));
            }
        }
        Ok(held)
    }

    /// Holds that it holds exactly these of the prefixes for documentation.
    pub(super) async fn holds(&self, wanted: &[IpNet]) -> Trial {
        let held: Vec<IpNet> = self.held().await?.into_keys().collect();
        let mut wanted = wanted.to_vec();
        wanted.sort_unstable();
        if held == wanted {
            Ok(())
        } else {
            Err(format!("{} is blocked, and should be {}", list(&held), list(&wanted)))
        }
    }

    /// Takes out every block of the prefixes for documentation.
    pub(super) async fn clear(&self) -> Trial {
        let held: Vec<IpNet> = self.held().await?.into_keys().collect();
        let batch = self.firewall.capabilities().batch.max(1);
        for part in held.chunks(batch) {
            self.unblock(part).await?;
        }
        self.holds(&[]).await
    }
}

/// Asks again for as long as the firewall is busy or puts items off, within reason: that is its right, and the enforcer does so.
pub(super) async fn patiently(
    ask: impl AsyncFn() -> Result<Vec<Outcome>, EnforceError>,
) -> Result<Vec<Outcome>, EnforceError> {
    let mut answer = ask().await;
    for _ in 0..TRIES {
        let wait = match &answer {
            Err(EnforceError::Busy { after, .. }) => (*after).min(LONGEST_WAIT),
            Ok(outcomes) if outcomes.iter().any(|outcome| outcome.status == Status::Deferred) => PAUSE,
            _ => break,
        };
        tokio::time::sleep(wait).await;
        answer = ask().await;
    }
    answer
}

/// A block for an hour.
pub(super) fn hour(target: IpNet) -> Block {
    Block { target, ttl: Some(Duration::from_secs(3600)), reason: "conformance".to_owned() }
}

/// Prefixes as the kit writes them.
pub(super) fn nets(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

fn is_ours(target: &IpNet) -> bool {
    nets(&OURS).iter().any(|ours| ours.contains(target))
}

fn all_done(call: &str, asked: impl Iterator<Item = IpNet>, answer: &[Outcome]) -> Trial {
    let asked: Vec<IpNet> = asked.collect();
    let answered: Vec<IpNet> = answer.iter().map(|outcome| outcome.target).collect();
    if asked != answered {
        return Err(format!("{call} of {} answered for {}", list(&asked), list(&answered)));
    }
    match answer.iter().find(|outcome| outcome.status != Status::Done) {
        Some(outcome) => Err(format!("{call} of `{}` is {:?}", outcome.target, outcome.status)),
        None => Ok(()),
    }
}

fn list(targets: &[IpNet]) -> String {
    let shown: Vec<String> = targets.iter().take(8).map(|target| format!("`{target}`")).collect();
    let more = if targets.len() > 8 { format!(" and {} more", targets.len() - 8) } else { String::new() };
    if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") + &more }
}
