use std::fmt;

use serde::Serialize;

/// What a baseline counts the values of.
///
/// Each feature keeps a bounded number of values ([`Feature::limit`]); beyond, the lightest of the same feature gives way
/// and only its mass is kept, so that whoever shows a million devices crowds out devices and nothing else.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Feature {
    /// The client: an IPv4 address, or the /64 of an IPv6 one.
    Address,
    /// The /24 or /48 around it.
    Prefix,
    /// `source.as.number`.
    Network,
    /// `source.geo.country_iso_code`.
    Country,
    /// `source.geo.city_name` within its country and region.
    City,
    /// Whether the network hides where its users are: `source.anonymizer` says anything.
    Cover,
    /// `user_agent.original`, or what is known of it.
    Agent,
    /// `user_agent.name` with its major version.
    Browser,
    /// `user_agent.os.name` with its version.
    System,
    /// `device.id`, or `user_agent.device.name`.
    Device,
    /// `tls.client.ja3`, or the hash of the client's certificate.
    Fingerprint,
    /// `event.action`, or `http.request.method`.
    Action,
    /// The service, host or URL's domain that was reached.
    Target,
    /// The hour of the week, 0 to 167, Monday first, UTC.
    Hour,
    /// Two places one after the other, in either order.
    Route,
    /// An action and the one before it.
    Step,
}

impl Feature {
    /// Every feature, in the order in which baselines keep them.
    pub const ALL: [Feature; 16] = [
        Feature::Address,
        Feature::Prefix,
        Feature::Network,
        Feature::Country,
        Feature::City,
        Feature::Cover,
        Feature::Agent,
        Feature::Browser,
        Feature::System,
        Feature::Device,
        Feature::Fingerprint,
        Feature::Action,
        Feature::Target,
        Feature::Hour,
        Feature::Route,
        Feature::Step,
    ];

    /// Its position in [`Feature::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// The most values of it that a baseline keeps.
    pub fn limit(self) -> usize {
        match self {
            Feature::Address | Feature::Agent | Feature::Action => 24,
            Feature::Target | Feature::Step => 32,
            Feature::Prefix | Feature::Network | Feature::City | Feature::Route => 16,
            Feature::Hour => 168,
            Feature::Country | Feature::Browser | Feature::System => 12,
            Feature::Device | Feature::Fingerprint => 12,
            Feature::Cover => 2,
        }
    }

    /// How many bytes of a value's hash a baseline keeps: three where a value is to be told from millions, else two.
    /// The hour is a number and no hash, and so is the cover. With two bytes a stranger's prefix would pass as a known one
    /// once in 4,096 times, where 16 are known.
    pub(super) fn width(self) -> u32 {
        match self {
            Feature::Address | Feature::Agent | Feature::Device | Feature::Prefix => 3,
            Feature::Hour | Feature::Cover => 1,
            _ => 2,
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Feature::Address => "address",
            Feature::Prefix => "prefix",
            Feature::Network => "network",
            Feature::Country => "country",
            Feature::City => "city",
            Feature::Cover => "cover",
            Feature::Agent => "user agent",
            Feature::Browser => "browser",
            Feature::System => "operating system",
            Feature::Device => "device",
            Feature::Fingerprint => "fingerprint",
            Feature::Action => "action",
            Feature::Target => "target",
            Feature::Hour => "hour",
            Feature::Route => "route",
            Feature::Step => "step",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_listed_in_order() {
        assert!(Feature::ALL.iter().enumerate().all(|(index, feature)| feature.index() == index));
    }
}
