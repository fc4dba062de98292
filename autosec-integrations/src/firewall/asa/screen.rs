//! What a terminal shows, byte by byte, until it asks for something.

/// The most that is read until the device asks for the next command: a listing of some 100,000 members.
pub(super) const SCREEN_LIMIT: usize = 8 << 20;

/// The longest line that can be a prompt.
const PROMPT_LIMIT: usize = 200;

const MORE: &str = "<--- More --->";

/// How a question to a person ends, in small letters and without the colon or question mark behind it.
const QUESTIONS: [&str; 7] =
    ["[a]sk later", "[confirm]", "(y/n)", "[y/n]", "(yes/no)", "[yes/no]", "[y]es/[n]o"];

/// What was shown since the last thing that was typed.
#[derive(Debug, Default)]
pub(super) struct Screen {
    bytes: Vec<u8>,
}

/// What a screen ends with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Ending {
    /// Nothing that is asked.
    Unfinished,
    /// It waits for a command.
    Prompt(Prompt),
    /// It waits for a password.
    Password,
    /// It waits for somebody to have read a page.
    More,
    /// It waits for a person to answer this question.
    Question(String),
}

/// `hostname/context(mode)#`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Prompt {
    /// What stands before the mode, which stays the same throughout a session.
    pub(super) base: String,
    /// Whether it ends in `#`: after `enable`.
    pub(super) is_privileged: bool,
}

impl Screen {
    /// Takes what is shown next; false if that is too much.
    #[must_use]
    pub(super) fn push(&mut self, bytes: &[u8]) -> bool {
        self.bytes.extend_from_slice(bytes);
        self.bytes.len() <= SCREEN_LIMIT
    }

    pub(super) fn ending(&self) -> Ending {
        let start = self.last_line();
        let line = self.bytes.get(start..).unwrap_or_default();
        if line.len() > PROMPT_LIMIT {
            return Ending::Unfinished;
        }
        let line = visible(line);
        let line = line.trim();
        if line.ends_with(MORE) {
            return Ending::More;
        }
        if line.eq_ignore_ascii_case("password:") {
            return Ending::Password;
        }
        if is_question(line) {
            return Ending::Question(line.to_owned());
        }
        prompt(line).map_or(Ending::Unfinished, Ending::Prompt)
    }

    /// Takes a line that asks for paging away.
    pub(super) fn turn_page(&mut self) {
        let start = self.last_line();
        self.bytes.truncate(start);
    }

    /// Whether a command was shown as typed, with a line end.
    pub(super) fn has_echo(&self, command: &str) -> bool {
        let lines = self.bytes.get(..self.last_line()).unwrap_or_default();
        lines.split(|byte| *byte == b'\n').any(|line| visible(line).trim_end().ends_with(command))
    }

    /// Whether a line was ended since something was typed.
    pub(super) fn has_line(&self) -> bool {
        self.last_line() > 0
    }

    /// What stands between the command as it was echoed, which is the first line, and the prompt, which is the last.
    pub(super) fn answer(&self) -> String {
        let shown = self.bytes.get(..self.last_line()).unwrap_or_default();
        let mut answer = String::new();
        for line in shown.split(|byte| *byte == b'\n').skip(1) {
            let line = visible(line);
            if !line.trim().is_empty() {
                answer.push_str(line.trim_end());
                answer.push('\n');
            }
        }
        answer
    }

    /// Where the last line starts.
    fn last_line(&self) -> usize {
        self.bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)
    }
}

/// A line as a terminal shows it: a carriage return and a backspace let later text take the place of earlier.
fn visible(line: &[u8]) -> String {
    let mut shown: Vec<u8> = Vec::with_capacity(line.len());
    let mut column: usize = 0;
    for byte in line {
        match byte {
            b'\r' => column = 0,
            0x08 => column = column.saturating_sub(1),
            0x20..=0x7e | 0x80.. | b'\t' => {
                match shown.get_mut(column) {
                    Some(cell) => *cell = *byte,
                    None => shown.push(*byte),
                }
                column += 1;
            }
            _ => {}
        }
    }
    String::from_utf8_lossy(&shown).into_owned()
}

