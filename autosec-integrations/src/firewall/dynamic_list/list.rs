use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::enforce::{Block, Capabilities, EnforceError, FirewallIntegration, Health, Outcome};
use autosec_core::time::{Clock, SystemClock, Timestamp};
use ipnet::IpNet;

use super::Consumer;
use super::text::{self, Text};
use crate::firewall::done;

/// The most kinds of consumers whose texts are kept; of others the text is written each time.
const KEPT_TEXTS: usize = 16;

/// Blocks as a text that firewalls fetch; clones share it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), autosec_core::enforce::EnforceError> {
/// use autosec_core::enforce::{Block, FirewallIntegration};
/// use autosec_integrations::firewall::dynamic_list::{Consumer, DynamicList, Served};
///
/// let list = DynamicList::new("edge-list");
/// assert_eq!(list.serve(&Consumer::default(), None), Served::NotReady, "the host answers 503");
///
/// let block = |target: &str| Block { target: target.parse().unwrap(), ttl: None, reason: "rule=scan".to_owned() };
/// list.block(&[block("203.0.113.7/32"), block("198.51.100.0/24")]).await?;
/// let Served::Text { body, etag, .. } = list.serve(&Consumer::default(), None) else { panic!("it is ready") };
/// assert_eq!(&*body, "198.51.100.0/24\n203.0.113.7\n");
///
/// let again = list.serve(&Consumer::default(), Some(&etag));
/// assert_eq!(again, Served::NotModified { etag }, "the host answers 304");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DynamicList {
    name: String,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

/// What to answer a device that fetches the list.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Served {
    /// Nothing was put in or taken out since the program started, so the list is not known yet: 503.
    NotReady,
    /// The device has this version: 304 with this `ETag`.
    NotModified {
        /// In double quotes, as the header has it.
        etag: String,
    },
    /// The list: 200 with `Content-Type: text/plain` and this `ETag`.
    Text {
        /// One address or prefix a line.
        body: Arc<str>,
        /// In double quotes, as the header has it.
        etag: String,
        /// How many lines there are.
        entries: usize,
        /// How many blocks the consumer cannot take, or has no room for.
        left_out: usize,
    },
}

#[derive(Debug, Default)]
struct State {
    held: BTreeMap<IpNet, Held>,
    is_ready: bool,
    written: HashMap<Consumer, Written>,
}

#[derive(Debug)]
struct Held {
    until: Option<Timestamp>,
    reason: String,
}

/// A text, and when it stops being right.
#[derive(Debug)]
struct Written {
    body: Arc<str>,
    text: Text,
    until: Option<Timestamp>,
}

impl DynamicList {
    /// An empty list, which is served from the first change on.
    pub fn new(name: impl Into<String>) -> Self {
        Self::with_clock(name, Arc::new(SystemClock))
    }

    /// An empty list on a clock of the host's.
    pub fn with_clock(name: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        Self { name: name.into(), clock, state: Arc::default() }
    }

    /// Answers a device that fetches the list and has the version `if_none_match`, which may be the whole header
    /// `If-None-Match`.
    pub fn serve(&self, consumer: &Consumer, if_none_match: Option<&str>) -> Served {
        let now = self.clock.now();
        let mut state = self.state();
        if !state.is_ready {
            return Served::NotReady;
        }
        state.expire(now);
        let written = state.written(consumer);
        let etag = written.text.etag.clone();
        // A proxy may have weakened the tag, which does not matter to a comparison of this kind.
        let known = |tag: &str| tag == "*" || tag.trim_start_matches("W/") == etag;
        if if_none_match.is_some_and(|tags| tags.split(',').any(|tag| known(tag.trim()))) {
            return Served::NotModified { etag };
        }
        let Text { entries, left_out, .. } = written.text;
        Served::Text { body: Arc::clone(&written.body), etag, entries, left_out }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes out what is over.
    fn expire(&mut self, now: Timestamp) {
        let is_over = |until: Option<Timestamp>| until.is_some_and(|until| until <= now);
        // Looking at every block for each request would make a list of 100,000 dear; every text knows when it ends.
        if self.written.is_empty() || self.written.values().any(|written| is_over(written.until)) {
            self.held.retain(|_, held| !is_over(held.until));
            self.written.clear();
        }
    }

    fn written(&mut self, consumer: &Consumer) -> &Written {
        if self.written.len() >= KEPT_TEXTS && !self.written.contains_key(consumer) {
            self.written.clear();
        }
        let held = &self.held;
        self.written.entry(*consumer).or_insert_with(|| {
            let text = text::write(held.iter().map(|(target, held)| (*target, held.until)), consumer);
            let until = held.values().filter_map(|held| held.until).min();
            Written { body: text.body.as_str().into(), text, until }
        })
    }

    fn changed(&mut self) {
        self.is_ready = true;
        self.written.clear();
    }
}

#[async_trait]
impl FirewallIntegration for DynamicList {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            native_ttl: true,
            max_ttl: None,
            prefixes: true,
            ipv6: true,
            batch: usize::MAX,
            capacity: None,
            atomic: true,
        }
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        let now = self.clock.now();
        let mut state = self.state();
        for block in blocks {
            let until = block.ttl.map(|ttl: Duration| now + ttl);
            state.held.insert(block.target.trunc(), Held { until, reason: block.reason.clone() });
        }
        state.changed();
        Ok(done(blocks.iter().map(|block| block.target)))
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        let mut state = self.state();
        for target in targets {
            state.held.remove(&target.trunc());
        }
        state.changed();
        Ok(done(targets.iter().copied()))
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        let now = self.clock.now();
        let state = self.state();
        let in_force = state.held.iter().filter(|(_, held)| held.until.is_none_or(|until| until > now));
        let block = |(target, held): (&IpNet, &Held)| Block {
            target: *target,
            ttl: held.until.map(|until| until.since(now)),
            reason: held.reason.clone(),
        };
        Ok(in_force.map(block).collect())
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        let state = self.state();
        let detail = if state.is_ready {
            format!("{} blocks to be fetched; how soon is up to the devices", state.held.len())
        } else {
            "nothing is served before the first block, unblock or reconciliation".to_owned()
        };
        Ok(Health { enforcing: state.is_ready, detail })
    }
}

#[cfg(test)]
mod tests {
    use autosec_core::time::ManualClock;

    use super::*;

    #[tokio::test]
    async fn a_text_ends_with_its_first_block() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_700_000_000)));
        let list = DynamicList::with_clock("list", clock.clone());
        let block = |target: &str, seconds| Block {
            target: target.parse().unwrap(),
            ttl: Some(Duration::from_secs(seconds)),
            reason: String::new(),
        };
        list.block(&[block("192.0.2.1/32", 10), block("192.0.2.2/32", 20)]).await.unwrap();
        let lines = || match list.serve(&Consumer::default(), None) {
            Served::Text { body, etag, .. } => (body.lines().count(), etag),
            other => panic!("{other:?}"),
        };
        let (two, etag) = lines();
        clock.advance(Duration::from_secs(9));
        let header = format!("\"x\", W/{etag}");
        assert_eq!(list.serve(&Consumer::default(), Some(&header)), Served::NotModified { etag });
        clock.advance(Duration::from_secs(1));
        assert_eq!((two, lines().0), (2, 1));
        clock.advance(Duration::from_secs(10));
        assert_eq!((lines().0, list.blocked().await.unwrap().len()), (0, 0));
    }
}
