/// Standard Base64 with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS.get(bits >> (18 - 6 * place) & 63).filter(|_| place <= chunk.len());
            text.push(digit.map_or('=', |digit| char::from(*digit)));
        }
    }
    text
}

/// The Base64 of the bytes at each of the three offsets they can have in a longer text, without the digits at either end
/// that depend on their neighbours.
pub(super) fn base64_offsets(bytes: &[u8]) -> [String; 3] {
    [0, 1, 2].map(|offset| {
        let padded: Vec<u8> = std::iter::repeat_n(b' ', offset).chain(bytes.iter().copied()).collect();
        let text = base64(&padded);
        let start = if offset == 0 { 0 } else { offset + 1 };
        let cut = [0, 3, 2].get(padded.len() % 3).copied().unwrap_or(0);
        text.get(start..text.len().saturating_sub(cut)).unwrap_or_default().to_owned()
    })
}

/// An encoding in units of 16 bits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wide {
    Little,
    Big,
    /// Little-endian behind a byte order mark.
    Marked,
}

impl Wide {
    pub(super) fn bytes(self, text: &str) -> Vec<u8> {
        let mark = if self == Wide::Marked { &[0xff, 0xfe][..] } else { &[] };
        let order = if self == Wide::Big { u16::to_be_bytes } else { u16::to_le_bytes };
        mark.iter().copied().chain(text.encode_utf16().flat_map(order)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_the_test_vectors_of_rfc_4648() {
        for (text, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
    }

    #[test]
    fn is_found_at_any_offset() {
        for text in ["IEX", "http://", "ab", "Invoke-Expression"] {
            let offsets = base64_offsets(text.as_bytes());
            for before in 0..6 {
                let whole = format!("{}{text}!tail", "#".repeat(before));
                let encoded = base64(whole.as_bytes());
                assert!(encoded.contains(&offsets[before % 3]), "{text} behind {before}");
            }
        }
        assert_eq!(base64_offsets(b"foobar"), ["Zm9vYmFy", "Zvb2Jhc", "mb29iYX"]);
    }

    #[test]
    fn widens() {
        assert_eq!(Wide::Little.bytes("a\u{e4}"), [0x61, 0, 0xe4, 0]);
        assert_eq!(Wide::Big.bytes("a"), [0, 0x61]);
        assert_eq!(Wide::Marked.bytes("a"), [0xff, 0xfe, 0x61, 0]);
    }
}
