use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// The longest name, in bytes.
const LONGEST_NAME: usize = 64;

/// A place in an argument or a line that the plugin fills in: what may stand there is said by its kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Slot {
    /// `{ip}`: an address, in its usual form.
    Ip,
    /// `{cidr}`: an address or a prefix without host bits.
    Cidr,
    /// `{name}`: a letter or digit, then up to 63 letters, digits, `.`, `_` and `-`.
    Name,
    /// `{int}`: up to 19 digits, without leading zeros.
    Int,
}

impl Slot {
    pub(crate) const ALL: [Slot; 4] = [Slot::Ip, Slot::Cidr, Slot::Name, Slot::Int];

    pub(crate) fn text(self) -> &'static str {
        match self {
            Slot::Ip => "ip",
            Slot::Cidr => "cidr",
            Slot::Name => "name",
            Slot::Int => "int",
        }
    }

    fn matches(self, text: &str) -> bool {
        match self {
            Slot::Ip => text.parse::<IpAddr>().is_ok_and(|address| address.to_string() == text),
            Slot::Cidr => Slot::Ip.matches(text) || is_prefix(text),
            Slot::Name => is_name(text),
            Slot::Int => {
                let digits = !text.is_empty() && text.len() <= 19 && text.bytes().all(|b| b.is_ascii_digit());
                digits && (text == "0" || !text.starts_with('0'))
            }
        }
    }

    fn covers(self, other: Self) -> bool {
        self == other || matches!((self, other), (Slot::Cidr, Slot::Ip) | (Slot::Name, Slot::Int))
    }
}

fn is_prefix(text: &str) -> bool {
    text.parse::<IpNet>().is_ok_and(|network| network.trunc() == network && network.to_string() == text)
}

fn is_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let begins = text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
    begins && text.len() <= LONGEST_NAME && text.bytes().all(inner)
}

/// A pattern of one argument or one word of a line: a text, or a slot between two texts.
///
/// One slot at most, so that there is one way to read a text and nothing can be moved from one slot into another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Word {
    pub(crate) before: String,
    pub(crate) slot: Option<Slot>,
    pub(crate) after: String,
}

impl Word {
    pub(crate) fn matches(&self, text: &str) -> bool {
        match self.slot {
            None => text == self.before,
            Some(slot) => {
                let inner = text.strip_prefix(&*self.before).and_then(|rest| rest.strip_suffix(&*self.after));
                inner.is_some_and(|inner| slot.matches(inner))
            }
        }
    }

    /// Whether this pattern matches all that the other one matches.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (self.slot, other.slot) {
            (_, None) => self.matches(&other.before),
            (Some(slot), Some(narrow)) => {
                slot.covers(narrow) && self.before == other.before && self.after == other.after
            }
            (None, Some(_)) => false,
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slot = self.slot.map(|slot| format!("{{{}}}", slot.text())).unwrap_or_default();
        write!(f, "{}{slot}{}", self.before, self.after)
    }
}

/// Whether each word matches its pattern, and there are as many.
pub(crate) fn all_match<'t>(patterns: &[Word], words: impl ExactSizeIterator<Item = &'t str>) -> bool {
    patterns.len() == words.len() && patterns.iter().zip(words).all(|(pattern, word)| pattern.matches(word))
}

/// Whether each pattern covers its counterpart, and there are as many.
pub(crate) fn all_cover(wide: &[Word], narrow: &[Word]) -> bool {
    wide.len() == narrow.len() && wide.iter().zip(narrow).all(|(wide, narrow)| wide.covers(narrow))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn word(before: &str, slot: Option<Slot>, after: &str) -> Word {
        Word { before: before.into(), slot, after: after.into() }
    }

    #[test]
    fn slots_take_what_they_say() {
        for (slot, taken, refused) in [
            (
                Slot::Ip,
                &["192.0.2.1", "2001:db8::1"][..],
                &["", "192.0.2.01", "192.0.2.1/32", "2001:DB8::1", "fe80::1%eth0", "1"][..],
            ),
            (
                Slot::Cidr,
                &["192.0.2.1", "192.0.2.0/24", "2001:db8::/48", "0.0.0.0/0"],
                &["192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/024", "192.0.2.0 /24"],
            ),
            (Slot::Name, &["a", "9-x_y.z"], &["", "-f", ".x", "a b", "a;b", "a\n", "ä", "$(x)", "a/b"]),
            (Slot::Int, &["0", "3600"], &["", "-1", "+1", "01", "1e3", "99999999999999999999"]),
        ] {
            for text in taken {
                assert!(slot.matches(text), "{slot:?} {text}");
            }
            for text in refused {
                assert!(!slot.matches(text), "{slot:?} {text:?}");
            }
        }
        assert!(Slot::Name.matches(&"a".repeat(64)) && !Slot::Name.matches(&"a".repeat(65)));
    }

    #[test]
    fn a_slot_stands_between_texts() {
        let timeout = word("timeout=", Some(Slot::Int), "s");
        assert!(timeout.matches("timeout=60s"));
        for text in ["timeout=s", "timeout=60", "60s", "timeout=60ss", "timeouts"] {
            assert!(!timeout.matches(text), "{text}");
        }
    }

    #[test]
    fn covers_what_is_narrower() {
        let any = word("", Some(Slot::Name), "");
        assert!(any.covers(&word("blocklist", None, "")) && any.covers(&word("", Some(Slot::Int), "")));
        assert!(!any.covers(&word("-f", None, "")) && !any.covers(&word("", Some(Slot::Ip), "")));
        assert!(!any.covers(&word("x", Some(Slot::Name), "")), "the whole may be too long");
        assert!(!word("a", None, "").covers(&any));
    }

    proptest! {
        #[test]
        fn no_slot_takes_what_could_end_an_argument(text in ".{0,40}") {
            for slot in Slot::ALL {
                if slot.matches(&text) {
                    prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-:/".contains(&b)));
                    prop_assert!(!text.starts_with('-') && !text.is_empty());
                }
            }
        }
    }
}
