use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use ipnet::IpNet;

use super::Refusal;
use crate::entity::Entity;
use crate::net::AddressSet;

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
    /// Entities in their one form, and what the host calls them; addresses come first in the order of entities.
    entries: BTreeMap<Entity, String>,
    /// The addresses among them.
    set: AddressSet,
}

impl Allowlist {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entity with what the host calls it; adding it again changes the name. It costs time in proportion to
    /// the list: many are added at once by [`Allowlist::extend`].
    pub fn insert(&self, entity: Entity, name: impl Into<String>) {
        self.extend([(entity, name.into())]);
    }

    /// Adds many entities, each with what the host calls it, in O(n log n).
    pub fn extend(&self, entries: impl IntoIterator<Item = (Entity, String)>) {
        // Outside the lock, because the iterator is the host's and may itself ask the list.
        let fresh: Vec<_> = entries.into_iter().map(|(entity, name)| (entity.canonical(), name)).collect();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.entries.extend(fresh);
        state.index();
    }

    /// Removes an entity; says whether it was there.
    pub fn remove(&self, entity: &Entity) -> bool {
        let entity = entity.clone().canonical();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let removed = state.entries.remove(&entity).is_some();
        state.index();
        removed
    }

    /// Why `entity` must not be blocked, if it must not.
    pub fn covers(&self, entity: &Entity) -> Option<Refusal> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let (held, name) = match entity.network() {
            Some(network) => state.overlap(network),
            None => state.entries.get_key_value(entity),
        }?;
        Some(Refusal::Allowlisted { entry: held.to_string(), name: name.clone() })
    }
}

impl State {
    fn networks(&self) -> impl Iterator<Item = IpNet> {
        self.entries.keys().map_while(Entity::network)
    }

    fn index(&mut self) {
        self.set = self.networks().collect();
    }

    fn overlap(&self, network: IpNet) -> Option<(&Entity, &String)> {
        if !self.set.overlaps(network) {
            return None;
        }
        let overlaps = |held: IpNet| held.contains(&network) || network.contains(&held);
        self.entries.iter().find(|(held, _)| held.network().is_some_and(overlaps))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::net::{canonical_network, network};

    fn address(text: &str) -> Entity {
        Entity::from(network(text).unwrap())
    }

    /// An IPv4 prefix with host bits, in either form.
    fn either_form() -> impl Strategy<Value = IpNet> {
        (0..=255_u32, 24..=32_u8, any::<bool>()).prop_map(|(low, length, mapped)| {
            let v4 = std::net::Ipv4Addr::from(0xC000_0200 + low);
            let (address, length) =
                if mapped { (v4.to_ipv6_mapped().into(), length + 96) } else { (v4.into(), length) };
            IpNet::new(address, length).unwrap()
        })
    }

    proptest! {
        #[test]
        fn the_form_of_a_prefix_changes_nothing(entry in either_form(), probe in either_form()) {
            let list = Allowlist::new();
            list.insert(Entity::Address(entry), "entry");
            let (plain, asked) = (canonical_network(entry), canonical_network(probe));
            let overlaps = plain.contains(&asked) || asked.contains(&plain);
            prop_assert_eq!(list.covers(&Entity::Address(probe)).is_some(), overlaps);
            prop_assert!(list.covers(&Entity::from(entry)).is_some());
            prop_assert!(list.remove(&Entity::Address(plain)));
            prop_assert!(list.covers(&Entity::Address(entry)).is_none());
        }
    }

    #[test]
    fn takes_many_at_once() {
        let list = Allowlist::new();
        let hosts = (0..20_000_u32).map(|host| std::net::Ipv4Addr::from(0xC612_0000 + host).into());
        list.extend(hosts.map(|host| (Entity::address(host), "fleet".to_owned())));
        list.extend([(address("198.18.0.7"), "changed".to_owned())]);
        let refusal = |entity| list.covers(&entity).map(|refusal| refusal.to_string());
        assert_eq!(refusal(address("198.18.0.7")).unwrap(), "the allowlist holds `198.18.0.7` (changed)");
        assert!(refusal(address("198.18.78.31")).is_some() && refusal(address("198.18.78.32")).is_none());
    }

    #[test]
    fn shows_names_without_what_hides_in_them() {
        let list = Allowlist::new();
        let bell = Entity::User("bell\u{7}".into());
        list.insert(bell.clone(), "\u{1b}[2J\n");
        let shown = list.covers(&bell).unwrap().to_string();
        assert_eq!(shown, r"the allowlist holds `bell\u{7}` (\u{1b}[2J\n)");
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
