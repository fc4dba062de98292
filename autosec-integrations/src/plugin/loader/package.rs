use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use autosec_core::observe::Observer;
use serde_json::Value;

use super::body::Body;
use super::terms;
use super::ways::Ways;
use crate::plugin::interface::Metadata;
use crate::plugin::manifest::{Capabilities, Excess, Grant, Limits, Manifest, Signer};
use crate::plugin::registry::{About, ConfigureError, Configured, Module};

/// A plugin that was loaded from a folder.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) about: About,
    pub(super) manifest: Manifest,
    pub(super) terms: Terms,
    pub(super) ways: Arc<Ways>,
    pub(super) body: Body,
}

/// What a plugin may have at most: the host's grant, and that of whoever signed it.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) grants: Vec<Grant>,
    pub(super) excess: Excess,
}

impl Terms {
    pub(super) fn new(host: Option<&Grant>, signer: &Signer, excess: Excess) -> Self {
        let host = host.cloned().unwrap_or_default();
        Self { grants: std::iter::once(host).chain(signer.most.clone()).collect(), excess }
    }

    /// What the code may use while it is loaded.
    pub(super) fn limits(&self, manifest: &Manifest) -> Limits {
        let most = self.grants.iter().map(|grant| grant.limits.clone());
        let most = most.reduce(|most, limits| most.at_most(&limits)).unwrap_or_default();
        manifest.limits.over(&Limits::default().at_most(&most)).at_most(&most)
    }
}

impl Package {
    pub(super) fn about(
        folder: &Path,
        manifest: &Manifest,
        signer: &Signer,
        terms: &Terms,
        kind: &str,
    ) -> About {
        About {
            id: manifest.id.clone(),
            version: manifest.version.clone(),
            kind: kind.to_owned(),
            folder: Some(folder.to_owned()),
            signer: signer.name.clone(),
            asked: terms::lines(&manifest.asks),
            granted: terms.grants.first().map(|grant| terms::lines(&grant.allows)).unwrap_or_default(),
        }
    }

    fn capabilities(&self, config: &str) -> Result<Capabilities, ConfigureError> {
        let value: Value = serde_json::from_str(config)
            .map_err(|_| ConfigureError::Host("the configuration is no JSON".to_owned()))?;
        let grants: Vec<&Grant> = self.terms.grants.iter().collect();
        Capabilities::new(&self.manifest, &grants, &value, self.terms.excess)
            .map_err(|error| ConfigureError::Host(error.to_string()))
    }
}

#[async_trait]
impl Module for Package {
    fn about(&self) -> &About {
        &self.about
    }

    fn metadata(&self) -> &Metadata {
        self.body.metadata()
    }

    fn config_schema(&self) -> &str {
        self.body.config_schema()
    }

    async fn configure(
        &self,
        name: &str,
        config_json: &str,
        observer: Arc<dyn Observer>,
    ) -> Result<Configured, ConfigureError> {
        let capabilities = self.capabilities(config_json)?;
        let deadline = capabilities.limits().deadline;
        let gate = self.ways.gate(name, capabilities, observer);
        let guest = self.body.configure(config_json, Arc::new(gate)).await?;
        Ok(Configured { guest, deadline })
    }

    fn memory_peak(&self) -> Option<u64> {
        self.body.memory_peak()
    }
}
