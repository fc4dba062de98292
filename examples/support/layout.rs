//! Lines of at most 100 columns of text that cannot harm a terminal.

use std::fmt::Write as _;

const WIDTH: usize = 100;
/// A wrapped line goes in at most this far, whatever its text begins with.
const DEEPEST: usize = 40;

/// The text with its control characters and the like spelt out: most of it was written by strangers.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\'' | '"' | '\\' => plain.push(letter),
            other => plain.extend(other.escape_debug()),
        }
    }
    plain
}

/// The text, plain and at most `most` characters long: what is too much is left out at its end.
pub fn clipped(text: &str, most: usize) -> String {
    let text = plain(text);
    if text.chars().count() <= most {
        return text;
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// As [`clipped`], but what is too much is left out at its start.
pub fn clipped_start(text: &str, most: usize) -> String {
    let text = plain(text);
    let length = text.chars().count();
    if length <= most {
        return text;
    }
    std::iter::once('…').chain(text.chars().skip(length - most + 1)).collect()
}

/// A row whose last column is wrapped under itself.
pub fn columns(text: &mut String, head: &str, last: &str) {
    let mut line = plain(head);
    let indent = line.chars().count();
    let room = WIDTH.saturating_sub(indent).max(1);
    let mut filled = 0;
    for word in plain(last).split(' ').flat_map(|word| pieces(word, room)) {
        let length = word.chars().count();
        if filled > 0 && filled + length > room {
            let _ = writeln!(text, "{}", line.trim_end());
            line = " ".repeat(indent);
            filled = 0;
        }
        line.push_str(&word);
        line.push(' ');
        filled += length + 1;
    }
    let _ = writeln!(text, "{}", line.trim_end());
}

/// A line under its own indentation, wrapped at the width.
pub fn wrap(text: &mut String, indent: &str, line: &str) {
    let trimmed = line.trim_start();
    let own = (line.len() - trimmed.len()).min(DEEPEST);
    columns(text, &format!("{indent}{}", " ".repeat(own)), trimmed);
}

/// A word in pieces that fit the room.
fn pieces(word: &str, room: usize) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    if letters.is_empty() {
        return vec![String::new()];
    }
    letters.chunks(room).map(|piece| piece.iter().collect()).collect()
}
