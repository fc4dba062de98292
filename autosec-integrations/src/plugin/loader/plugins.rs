use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use autosec_core::time::Clock;

use super::body::Runtimes;
use super::error::LoadError;
use super::package::{Package, Terms};
use super::ways::Ways;
use super::{folder, version};
use crate::plugin::gate::{PluginStore, Random};
use crate::plugin::manifest::{Artifact, Checks, Excess, Grant, Manifest, Verifier};
#[cfg(feature = "native")]
use crate::plugin::native::Runs;
use crate::plugin::registry::{About, Module, PluginRegistry};
#[cfg(feature = "wasm")]
use crate::plugin::wasm::WasmRuntime;
use crate::secret::SecretSource;
use crate::transport::{CommandRunner, HttpClient, Resolver, Shell};

/// Loads plugins from folders, with what this host trusts, grants and has.
///
/// What is not given is not there: without a runtime no plugin of its kind is loaded, without a grant a plugin gets nothing.
#[derive(Debug)]
pub struct PluginLoader {
    verifier: Arc<dyn Verifier>,
    checks: Checks,
    excess: Excess,
    grants: BTreeMap<String, Grant>,
    /// By id, the earliest version that is taken.
    least: BTreeMap<String, String>,
    runtimes: Runtimes,
    ways: Ways,
}

/// What became of one folder.
#[derive(Debug)]
pub struct Loaded {
    /// The folder.
    pub folder: PathBuf,
    /// The name that the plugin has in the registry, or why it was not loaded.
    pub name: Result<String, LoadError>,
}

impl PluginLoader {
    /// A loader that believes those manifests that this verifier does.
    pub fn new(verifier: impl Verifier + 'static) -> Self {
        Self {
            verifier: Arc::new(verifier),
            checks: Checks::default(),
            excess: Excess::default(),
            grants: BTreeMap::new(),
            least: BTreeMap::new(),
            runtimes: Runtimes::default(),
            ways: Ways::default(),
        }
    }

    /// Grants this to the plugin of this id, in place of any earlier grant.
    #[must_use]
    pub fn grant(mut self, id: impl Into<String>, grant: Grant) -> Self {
        self.grants.insert(id.into(), grant);
        self
    }

    /// Takes no version of the plugin of this id before this one: a signature is valid for ever, also that of a release with
    /// a fault that is known by now.
    #[must_use]
    pub fn at_least(mut self, id: impl Into<String>, version: impl Into<String>) -> Self {
        self.least.insert(id.into(), version.into());
        self
    }

    /// Looks at folders so strictly.
    #[must_use]
    pub fn checks(self, checks: Checks) -> Self {
        Self { checks, ..self }
    }

    /// What becomes of plugins that ask for more than they are granted; by default they are not configured.
    #[must_use]
    pub fn excess(self, excess: Excess) -> Self {
        Self { excess, ..self }
    }

    /// Runs components with this.
    #[cfg(feature = "wasm")]
    #[must_use]
    pub fn wasm(mut self, runtime: WasmRuntime) -> Self {
        self.runtimes.wasm = Some(runtime);
        self
    }

    /// Runs native libraries there; they are copied to `folder` before, which has to belong to this process's user alone.
    #[cfg(feature = "native")]
    #[must_use]
    pub fn native(mut self, runs: Runs, folder: impl Into<PathBuf>) -> Self {
        self.runtimes.native = Some((runs, folder.into()));
        self
    }

    /// Sends requests with this client, which has to be able to [send to an address](HttpClient::send_to).
    #[must_use]
    pub fn client(mut self, client: Arc<dyn HttpClient>) -> Self {
        self.ways.client = Some(client);
        self
    }

