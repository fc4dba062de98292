use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use autosec_core::enforce::{
    Block, Capabilities, EnforceError, FirewallIntegration, Health, Outcome, Status,
};
use ipnet::IpNet;

use super::answer::{self, Page, System};
use super::api::Api;
use super::config::PanOsConfig;
use super::fault::Fault;
use super::message::{self, Change, Item, LONGEST, PAGE};
use super::registered_limit;
use super::settle::{Verdict, settle};
use crate::secret::SecretSource;
use crate::transport::HttpClient;

/// The most pages that are read back: a million addresses.
const PAGE_LIMIT: usize = 2_000;

/// A Palo Alto Networks firewall that drops what carries a tag of ours.
///
/// See the [module](super) for what its administrator sets up, and for an example.
#[derive(Debug)]
pub struct PanOs {
    api: Api,
}

impl PanOs {
    /// The configured firewall, reached with this client; nothing is sent yet.
    ///
    /// # Errors
    /// [`EnforceError::Rejected`] where a setting cannot be meant.
    pub fn new(
        config: PanOsConfig,
        client: Arc<dyn HttpClient>,
        secrets: Arc<dyn SecretSource>,
    ) -> Result<Self, EnforceError> {
        Ok(Self { api: Api::new(config, client, secrets)? })
    }

    fn config(&self) -> &PanOsConfig {
        &self.api.config
    }

    /// Why it cannot hold an item, if it cannot.
    fn unsupported(&self, item: &Item) -> Option<&'static str> {
        match item.target {
            _ if item.is_host() => None,
            IpNet::V4(_) if self.config().version >= 10 => None,
            IpNet::V4(_) => Some("it takes prefixes from PAN-OS 10 on"),
            IpNet::V6(_) => Some("it takes no prefixes of IPv6"),
        }
    }

    /// Takes the tags of those that carry them already and gives them anew, because PAN-OS ignores the time of a tag that
    /// is there.
    ///
    /// Both are in one message, so that nobody is let in between. In which order PAN-OS hears the two is not documented:
    /// whether the tags are there afterwards is looked up by one of them, and they are given once more if not.
    async fn refresh(&self, items: Vec<Item>) -> Result<BTreeMap<IpNet, Verdict>, EnforceError> {
        let mut verdicts = settle(&self.api, Change::Refresh, items.clone()).await?;
        let heard = |item: &&Item| verdicts.get(&item.target) == Some(&Verdict::Heard);
        // The host that ends last: one that ended meanwhile would say nothing.
        let fate = |item: &&Item| (item.is_host(), item.timeout.unwrap_or(u64::MAX));
        let is_lost = match items.iter().filter(heard).max_by_key(fate) {
            Some(one) => !self.has_tag(one).await?,
            None => false,
        };
        let is_missing = |item: &Item| match verdicts.get(&item.target) {
            Some(Verdict::Heard) => is_lost,
            Some(Verdict::AlreadyThere) => true,
            _ => false,
        };
        let missing: Vec<Item> = items.iter().copied().filter(is_missing).collect();
        verdicts.extend(settle(&self.api, Change::Register, missing).await?);
        Ok(verdicts)
    }

    async fn has_tag(&self, item: &Item) -> Result<bool, EnforceError> {
        if !item.is_host() {
            // Whether a prefix can be asked for by itself is not documented.
            return Ok(self.blocked().await?.iter().any(|block| block.target == item.target));
        }
        let page = self.page(message::look_up(self.config(), item)).await?;
        Ok(page.tagged.iter().any(|(target, _)| *target == item.target))
    }

    async fn page(&self, asked: Vec<u8>) -> Result<Page, EnforceError> {
        let listed = self.api.ask(asked).await?;
        answer::page(&listed, &self.config().tag).map_err(|fault| self.api.error(fault))
    }

    /// Which one of a pair it is, and whether that lets traffic through.
    async fn pair(&self) -> Result<(bool, String), EnforceError> {
        let answered = self.api.try_to(message::pair(self.config()), answer::read).await?;
        Ok(match answered.as_ref().map(answer::pair) {
            Ok(None) => (true, "it stands alone".to_owned()),
            Ok(Some(state)) if answer::is_active(&state) => (true, format!("it is `{state}` of a pair")),
            Ok(Some(state)) => {
                (false, format!("it is `{state}` of a pair: the URL of the active one is needed"))
            }
            Err(words) => (true, format!("whether it is one of a pair, it does not say: {words}")),
        })
    }
}

