/// Whether a character hides something of a text from who reads it: control characters, and marks that turn, join or hide the
/// text around them, which are no control characters to `char`.
pub(in crate::plugin) fn is_hiding(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
