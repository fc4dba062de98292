use std::net::IpAddr;

use autosec_plugin::{Failure, FailureKind, fail};
use ipnet::IpNet;

/// The longest time of an entry, in seconds: `35w3d13h13m56s`.
pub(crate) const LONGEST: u32 = 21_474_836;

/// How RouterOS writes what has no end and is kept over a restart.
const ENDLESS: &str = "none-static";

/// Each has a list of its own.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    pub(crate) fn of(target: IpNet) -> Self {
        if target.addr().is_ipv6() { Self::V6 } else { Self::V4 }
    }

    /// Where its list is.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::V4 => "ip/firewall/address-list",
            Self::V6 => "ipv6/firewall/address-list",
        }
    }
}

/// How long an entry stays, in seconds; `None` is for ever.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Time(pub(crate) Option<u32>);

impl Time {
    /// Nothing must end at once by accident: a time of 0 would be no time.
    pub(crate) fn of(ttl: Option<u32>) -> Self {
        Self(ttl.map(|seconds| seconds.clamp(1, LONGEST)))
    }

    /// Whether the other is the same but for what passes between asking and reading.
    pub(crate) fn is_about(self, other: Self) -> bool {
        match (self.0, other.0) {
            (Some(one), Some(other)) => one.abs_diff(other) <= 1,
            (one, other) => one == other,
        }
    }

    pub(crate) fn written(self) -> String {
        self.0.map_or_else(|| ENDLESS.to_owned(), |seconds| format!("{seconds}s"))
    }

    /// As RouterOS writes it: `1w2d3h4m5s`, `00:04:05`, `1d00:04:05`; parts of a second count as one.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut total: u64 = 0;
        let mut rest = text.trim();
        while !rest.is_empty() {
            let end = rest.find(|letter: char| !letter.is_ascii_digit())?;
            let (number, after) = rest.split_at(end);
            if after.starts_with(':') {
                let clock = rest.split(':').try_fold((0_u64, 0), |(sum, parts), part| {
                    Some((sum.checked_mul(60)?.checked_add(part.parse().ok()?)?, parts + 1))
                });
                let (seconds, 3) = clock? else { return None };
                total = total.checked_add(seconds)?;
                break;
            }
            let (unit, seconds) = UNITS.iter().find(|(unit, _)| after.starts_with(unit))?;
            let number: u64 = number.parse().ok()?;
            // The last unit is a part of a second.
            let number = if *unit == "ms" { u64::from(number > 0) } else { number };
            total = total.checked_add(number.checked_mul(*seconds)?)?;
            rest = after.strip_prefix(unit)?.trim_start();
        }
        (!text.trim().is_empty()).then_some(())?;
        u32::try_from(total).ok().map(|total| Self(Some(total)))
    }
}

const UNITS: [(&str, u64); 6] = [("ms", 1), ("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// An address or a prefix, without host bits; a prefix of all addresses is none.
pub(crate) fn target(text: &str) -> Result<IpNet, Failure> {
    let unfit = |words: String| fail(FailureKind::InvalidTarget, words);
    let target = read(text).ok_or_else(|| unfit(format!("`{text}` is no address and no prefix")))?;
    if target.prefix_len() == 0 {
        Err(unfit("all addresses at once are not blocked".to_owned()))
    } else {
        Ok(target)
    }
}

/// An address or prefix as RouterOS shows it; what else a list may hold, such as ranges and names, is none.
pub(crate) fn read(text: &str) -> Option<IpNet> {
    let target = text.parse::<IpAddr>().map(IpNet::from).or_else(|_| text.parse::<IpNet>());
    target.ok().map(|target| target.trunc())
}

/// Hosts of IPv4 are written without a prefix length, as the router shows them.
pub(crate) fn written(target: IpNet) -> String {
    match target {
        IpNet::V4(host) if host.prefix_len() == 32 => host.addr().to_string(),
        target => target.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_as_routers_write_them() {
        for (text, seconds) in [
            ("59m58s", 3_598),
            ("1w2d3h4m5s", 788_645),
            ("00:04:05", 245),
            ("1d00:04:05", 86_645),
            ("35w3d13h13m56s", LONGEST),
            ("1s500ms", 2),
            ("500ms", 1),
        ] {
            assert_eq!(Time::read(text), Some(Time(Some(seconds))), "{text}");
        }
        for wrong in ["", " ", "soon", "1", "1x", "1:2", "99999999999999999999s", "1w:2", "-1s"] {
            assert_eq!(Time::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn times_are_never_none_by_accident() {
        for (ttl, written) in
            [(Some(0), "1s"), (Some(60), "60s"), (Some(u32::MAX), "21474836s"), (None, ENDLESS)]
        {
            assert_eq!(Time::of(ttl).written(), written);
        }
        assert!(Time::of(Some(60)).is_about(Time(Some(59))) && !Time::of(Some(60)).is_about(Time(Some(58))));
        assert!(!Time::of(None).is_about(Time(Some(1))));
    }

    #[test]
    fn targets_are_written_as_they_are_shown() {
        for (text, shown) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("2001:DB8::/48", "2001:db8::/48"),
        ] {
            assert_eq!(written(target(text).unwrap()), shown);
        }
        for wrong in ["0.0.0.0/0", "::/0", "192.0.2.1-192.0.2.9", "example.org", ""] {
            assert!(target(wrong).is_err(), "{wrong}");
        }
    }
}