fn is_question(line: &str) -> bool {
    let line = line.trim_end_matches([':', '?', ' ']).to_ascii_lowercase();
    QUESTIONS.iter().any(|end| line.ends_with(end))
}

fn prompt(line: &str) -> Option<Prompt> {
    let (front, is_privileged) = line
        .strip_suffix('#')
        .map(|front| (front, true))
        .or_else(|| Some((line.strip_suffix('>')?, false)))?;
    let (base, mode) = match front.strip_suffix(')') {
        Some(front) => front.split_once('(')?,
        None => (front, "exec"),
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte);
    let is_mode = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let fits = !base.is_empty() && base.bytes().all(is_name) && !mode.is_empty() && mode.bytes().all(is_mode);
    fits.then(|| Prompt { base: base.to_owned(), is_privileged })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ending(shown: &str) -> Ending {
        let mut screen = Screen::default();
        assert!(screen.push(shown.as_bytes()));
        screen.ending()
    }

    fn at(base: &str, is_privileged: bool) -> Ending {
        Ending::Prompt(Prompt { base: base.to_owned(), is_privileged })
    }

    #[test]
    fn knows_what_is_asked() {
        assert_eq!(ending("Type help.\r\nciscoasa> "), at("ciscoasa", false));
        assert_eq!(ending("\r\nciscoasa# "), at("ciscoasa", true));
        assert_eq!(ending("ciscoasa(config)# "), at("ciscoasa", true));
        assert_eq!(
            ending("edge-1.example/admin(config-network-object-group)# "),
            at("edge-1.example/admin", true)
        );
        assert_eq!(ending("asa/pri/act#"), at("asa/pri/act", true));
        assert_eq!(ending("Password: "), Ending::Password);
        assert_eq!(ending("a\r\n<--- More --->"), Ending::More);
        for question in [
            "the product? [Y]es, [N]o, [A]sk later:",
            "Proceed with reload? [confirm]",
            "Continue (y/n)?",
            "Are you sure? [yes/no]:",
            "Overwrite? [Y/N] :",
        ] {
            assert_eq!(ending(&format!("a\r\n{question} ")), Ending::Question(question.to_owned()));
        }
        assert_eq!(ending("Proceed? [confirm]\r\nciscoasa# "), at("ciscoasa", true), "answered by itself");
        for other in [
            "",
            "[confirm] it",
            "ciscoasa# \r\n",
            "a b# ",
            "#",
            ">",
            "asa(config",
            "asa(config)",
            "<--- More",
            "asa()#",
        ] {
            assert_eq!(ending(other), Ending::Unfinished, "{other:?}");
        }
        // What a page leaves behind when it is turned: the line is written over.
        assert_eq!(ending("<--- More --->\r              \rciscoasa# "), at("ciscoasa", true));
    }

    #[test]
    fn gives_the_answer_alone() {
        let mut screen = Screen::default();
        assert!(screen.push(b"show shun\r\nShun 192.0.2.1 0.0.0.0 0 0\r\n\r\nxx\x08\x08ok\r\nciscoasa# "));
        assert_eq!(screen.answer(), "Shun 192.0.2.1 0.0.0.0 0 0\nok\n");
        assert!(screen.has_echo("show shun") && !screen.has_echo("show version") && screen.has_line());
    }

    proptest! {
        #[test]
        fn survives_any_bytes(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8)) {
            let mut screen = Screen::default();
            for part in parts {
                prop_assert!(screen.push(&part));
                if screen.ending() == Ending::More {
                    screen.turn_page();
                }
                let _ = (screen.answer(), screen.has_echo("enable"));
            }
        }

        #[test]
        fn is_the_same_however_it_is_cut(text in "[a-z#>() \r\n\u{8}<-]{0,60}", at in 0_usize..60) {
            let (mut whole, mut cut) = (Screen::default(), Screen::default());
            prop_assert!(whole.push(text.as_bytes()));
            let (front, back) = text.as_bytes().split_at(at.min(text.len()));
            prop_assert!(cut.push(front));
            prop_assert!(cut.push(back));
            prop_assert_eq!((whole.ending(), whole.answer()), (cut.ending(), cut.answer()));
        }
    }
}
