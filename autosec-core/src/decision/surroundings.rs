use std::fmt::{self, Debug};
use std::sync::Arc;

use ipnet::IpNet;

/// A network that this host itself lives by: blocking it would hurt the host, or whoever administers it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Vital {
    /// The address or prefix.
    pub network: IpNet,
    /// What it is to the host.
    pub role: Role,
}

/// What a network is to the host.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Role {
    /// From where somebody administers the host right now.
    Administrator,
    /// The way out of the local network.
    Gateway,
    /// One of the host's own addresses.
    Own,
    /// Who answers the host's DNS queries.
    Resolver,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Role::Administrator => "the peer of an administrator's session",
            Role::Gateway => "a default gateway",
            Role::Own => "an address of this host",
            Role::Resolver => "a DNS resolver of this host",
        })
    }
}

/// Finds out what the host lives by. The [`Guard`](super::Guard) asks at start and before each comparison of the firewalls
/// with the ledger, because addresses, gateways and sessions come and go.
///
/// The crate `autosec-integrations` has one for Linux. What never changes fits into the allowlist just as well.
///
/// ```
/// use std::sync::Arc;
///
/// use autosec_core::decision::{Allowlist, Guard, GuardConfig, Role, Surroundings, Vital};
///
/// /// A host whose gateway is known.
/// #[derive(Debug)]
/// struct Rack;
///
/// impl Surroundings for Rack {
///     fn look(&self) -> Vec<Vital> {
///         vec![Vital { network: "203.0.113.1/32".parse().unwrap(), role: Role::Gateway }]
///     }
/// }
///
/// let guard = Guard::new(GuardConfig::default(), Allowlist::new()).with_surroundings(Arc::new(Rack));
/// let refusal = guard.permit("203.0.113.0/24".parse()?).unwrap_err();
/// assert_eq!(refusal.to_string(), "`203.0.113.0/24` would cut off `203.0.113.1`, a default gateway");
/// assert!(guard.permit("203.0.113.128/25".parse()?).is_ok());
/// # Ok::<(), ipnet::AddrParseError>(())
/// ```
pub trait Surroundings: Debug + Send + Sync {
    /// What the host lives by now. It should take no more than a millisecond; what cannot be found out is left out.
    fn look(&self) -> Vec<Vital>;
}

impl<T: Surroundings + ?Sized> Surroundings for Arc<T> {
    fn look(&self) -> Vec<Vital> {
        (**self).look()
    }
}