#[async_trait]
impl FirewallIntegration for PanOs {
    fn name(&self) -> &str {
        &self.config().name
    }

    fn capabilities(&self) -> Capabilities {
        let config = self.config();
        let native_ttl = config.version >= 9;
        Capabilities {
            native_ttl,
            max_ttl: native_ttl.then_some(LONGEST),
            prefixes: config.version >= 10,
            ipv6: true,
            batch: config.batch,
            capacity: config.capacity,
            atomic: false,
        }
    }

    fn obstacle(&self, target: IpNet) -> Option<String> {
        self.unsupported(&Item::new(target, None)).map(str::to_owned)
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        let items = blocks.iter().map(|block| Item::new(block.target, block.ttl));
        let items: BTreeMap<IpNet, Item> = items.map(|item| (item.target, item)).collect();
        let fit = items.values().copied().filter(|item| self.unsupported(item).is_none()).collect();
        let mut verdicts = settle(&self.api, Change::Register, fit).await?;
        let is_there = |item: &&Item| verdicts.get(&item.target) == Some(&Verdict::AlreadyThere);
        // Without times there is nothing to be changed about a tag that is there.
        let has_times = self.capabilities().native_ttl;
        let again: Vec<Item> = items.values().filter(is_there).filter(|_| has_times).copied().collect();
        verdicts.extend(self.refresh(again).await?);
        let outcome = |block: &Block| {
            let item = Item::new(block.target, block.ttl);
            let status = match self.unsupported(&item) {
                Some(why) => Status::Unsupported(why.to_owned()),
                None => status(verdicts.get(&item.target)),
            };
            Outcome { target: block.target, status }
        };
        Ok(blocks.iter().map(outcome).collect())
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        let items = targets.iter().map(|target| Item::new(*target, None));
        let items: BTreeMap<IpNet, Item> = items.map(|item| (item.target, item)).collect();
        // What it cannot hold is not blocked.
        let fit = items.into_values().filter(|item| self.unsupported(item).is_none()).collect();
        let verdicts = settle(&self.api, Change::Unregister, fit).await?;
        let outcome = |target: &IpNet| {
            let verdict = verdicts.get(&target.trunc()).or(Some(&Verdict::Heard));
            Outcome { target: *target, status: status(verdict) }
        };
        Ok(targets.iter().map(outcome).collect())
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        let mut tagged = BTreeMap::new();
        let (mut start, mut before) = (1, None);
        for _ in 0..PAGE_LIMIT {
            let page = self.page(message::page(self.config(), start)).await?;
            let is_repeated = before.is_some() && before == page.first;
            tagged.extend(page.tagged);
            start += page.entries;
            before = page.first;
            // A firewall that does not know pages shows the first one for ever.
            if page.entries < PAGE || is_repeated {
                let block = |(target, ttl)| Block { target, ttl, reason: String::new() };
                return Ok(tagged.into_iter().map(block).collect());
            }
        }
        let many = "it lists more than a million addresses".to_owned();
        Err(self.api.error(Fault::Refused(many)))
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        let (enforcing, pair) = self.pair().await?;
        let answered = self.api.ask(message::system(self.config())).await?;
        let System { model, version, size } =
            answer::system(&answered).map_err(|fault| self.api.error(fault))?;
        let mut detail =
            format!("{model} with PAN-OS {version}; {pair}; whether a rule uses the tag cannot be asked");
        let major = version.split('.').next().and_then(|major| major.parse::<u8>().ok());
        if let Some(major) = major.filter(|major| *major < self.config().version) {
            detail.push_str(&format!("; its version is {major}, and {} is set", self.config().version));
        }
        let room = self.config().capacity.unwrap_or(usize::MAX);
        if let Some(limit) = registered_limit(size.as_ref().unwrap_or(&model)).filter(|limit| *limit < room) {
            detail.push_str(&format!(
                "; it holds {limit} addresses at most, and the capacity that is set is not that"
            ));
        }
        Ok(Health { enforcing, detail })
    }
}

fn status(verdict: Option<&Verdict>) -> Status {
    match verdict {
        Some(Verdict::Heard | Verdict::AlreadyThere) => Status::Done,
        Some(Verdict::Refused(words)) => Status::Rejected(words.clone()),
        Some(Verdict::Untried) | None => Status::Deferred,
    }
}
