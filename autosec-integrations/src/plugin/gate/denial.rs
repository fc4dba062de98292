use crate::plugin::interface::TransportError;
use crate::plugin::manifest::is_hiding;

/// The longest text of a denial's two parts, in characters.
const LONGEST: usize = 300;

/// Something that a plugin asked for and did not get.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Denial {
    /// What it asked for, without any secret.
    pub(super) asked: String,
    /// Why it did not get it.
    pub(super) why: String,
}

impl Denial {
    pub(super) fn new(asked: &str, why: impl AsRef<str>) -> Self {
        Self { asked: plain(asked, LONGEST), why: plain(why.as_ref(), LONGEST) }
    }
}

impl From<Denial> for TransportError {
    fn from(denial: Denial) -> Self {
        Self::Denied(format!("`{}`: {}", denial.asked, denial.why))
    }
}

/// A text of a plugin in one line that nothing can hide in, of at most so many characters.
pub(super) fn plain(text: &str, longest: usize) -> String {
    let mut plain = String::new();
    for (number, character) in text.chars().enumerate() {
        if number == longest {
            plain.push('…');
            break;
        }
        if is_hiding(character) {
            plain.extend(character.escape_default());
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_in_their_line() {
        assert_eq!(plain("a\r\nERROR \u{1b}[2J\u{202e}x ä", 40), "a\\r\\nERROR \\u{1b}[2J\\u{202e}x ä");
        assert_eq!(plain("abc", 2), "ab…");
        assert_eq!(plain("abc", 3), "abc");
    }
}
