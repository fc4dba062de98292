use std::process;
use std::sync::Arc;

use async_trait::async_trait;
use autosec_core::enforce::{Block, Capabilities, EnforceError, FirewallIntegration, Health, Outcome};
use ipnet::IpNet;

/// A firewall that works in the process it was made in and in no copy of it: a fork takes the memory of a plugin along, and
/// not the threads that end it when its time is over.
#[derive(Debug)]
pub(super) struct Home {
    firewall: Arc<dyn FirewallIntegration>,
    process: u32,
}

impl Home {
    pub(super) fn new(firewall: Arc<dyn FirewallIntegration>) -> Self {
        Self { firewall, process: process::id() }
    }

    fn there(&self) -> Result<&dyn FirewallIntegration, EnforceError> {
        if process::id() == self.process {
            return Ok(&*self.firewall);
        }
        let reason =
            "the process was forked: load the plugin again in the new one, or start processes by `spawn`";
        Err(EnforceError::Absent { firewall: self.firewall.name().to_owned(), reason: reason.to_owned() })
    }
}

#[async_trait]
impl FirewallIntegration for Home {
    fn name(&self) -> &str {
        self.firewall.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.firewall.capabilities()
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        self.there()?.block(blocks).await
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        self.there()?.unblock(targets).await
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        self.there()?.blocked().await
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        self.there()?.health().await
    }
}
