//! The conformance kit itself: it passes what is right, and finds what is wrong.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::enforce::{
    Block, Capabilities, EnforceError, FirewallIntegration, Health, MemoryFirewall, Outcome, Status,
};
use autosec_integrations::conformance::{self, Conformance, Promise};
use autosec_integrations::firewall::dynamic_list::DynamicList;
use ipnet::IpNet;

/// What is wrong with a firewall.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Vice {
    Nothing,
    DropsMasks,
    ForgetsOrder,
    FailsOnAbsent,
    ListsTwice,
    KeepsForEver,
    RefusesReasons,
    HalfWay,
    TouchesOthers,
}

#[derive(Debug)]
struct Vicious {
    vice: Vice,
    memory: MemoryFirewall,
    others: Mutex<BTreeMap<String, u32>>,
}

impl Vicious {
    fn new(vice: Vice) -> Self {
        Self { vice, memory: MemoryFirewall::new("vicious"), others: Mutex::default() }
    }
}

#[async_trait]
impl FirewallIntegration for Vicious {
    fn name(&self) -> &str {
        "vicious"
    }

    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        let mut asked = blocks.to_vec();
        for block in &mut asked {
            match self.vice {
                Vice::DropsMasks => block.target = IpNet::from(block.target.addr()),
                Vice::KeepsForEver => block.ttl = None,
                Vice::RefusesReasons if block.reason.contains('"') => {
                    let reason = "syntax error".to_owned();
                    return Err(EnforceError::Rejected { firewall: "vicious".into(), target: None, reason });
                }
                Vice::TouchesOthers => *self.others.lock().unwrap().entry("rule".into()).or_default() += 1,
                _ => {}
            }
        }
        if self.vice == Vice::HalfWay {
            let held: Vec<_> = self.memory.blocked().await?.iter().map(|block| block.target).collect();
            self.memory.unblock(&held).await?;
            tokio::time::sleep(Duration::from_millis(2)).await;
            self.memory
                .block(
                    &held
                        .iter()
                        .map(|target| Block { target: *target, ..blocks[0].clone() })
                        .collect::<Vec<_>>(),
                )
                .await?;
        }
        self.memory.block(&asked).await?;
        let outcome = |block: &Block| Outcome { target: block.target, status: Status::Done };
        let outcomes = blocks.iter().map(outcome);
        Ok(if self.vice == Vice::ForgetsOrder { outcomes.rev().collect() } else { outcomes.collect() })
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        if self.vice == Vice::FailsOnAbsent {
            let held = self.memory.blocked().await?;
            if let Some(absent) =
                targets.iter().find(|target| held.iter().all(|block| block.target != **target))
            {
                let reason = "no such entry".to_owned();
                return Err(EnforceError::Rejected {
                    firewall: "vicious".into(),
                    target: Some(*absent),
                    reason,
                });
            }
        }
        self.memory.unblock(targets).await
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        let mut blocked = self.memory.blocked().await?;
        if self.vice == Vice::ListsTwice {
            blocked.extend(blocked.clone());
        }
        Ok(blocked)
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        self.memory.health().await
    }
}

fn brief() -> Conformance<'static> {
    Conformance { shortest_ttl: Some(Duration::from_millis(50)), ..Conformance::default() }
}

#[tokio::test]
async fn right_firewalls_pass() {
    let memory = MemoryFirewall::new("memory");
    let list = DynamicList::new("list");
    let firewalls: [&dyn FirewallIntegration; 2] = [&memory, &list];
    for firewall in firewalls {
        let report = conformance::check(firewall, &brief()).await;
        assert!(report.is_passed(), "{}:\n{report}", firewall.name());
    }
}

#[tokio::test]
async fn each_vice_is_found() {
    for (vice, promise) in [
        (Vice::DropsMasks, Promise::Exactness),
        (Vice::ForgetsOrder, Promise::Outcomes),
        (Vice::FailsOnAbsent, Promise::Idempotence),
        (Vice::ListsTwice, Promise::Idempotence),
        (Vice::KeepsForEver, Promise::Times),
        (Vice::RefusesReasons, Promise::Reasons),
        (Vice::HalfWay, Promise::CancelSafety),
        (Vice::TouchesOthers, Promise::Ownership),
    ] {
        let firewall = Vicious::new(vice);
        let beside = || format!("{:?}", firewall.others.lock().unwrap());
        let how = Conformance { beside: Some(Box::new(beside)), ..brief() };
        let report = conformance::check(&firewall, &how).await;
        let broken = |found: &(Promise, &conformance::Outcome)| {
            found.0 == promise && matches!(found.1, conformance::Outcome::Broken(_))
        };
        assert!(report.promises().any(|found| broken(&found)), "{vice:?}:\n{report}");
    }
    let report = conformance::check(&Vicious::new(Vice::Nothing), &brief()).await;
    assert!(report.is_passed(), "{report}");
}
