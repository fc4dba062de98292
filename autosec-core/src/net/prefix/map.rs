use std::net::IpAddr;

use ipnet::IpNet;

use super::{PrefixTable, TooManyPrefixes};

/// A [`PrefixTable`] with values of any type.
///
/// ```
/// use autosec_core::net::PrefixMap;
///
/// let map = PrefixMap::new([("192.0.2.0/24".parse()?, "lab"), ("0.0.0.0/0".parse()?, "elsewhere")])?;
/// assert_eq!(map.lookup("192.0.2.7".parse()?), Some(&"lab"));
/// assert_eq!(map.lookup("203.0.113.7".parse()?), Some(&"elsewhere"));
/// assert_eq!(map.lookup("2001:db8::7".parse()?), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PrefixMap<V> {
    table: PrefixTable,
    values: Vec<V>,
}

impl<V> PrefixMap<V> {
    /// The map of these prefixes, as [`PrefixTable::new`] makes it: of equal prefixes the last counts, and the
    /// values of the others are kept until the map is dropped.
    ///
    /// # Errors
    /// There are more than [`PrefixTable::MOST_PREFIXES`] of one family.
    pub fn new(entries: impl IntoIterator<Item = (IpNet, V)>) -> Result<Self, TooManyPrefixes> {
        let mut values = Vec::new();
        let numbered = entries.into_iter().zip(0..).map(|((network, value), number)| {
            values.push(value);
            (network, number)
        });
        Ok(Self { table: PrefixTable::new(numbered)?, values })
    }

    /// The value of the longest prefix that `address` belongs to.
    pub fn lookup(&self, address: IpAddr) -> Option<&V> {
        self.values.get(self.table.lookup(address)? as usize)
    }

    /// The longest prefix that `address` belongs to, in its canonical form, and its value.
    pub fn lookup_prefix(&self, address: IpAddr) -> Option<(IpNet, &V)> {
        let (network, number) = self.table.lookup_prefix(address)?;
        Some((network, self.values.get(number as usize)?))
    }

    /// How many different prefixes it holds.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether it holds no prefix.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// How many bytes of memory it takes, the map itself and what its values own elsewhere aside.
    pub fn bytes(&self) -> usize {
        self.table.bytes() + size_of_val(self.values.as_slice())
    }
}
