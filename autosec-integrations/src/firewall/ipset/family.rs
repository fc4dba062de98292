//! The two address families: each has a set, a rule and a program of its own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::config::IpsetConfig;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    pub(super) fn of(target: IpNet) -> Self {
        match target {
            IpNet::V4(_) => Self::V4,
            IpNet::V6(_) => Self::V6,
        }
    }

    /// The set's name in the kernel.
    pub(super) fn set(self, config: &IpsetConfig) -> String {
        match self {
            Self::V4 => format!("{}_v4", config.set),
            Self::V6 => format!("{}_v6", config.set),
        }
    }

    /// The program that keeps its rules.
    pub(super) fn program(self, config: &IpsetConfig) -> &str {
        match self {
            Self::V4 => &config.iptables,
            Self::V6 => &config.ip6tables,
        }
    }

    /// The address family's number in the kernel.
    pub(super) fn number(self) -> u8 {
        match self {
            Self::V4 => 2,
            Self::V6 => 10,
        }
    }

    /// The entry that marks a set as ours. No packet comes from these addresses (IPv4's broadcast, a multicast address
    /// of IPv6): the kernel drops those that say so by itself.
    pub(super) fn mark(self) -> IpNet {
        match self {
            Self::V4 => IpNet::from(IpAddr::V4(Ipv4Addr::BROADCAST)),
            Self::V6 => IpNet::from(IpAddr::V6(Ipv6Addr::from(u128::MAX))),
        }
    }
}
