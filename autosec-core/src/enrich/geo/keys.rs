/// Keys and the nodes that they lead to: a table with probes, at least half of it empty. The root has some twenty keys; so a
/// key of a record is compared with one or two of them.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// None, or as many as a power of two.
    table: Vec<Option<(Box<str>, usize)>>,
    count: usize,
}

impl Keys {
    /// The node that a key leads to.
    #[inline]
    pub(super) fn find(&self, key: &[u8]) -> Option<usize> {
        let mut place = Self::place(key);
        loop {
            let (known, child) = self.table.get(place & self.table.len().checked_sub(1)?)?.as_ref()?;
            if known.as_bytes() == key {
                return Some(*child);
            }
            place += 1;
        }
    }

    /// Adds a key that is not there.
    pub(super) fn add(&mut self, key: Box<str>, child: usize) {
        self.count += 1;
        if self.count * 2 > self.table.len() {
            let larger = vec![None; (self.table.len() * 2).max(4)];
            for (key, child) in std::mem::replace(&mut self.table, larger).into_iter().flatten() {
                self.put(key, child);
            }
        }
        self.put(key, child);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn put(&mut self, key: Box<str>, child: usize) {
        let (first, most) = (Self::place(key.as_bytes()), self.table.len());
        let free = (first..first + most).map(|place| place % most);
        let free = free.into_iter().find(|place| self.table.get(*place).is_some_and(Option::is_none));
        if let Some(slot) = free.and_then(|place| self.table.get_mut(place)) {
            *slot = Some((key, child));
        }
    }

    /// By its length and its ends.
    #[inline]
    fn place(key: &[u8]) -> usize {
        let end = |byte: Option<&u8>| usize::from(byte.copied().unwrap_or(0));
        key.len() + end(key.first()) * 5 + end(key.last()) * 11
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_what_was_added(added in prop::collection::btree_map("[ab_]{0,3}", 0..100_usize, 0..20), asked in prop::collection::vec("[ab_]{0,3}", 20)) {
            let mut keys = Keys::default();
            added.iter().for_each(|(key, node)| keys.add(key.as_str().into(), *node));
            prop_assert_eq!((keys.len(), keys.is_empty()), (added.len(), added.is_empty()));
            for key in asked.iter().chain(added.keys()) {
                prop_assert_eq!(keys.find(key.as_bytes()), added.get(key).copied());
            }
        }
    }
}
