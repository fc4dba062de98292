use std::ops::RangeInclusive;
use std::sync::Arc;

use ipnet::IpNet;

use crate::net::AddressSet;

/// Values that the host gives a name, for `field in $name`. Cheap to clone.
///
/// ```
/// use std::net::IpAddr;
///
/// use autosec_core::event::{Event, Schema, field};
/// use autosec_core::finding::{Detector, Findings};
/// use autosec_core::measure::Severity;
/// use autosec_core::rule::{List, Rule, RuleSet};
/// use autosec_core::time::Timestamp;
///
/// let office = List::addresses(["192.0.2.0/24".parse()?]);
/// let rule = Rule::new("admin-from-outside", Severity::High, r#"url.path starts_with "/admin" and not source.ip in $office"#);
/// let rules = RuleSet::builder(&Schema::ecs()).list("office", office).rule(rule).build()?;
///
/// let mut findings = Findings::default();
/// for source in ["192.0.2.7", "203.0.113.7"] {
///     let request = Event::new(Timestamp::EPOCH).with(field::URL_PATH, "/admin/users");
///     rules.detect(&request.with(field::SOURCE_IP, source.parse::<IpAddr>()?), &mut findings);
/// }
/// let found: Vec<_> = findings.found().iter().map(|finding| finding.subject.to_string()).collect();
/// assert_eq!(found, ["203.0.113.7"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A list may be [replaced](crate::rule::RuleSet::replace_list) while events are looked at; its length is not limited.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum List {
    /// Addresses and prefixes.
    Addresses(Arc<AddressSet>),
    /// Ranges of integers, both ends included.
    Integers(Arc<[(i64, i64)]>),
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

    /// A list of integers: ports, say, or numbers of autonomous systems.
    pub fn integers(integers: impl IntoIterator<Item = i64>) -> Self {
        Self::Integers(integers.into_iter().map(|integer| (integer, integer)).collect())
    }

    /// A list of ranges of integers, both ends included; one that ends before it begins holds nothing.
    pub fn ranges(ranges: impl IntoIterator<Item = RangeInclusive<i64>>) -> Self {
        Self::Integers(ranges.into_iter().map(RangeInclusive::into_inner).collect())
    }

    /// What it holds, in a word.
    pub(crate) fn holds(&self) -> &'static str {
        match self {
            List::Addresses(_) => "addresses",
            List::Integers(_) => "integers",
            List::Texts(_) => "texts",
        }
    }
}
