//! Which set of ours holds a prefix: one an address family and prefix length.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// One of our sets: the prefixes of one address family that have one length.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Slot {
    ipv6: bool,
    length: u8,
}

impl Slot {
    pub(super) fn of(target: IpNet) -> Self {
        Self { ipv6: matches!(target, IpNet::V6(_)), length: target.prefix_len() }
    }

    /// The slot a set of this name stands for; `None` where the name is not one of ours.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (family, length) = name.split_once('_')?;
        let ipv6 = match family {
            "v4" => false,
            "v6" => true,
            _ => return None,
        };
        let slot = Self { ipv6, length: length.parse().ok()? };
        (slot.name() == name && slot.length <= slot.bits()).then_some(slot)
    }

    /// The set's name in the kernel: `v4_32`, `v6_64`.
    pub(super) fn name(self) -> String {
        format!("v{}_{}", if self.ipv6 { 6 } else { 4 }, self.length)
    }

    /// A number of its own among all slots, from 1.
    pub(super) fn number(self) -> u32 {
        let family = if self.ipv6 { 0x100 } else { 0 };
        family + u32::from(self.length) + 1
    }

    pub(super) fn ipv6(self) -> bool {
        self.ipv6
    }

    /// Whether lists of blocks are mostly of this length: hosts, and the /64 of an IPv6 client.
    pub(super) fn is_crowded(self) -> bool {
        self.length == self.bits() || (self.ipv6 && self.length == 64)
    }

    /// The address family's number in the kernel.
    pub(super) fn family(self) -> u8 {
        if self.ipv6 { 10 } else { 2 }
    }

    /// Where in the network header a packet's source address is.
    pub(super) fn source(self) -> u32 {
        if self.ipv6 { 8 } else { 12 }
    }

    /// The length of a key in bytes.
    pub(super) fn key_length(self) -> u8 {
        self.bits() / 8
    }

    /// The bits a source address keeps before it is looked up; `None` where it keeps all.
    pub(super) fn mask(self) -> Option<Key> {
        if self.length == self.bits() {
            return None;
        }
        let ones = if self.ipv6 { Ipv6Addr::from(u128::MAX).into() } else { IpAddr::V4(Ipv4Addr::BROADCAST) };
        Some(Key::of(IpNet::new(ones, self.length).ok()?))
    }

    /// The prefix a key of this set stands for.
    pub(super) fn target(self, key: &[u8]) -> Option<IpNet> {
        let address = if self.ipv6 {
            IpAddr::from(<[u8; 16]>::try_from(key).ok()?)
        } else {
            IpAddr::from(<[u8; 4]>::try_from(key).ok()?)
        };
        IpNet::new(address, self.length).ok()
    }

    fn bits(self) -> u8 {
        if self.ipv6 { 128 } else { 32 }
    }
}

/// A prefix's first address in network order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Key {
    V4([u8; 4]),
    V6([u8; 16]),
}

impl Key {
    pub(super) fn of(target: IpNet) -> Self {
        match target {
            IpNet::V4(net) => Self::V4(net.network().octets()),
            IpNet::V6(net) => Self::V6(net.network().octets()),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::V4(bytes) => bytes,
            Self::V6(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_are_not_ours() {
        for text in ["0.0.0.0/0", "10.0.0.0/8", "192.0.2.1/32", "::/0", "2001:db8::/64", "2001:db8::1/128"] {
            let target: IpNet = text.parse().unwrap();
            let slot = Slot::of(target);
            assert_eq!(Slot::parse(&slot.name()), Some(slot));
            assert_eq!(slot.target(Key::of(target).bytes()), Some(target));
        }
        for foreign in ["", "v4", "v4_33", "v6_129", "v4_032", "v5_1", "v4_", "v4_300"] {
            assert_eq!(Slot::parse(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn masks_keep_the_prefix() {
        let mask = |text: &str| Slot::of(text.parse().unwrap()).mask();
        assert_eq!(mask("0.0.0.0/0"), Some(Key::V4([0; 4])));
        assert_eq!(mask("10.0.0.0/9"), Some(Key::V4([255, 128, 0, 0])));
        assert_eq!(mask("10.0.0.1/32"), None);
        assert_eq!(mask("::1/128"), None);
        let mut half = [0xff; 16];
        half[8..].fill(0);
        assert_eq!(mask("2001:db8::/64"), Some(Key::V6(half)));
    }
}
