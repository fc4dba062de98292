use super::Key;

const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

/// Adds a name in lower case and punycode, without its final dot; gives how many labels it has.
pub(super) fn write(given: &str, key: &mut Key) -> Result<u32, &'static str> {
    let given = given.strip_suffix('.').unwrap_or(given);
    if given.is_ascii() {
        return write_ascii(given.as_bytes(), key);
    }
    let ascii = idna::domain_to_ascii(given).map_err(|_| "it is no international domain name")?;
    write_ascii(ascii.strip_suffix('.').unwrap_or(&ascii).as_bytes(), key)
}

/// The same of a name that is meant with those below it.
pub(super) fn write_domain(given: &str, key: &mut Key) -> Result<(), &'static str> {
    let given = given.strip_prefix('*').unwrap_or(given);
    match write(given.strip_prefix('.').unwrap_or(given), key)? {
        0 | 1 => Err("it is a top-level domain, which is too wide"),
        _ => Ok(()),
    }
}

fn write_ascii(given: &[u8], key: &mut Key) -> Result<u32, &'static str> {
    if given.len() > LONGEST_NAME {
        return Err("it is longer than 253 bytes, more than a domain name can be");
    }
    let (mut labels, mut length, mut is_number) = (1, 0_usize, true);
    for byte in given {
        let byte = byte.to_ascii_lowercase();
        match byte {
            b'.' if length == 0 => return Err("it has an empty label"),
            b'.' => {
                labels += 1;
                (length, is_number) = (0, true);
            }
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => {
                length += 1;
                is_number &= byte.is_ascii_digit();
            }
            _ => return Err("it has a character that no domain name has"),
        }
        if length > LONGEST_LABEL {
            return Err("it has a label of more than 63 bytes");
        }
        key.push(byte);
    }
    match (length, is_number) {
        (0, _) => Err("it has an empty label"),
        (_, true) => Err("its last label is a number, so it is no domain name"),
        _ => Ok(labels),
    }
}

/// Whether a text is a name in its one form already. Asks less than [`write`] does: says so of no name that is longer than a
/// label can be, or ends in a digit.
#[inline]
pub(crate) fn is_plain(given: &[u8]) -> bool {
    plain_length(given) == Some(given.len())
}

/// How long the name is that a text begins with, up to the first byte that no name has; none unless it is in its one form,
/// as [`is_plain`] says. One look into a table a byte: comparisons with ranges were a quarter of a look-up that finds
/// nothing (callgrind, 2026-11-23).
#[inline]
pub(super) fn plain_length(given: &[u8]) -> Option<usize> {
    let (mut before, mut empty, mut length) = (DOT, 0, 0);
    for byte in given {
        let class = CLASSES.get(usize::from(*byte)).map_or(0, |class| *class);
        if class == 0 {
            break;
        }
        empty |= class & before & DOT;
        before = class;
        length += 1;
    }
    (empty == 0 && before == LETTER && length <= LONGEST_LABEL).then_some(length)
}

const LETTER: u8 = 1;
const DOT: u8 = 2;
const OTHER: u8 = 4;

/// What a byte is in the one form of a name, 0 if it cannot stand there.
#[expect(clippy::indexing_slicing, reason = "computed by the compiler, which would tell")]
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    while byte < u8::MAX {
        classes[byte as usize] = match byte {
            b'a'..=b'z' => LETTER,
            b'.' => DOT,
            b'0'..=b'9' | b'-' | b'_' => OTHER,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

/// The names above a name, longest first, each with the number of its labels; a top-level domain is none of them.
#[inline]
pub(crate) fn parents(name: &[u8]) -> impl Iterator<Item = (&[u8], u32)> {
    let mut labels = name.iter().map(|byte| u32::from(*byte == b'.')).sum::<u32>();
    let mut rest = name;
    std::iter::from_fn(move || {
        if labels < 2 {
            return None;
        }
        let dot = rest.iter().position(|byte| *byte == b'.')?;
        rest = rest.get(dot + 1..)?;
        labels -= 1;
        Some((rest, labels + 1))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(given: &str) -> Result<String, &'static str> {
        let mut key = Key::new();
        write(given, &mut key).map(|_| String::from_utf8(key.to_vec()).unwrap())
    }

    #[test]
    fn has_one_form_for_each_name() {
        for given in ["bücher.example", "BÜCHER.Example.", "xn--bcher-kva.EXAMPLE", "bücher。example"] {
            assert_eq!(form(given).as_deref(), Ok("xn--bcher-kva.example"), "{given}");
        }
        assert_eq!(form("_dmarc.Example.org").as_deref(), Ok("_dmarc.example.org"));
        for wrong in ["", ".", "a..b", ".a", "a b.org", "a/b", "107.183.86", "192.0.2.1", "xn--\u{fffd}"] {
            assert!(form(wrong).is_err(), "{wrong}");
        }
        assert!(form(&format!("{}.org", "a".repeat(63))).is_ok());
        assert!(form(&format!("{}.org", "a".repeat(64))).is_err());
        assert!(form(&format!("{}org", "a.".repeat(126))).is_err());
    }

    proptest! {
        #[test]
        fn what_is_plain_is_its_own_form(given in "[a-z0-9._-]{0,4}[a-zA-Z0-9._ü-]{0,70}[a-z.0-9]{0,3}") {
            if is_plain(given.as_bytes()) {
                prop_assert_eq!(form(&given), Ok(given));
            }
        }
    }

    #[test]
    fn knows_what_is_plain() {
        for plain in ["www.example.org", "localhost", "_dmarc.xn--bcher-kva.example", "1.2.a"] {
            assert!(is_plain(plain.as_bytes()), "{plain}");
        }
        for other in ["", ".", "a..b", ".a", "a.", "Www.example.org", "192.0.2.1", "a.b1", "a b", "ü.a"] {
            assert!(!is_plain(other.as_bytes()), "{other}");
        }
        assert!(!is_plain(format!("{}.org", "a".repeat(64)).as_bytes()));
    }

    #[test]
    fn knows_what_is_above() {
        let above = |name: &'static str| -> Vec<_> {
            parents(name.as_bytes())
                .map(|(name, labels)| (std::str::from_utf8(name).unwrap(), labels))
                .collect()
        };
        assert_eq!(above("a.b.example.org"), [("b.example.org", 3), ("example.org", 2)]);
        assert_eq!(above("example.org"), []);
        assert_eq!(above("localhost"), []);
    }

    #[test]
    fn a_domain_is_no_top_level_one() {
        let mut key = Key::new();
        assert_eq!(write_domain("*.Example.org", &mut key), Ok(()));
        assert_eq!(&key[..], b"example.org");
        assert!(write_domain("*.org", &mut Key::new()).is_err());
    }
}
