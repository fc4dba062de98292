use std::sync::{Arc, PoisonError, RwLock};

use ipnet::IpNet;

use super::Refusal;
use crate::entity::Entity;
use crate::net::{self, AddressSet};

/// What must never be blocked. Clones share one list, which may change at any time.
///
/// An address or prefix is covered when it *overlaps* an entry: blocking a /24 that holds an allowed host would block
/// the host.
///
/// ```
/// use autosec_core::decision::Allowlist;
/// use autosec_core::entity::Entity;
///
/// let allowlist = Allowlist::new();
/// let shared = allowlist.clone();
/// shared.insert(Entity::Address("192.0.2.0/24".parse()?), "office");
///
/// let refusal = allowlist.covers(&Entity::Address("192.0.0.0/16".parse()?)).unwrap();
/// assert_eq!(refusal.to_string(), "the allowlist holds `192.0.2.0/24` (office)");
/// assert!(shared.remove(&Entity::Address("192.0.2.0/24".parse()?)));
/// assert_eq!(allowlist.covers(&Entity::address("192.0.2.7".parse().unwrap())), None);
/// # Ok::<(), ipnet::AddrParseError>(())
/// ```
///
/// Asking takes O(log n) for addresses; a change rebuilds the index, O(n log n).
#[derive(Clone, Debug, Default)]
pub struct Allowlist {
    state: Arc<RwLock<State>>,
}

#[derive(Debug, Default)]
struct State {
    networks: Vec<(IpNet, String)>,
    set: AddressSet,
    names: Vec<(Entity, String)>,
}

impl Allowlist {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entity with what the host calls it; adding it again changes the name.
    pub fn insert(&self, entity: Entity, name: impl Into<String>) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.remove(&entity);
        match entity {
            Entity::Address(network) => state.networks.push((network.trunc(), name.into())),
            named => state.names.push((named, name.into())),
        }
        state.index();
    }

    /// Removes an entity; says whether it was there.
    pub fn remove(&self, entity: &Entity) -> bool {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let removed = state.remove(entity);
        state.index();
        removed
    }

    /// Why `entity` must not be blocked, if it must not.
    pub fn covers(&self, entity: &Entity) -> Option<Refusal> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        match entity {
            Entity::Address(network) => state.overlap(*network),
            named => state
                .names
                .iter()
                .find(|(held, _)| held == named)
                .map(|(held, name)| Refusal::Allowlisted { entry: held.to_string(), name: name.clone() }),
        }
    }
}

impl State {
    fn remove(&mut self, entity: &Entity) -> bool {
        let before = self.networks.len() + self.names.len();
        self.networks.retain(|(held, _)| entity.network().is_none_or(|network| *held != network.trunc()));
        self.names.retain(|(held, _)| held != entity);
        before != self.networks.len() + self.names.len()
    }

    fn index(&mut self) {
        self.set = self.networks.iter().map(|(network, _)| *network).collect();
    }

    fn overlap(&self, network: IpNet) -> Option<Refusal> {
        if !self.set.overlaps(network) {
            return None;
        }
        let overlaps = |held: &IpNet| held.contains(&network) || network.contains(held);
        self.networks
            .iter()
            .find(|(held, _)| overlaps(held))
            .map(|(held, name)| Refusal::Allowlisted { entry: net::display(*held), name: name.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Entity {
        Entity::Address(net::network(text).unwrap())
    }

    #[test]
    fn covers_by_overlap_in_both_directions() {
        let list = Allowlist::new();
        list.insert(address("192.0.2.0/24"), "office");
        list.insert(address("2001:db8::7"), "monitor");
        list.insert(Entity::User("root".into()), "break glass");
        for covered in ["192.0.2.9", "192.0.2.0/25", "192.0.0.0/16", "2001:db8::/64"] {
            assert!(list.covers(&address(covered)).is_some(), "{covered}");
        }
        assert!(list.covers(&address("198.51.100.1")).is_none());
        assert!(list.covers(&Entity::User("root".into())).is_some());
        assert!(list.remove(&address("192.0.2.0/24")) && !list.remove(&address("192.0.2.0/24")));
        assert!(list.covers(&address("192.0.2.9")).is_none());
    }
}
