use regex::{Regex, RegexBuilder};

/// What a compiled pattern may take, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// A pattern as PHP has it, with delimiters and flags (`/^noc\@/i`), or without. None if it is not understood, which those
/// with a look around or a reference back are not.
pub(super) fn compile(text: &str) -> Option<Regex> {
    let text = text.trim();
    let (pattern, flags) = match text.strip_prefix('/').and_then(|inside| inside.rsplit_once('/')) {
        Some((pattern, flags)) if flags.bytes().all(|flag| b"igmsxuU".contains(&flag)) => (pattern, flags),
        _ => (text, ""),
    };
    RegexBuilder::new(pattern)
        .case_insensitive(flags.contains('i'))
        .multi_line(flags.contains('m'))
        .dot_matches_new_line(flags.contains('s'))
        .ignore_whitespace(flags.contains('x'))
        .size_limit(MOST_BYTES)
        .build()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_delimiters_and_flags() {
        let contact = compile(r"/^(security|noc)\@.*\..*$/i").unwrap();
        assert!(contact.is_match("NOC@example.org") && !contact.is_match("eve@example.org"));
        assert!(compile("/a/g").unwrap().is_match("cat"));
        assert!(compile("a/b").unwrap().is_match("xa/b"));
        assert!(compile("/(?=a)b/").is_none());
    }
}
