use std::sync::Arc;

use ipnet::IpNet;

use crate::net::AddressSet;

/// Values that the host gives a name, for `field in $name`. Cheap to clone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum List {
    /// Addresses and prefixes.
    Addresses(Arc<AddressSet>),
    /// Texts.
    Texts(Arc<[Box<str>]>),
}

impl List {
    /// A list of addresses and prefixes.
    pub fn addresses(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self::Addresses(Arc::new(networks.into_iter().collect()))
    }

    /// A list of texts.
    pub fn texts<T: Into<Box<str>>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::Texts(texts.into_iter().map(Into::into).collect())
    }
}
