//! Names close to a misspelt one. Known names are ASCII, so bytes are compared; near are names that one slip of the hand or two
//! lead to, because a suggestion that is wrong is worse than none.

/// The name among `names` that `wrong` was probably meant to be: at most two edits away, or three for long names.
pub(crate) fn nearest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let limit = if wrong.len() < 4 { 1 } else { 2 + usize::from(wrong.len() > 12) };
    let near = |name: &&str| name.len().abs_diff(wrong.len()) <= limit && wrong.len() <= 128;
    names
        .filter(near)
        .map(|name| (distance(wrong.as_bytes(), name.as_bytes()), name))
        .filter(|(edits, _)| *edits <= limit)
        .min()
        .map(|(_, name)| name)
}

/// `did you mean …?` for the nearest name, if one is near.
pub(crate) fn did_you_mean<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    nearest(wrong, names).map(|name| format!("did you mean `{name}`?"))
}

/// The Levenshtein distance, by rows.
fn distance(left: &[u8], right: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (up, l) in left.iter().enumerate() {
        let (mut diagonal, mut before) = (up, up + 1);
        for (cell, r) in row.iter_mut().skip(1).zip(right) {
            let here = (diagonal + usize::from(l != r)).min(before + 1).min(*cell + 1);
            diagonal = std::mem::replace(cell, here);
            before = here;
        }
        if let Some(first) = row.first_mut() {
            *first = up + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        for (left, right, edits) in
            [("", "", 0), ("abc", "abc", 0), ("kitten", "sitting", 3), ("", "ab", 2), ("ab", "ba", 2)]
        {
            assert_eq!(distance(left.as_bytes(), right.as_bytes()), edits, "{left} {right}");
        }
    }

    #[test]
    fn suggests_only_what_is_near() {
        let names = ["source.ip", "source.port", "user.name"];
        assert_eq!(nearest("source.up", names.into_iter()), Some("source.ip"));
        assert_eq!(nearest("sorce.prt", names.into_iter()), Some("source.port"));
        assert_eq!(nearest("color", names.into_iter()), None);
    }
}
