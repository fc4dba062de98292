use std::net::Ipv4Addr;

/// How [`Asa`](super::Asa) is set up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AsaConfig {
    /// The firewall's name in reports; default `asa`.
    pub name: String,
    /// What a block is there; default an object group `AUTOSEC_BLOCK`.
    pub mode: AsaMode,
    /// When the running configuration is saved; default never.
    pub save: AsaSave,
    /// The name of the secret that `enable` asks for; default none, for users who have the rights at once. Over HTTPS
    /// it is not asked for.
    pub enable: Option<String>,
    /// The most blocks it is given; default 5,000. With an object group every one is an entry in each access list that
    /// uses it, unless the device has `object-group-search access-control`.
    pub capacity: usize,
    /// The most items of one call; default 20. A terminal takes them one by one, in two round trips a block: they have to
    /// fit into the enforcer's time limit. HTTPS takes 100 as easily.
    pub batch: usize,
}

impl Default for AsaConfig {
    fn default() -> Self {
        Self {
            name: "asa".to_owned(),
            mode: AsaMode::group("AUTOSEC_BLOCK"),
            save: AsaSave::default(),
            enable: None,
            capacity: 5_000,
            batch: 20,
        }
    }
}

/// What a block is on the device.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AsaMode {
    /// A `shun`: single IPv4 addresses, on every interface, without any rule.
    Shun {
        /// Whose the shuns of the device are.
        owner: ShunOwner,
    },
    /// A member of an object group that an access list of the administrator denies.
    ObjectGroup {
        /// The group's name: 1 to 64 letters, digits, `_` and `-`.
        group: String,
        /// The member that keeps the group from ever being empty, which a group in use must not be. It cannot be blocked
        /// by itself.
        sentinel: Ipv4Addr,
    },
}

impl AsaMode {
    /// An object group of this name, with 192.0.2.254 as its permanent member: an address set aside for documentation.
    pub fn group(name: impl Into<String>) -> Self {
        Self::ObjectGroup { group: name.into(), sentinel: Ipv4Addr::new(192, 0, 2, 254) }
    }
}

/// Whose the shuns of a device are: it keeps no owner itself.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ShunOwner {
    /// Others shun there too. AutoSec's are those that it asked for since it was started; all others are not listed. The
    /// default.
    ///
    /// After a start the first comparison asks again for everything in force, and the first look at what is due takes off
    /// by its address what once was blocked and no longer is, as far as the ledger remembers.
    ///
    /// An address has one shun, whoever asked for it. So where AutoSec blocks an address that somebody else shunned, the
    /// end of AutoSec's block is the end of that shun too; the same after a restart where AutoSec once blocked it, and when
    /// AutoSec is told to let it in. Shuns of addresses that AutoSec never blocked are left alone. Where that matters, an
    /// object group has members of AutoSec's own.
    #[default]
    Shared,
    /// All are AutoSec's: one that it does not know is taken off by the next comparison.
    AutoSec,
}

/// When the running configuration is made the one that the device starts with (`write memory`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum AsaSave {
    /// Never; the default. Blocks are meant to end, and after a reload the next comparison puts them back. Saving would also
    /// save what other administrators have not finished, wear out the flash memory, take seconds a call, and leave
    /// blocks for ever on a device whose AutoSec is gone.
    #[default]
    Never,
    /// After every call that changed an object group. A shun is never part of the configuration.
    AfterChange,
}