    /// Resolves names with this; by default as the machine does.
    #[must_use]
    pub fn resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.ways.resolver = resolver;
        self
    }

    /// Runs programs with this.
    #[must_use]
    pub fn commands(mut self, commands: Arc<dyn CommandRunner>) -> Self {
        self.ways.commands = Some(commands);
        self
    }

    /// Opens this session of the plugin of this id with this shell.
    #[must_use]
    pub fn shell(mut self, id: impl Into<String>, session: impl Into<String>, shell: Arc<dyn Shell>) -> Self {
        self.ways.shells.insert((id.into(), session.into()), shell);
        self
    }

    /// The same for what is configured under this name alone, in place of the plugin's.
    #[must_use]
    pub fn shell_for(
        mut self,
        name: impl Into<String>,
        session: impl Into<String>,
        shell: Arc<dyn Shell>,
    ) -> Self {
        self.ways.own_shells.insert((name.into(), session.into()), shell);
        self
    }

    /// Takes secrets from here; by default there are none.
    #[must_use]
    pub fn secrets(mut self, secrets: Arc<dyn SecretSource>) -> Self {
        self.ways.secrets = secrets;
        self
    }

    /// Takes the secrets of what is configured under this name from here, and none from where the others' are: two
    /// configurations of one plugin may have a key each.
    #[must_use]
    pub fn secrets_for(mut self, name: impl Into<String>, secrets: Arc<dyn SecretSource>) -> Self {
        self.ways.own_secrets.insert(name.into(), secrets);
        self
    }

    /// Keeps the plugins' values here; by default in memory.
    #[must_use]
    pub fn store(mut self, store: PluginStore) -> Self {
        self.ways.store = store;
        self
    }

    /// Tells plugins the time by this clock; by default by the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.ways.clock = clock;
        self
    }

    /// Draws numbers for plugins from here; by default from what the machine has.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.ways.random = random;
        self
    }

    /// Loads one plugin, to be [added](PluginRegistry::add) to a registry or to [replace](PluginRegistry::replace) another
    /// version there.
    ///
    /// # Errors
    /// The folder holds no plugin that this host may load or can run.
    pub async fn load(&self, folder: &Path) -> Result<Arc<dyn Module>, LoadError> {
        let (path, verifier, checks) = (folder.to_owned(), Arc::clone(&self.verifier), self.checks);
        let artifact = folder::blocking(move || Artifact::open(&path, &*verifier, &checks)).await?;
        let (manifest, signer) = (artifact.manifest().clone(), artifact.signer().clone());
        self.check_age(&manifest)?;
        let terms = Terms::new(self.grants.get(&manifest.id), &signer, self.excess);
        let about = Package::about(folder, &manifest, &signer, &terms, self.runtimes.kind(manifest.kind));
        let body = self.runtimes.load(Arc::new(artifact), &terms.limits(&manifest)).await?;
        let ways = Arc::new(self.ways.clone());
        Ok(Arc::new(Package { about, manifest, terms, ways, body }))
    }

    /// Loads every plugin of a folder into a registry, under its id. One that cannot be loaded is listed there under the name
    /// of its folder, with the reason, and is in nobody's way.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub async fn load_all(&self, folder: &Path, plugins: &PluginRegistry) -> Result<Vec<Loaded>, LoadError> {
        let path = folder.to_owned();
        let folders = folder::blocking(move || folder::plugins(&path)).await?;
        let mut all = Vec::with_capacity(folders.len());
        for folder in folders {
            let name = self.load_into(&folder, plugins).await;
            if let Err(error) = &name {
                let name = folder.file_name().unwrap_or_default().to_string_lossy();
                let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
                let about = About { folder: Some(folder.clone()), ..About::default() };
                plugins.refuse(&name, about, error.to_string());
            }
            all.push(Loaded { folder, name });
        }
        Ok(all)
    }

    fn check_age(&self, manifest: &Manifest) -> Result<(), LoadError> {
        let least = self.least.get(&manifest.id);
        let older = least.filter(|least| version::compare(&manifest.version, least).is_lt());
        older.map_or(Ok(()), |least| {
            let (id, version) = (manifest.id.clone(), manifest.version.clone());
            Err(LoadError::Older { id, version, least: least.clone() })
        })
    }

    async fn load_into(&self, folder: &Path, plugins: &PluginRegistry) -> Result<String, LoadError> {
        let module = self.load(folder).await?;
        let id = module.about().id.clone();
        plugins.add(&id, module)?;
        Ok(id)
    }
}
