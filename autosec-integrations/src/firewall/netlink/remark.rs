//! The reason of a block as a comment in the kernel: `autosec:` and printable ASCII.

use autosec_core::enforce::REASON_LIMIT;

/// Marks an entry as ours in the firewall's own listing.
pub(in crate::firewall) const OWNER: &str = "autosec:";

/// Appends the comment, at most [`OWNER`] and [`REASON_LIMIT`] bytes, without an end.
pub(in crate::firewall) fn remark(reason: &str, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(OWNER.as_bytes());
    // Nearly all reasons can stand as they are.
    if reason.len() <= REASON_LIMIT && reason.bytes().all(|byte| matches!(byte, b' '..=b'~' if byte != b'"'))
    {
        bytes.extend_from_slice(reason.as_bytes());
    } else {
        bytes.extend(reason.chars().take(REASON_LIMIT).map(printable));
    }
}

/// The reason that a comment gives.
pub(in crate::firewall) fn reason_of(comment: &str) -> &str {
    comment.strip_prefix(OWNER).unwrap_or(comment)
}

/// The character as it can stand between the quotes of a listing.
fn printable(letter: char) -> u8 {
    match u8::try_from(letter) {
        Ok(b'"') => b'\'',
        Ok(byte) if byte.is_ascii_graphic() || byte == b' ' => byte,
        _ => b'?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_can_stand_in_a_listing() {
        let comment = |reason: &str| {
            let mut bytes = Vec::new();
            remark(reason, &mut bytes);
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!(comment("rule=ssh-bf;id=42 ~"), "autosec:rule=ssh-bf;id=42 ~");
        assert_eq!(comment("say \"hi\"\n\u{e9}"), "autosec:say 'hi'??");
        assert_eq!(comment(&"x".repeat(500)).len(), OWNER.len() + REASON_LIMIT);
        assert_eq!((reason_of("autosec:ssh"), reason_of("by hand"), reason_of("")), ("ssh", "by hand", ""));
    }
}
