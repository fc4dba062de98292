use std::collections::BTreeMap;
use std::io::{self, BufRead};

use autosec_core::event::Event;
use autosec_core::time::Timestamp;

use super::line::{Lines, Step};
use super::options::Options;
use super::unread::{Unread, UnreadReason};
use super::{access, eve, syslog};

/// What the lines of an input are.
///
/// Name the format where it is known: `Auto` costs a second and third attempt for each line that the first format cannot
/// read, and a mixed input lets a stranger's line choose its reader.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Format {
    /// The format of the first line that can be read; each line that this one can't read is tried as the others,
    /// so mixed inputs work. [`LogReader::format`] tells which it is.
    #[default]
    Auto,
    /// Access log of nginx or Apache: combined or common, with or without the virtual host in front.
    Access,
    /// EVE JSON of Suricata.
    Eve,
    /// Syslog, RFC 3164 or RFC 5424, line by line.
    Syslog,
}

/// The formats that [`Format::Auto`] chooses from.
const CHOICES: [Format; 3] = [Format::Syslog, Format::Access, Format::Eve];

/// What became of the lines so far: `lines == read + blank` and the sum over `unread`.
///
/// ```
/// use autosec_core::time::Timestamp;
/// use autosec_integrations::log::{Format, LogReader, Options, UnreadReason};
///
/// let log = "\n\
///     Nov 22 14:02:11 web1 sshd[42]: message repeated 2 times: [ Failed password for root from 192.0.2.7 port 4711 ssh2]\n\
///     what is this\n";
/// let options = Options::new(Timestamp::parse("2026-11-22T15:00:00Z")?);
/// let mut reader = LogReader::new(log.as_bytes(), Format::Syslog, options);
/// while reader.read()?.is_some() {}
/// let summary = reader.summary();
/// assert_eq!((summary.lines, summary.blank, summary.read, summary.events), (3, 1, 1, 2));
/// assert_eq!(summary.unread[&UnreadReason::NotSyslog], 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// Lines seen.
    pub lines: u64,
    /// Lines of white space, which are no events and no mistake.
    pub blank: u64,
    /// Lines that gave an event.
    pub read: u64,
    /// Events given; more than `read` where messages were repeated.
    pub events: u64,
    /// Lines that gave none, by reason.
    pub unread: BTreeMap<UnreadReason, u64>,
}

impl Summary {
    /// Lines that gave no event, for whatever reason.
    pub fn total_unread(&self) -> u64 {
        self.unread.values().sum()
    }
}

/// Reads events out of an input, line by line, in bounded memory.
///
/// ```
/// use autosec_core::event::field;
/// use autosec_core::time::Timestamp;
/// use autosec_integrations::log::{Format, LogReader, Options};
///
/// let log = "Nov 22 14:02:11 web1 sshd[42]: Failed password for root from 192.0.2.7 port 4711 ssh2\n";
/// let now = Timestamp::parse("2026-11-22T15:00:00Z")?;
/// let mut reader = LogReader::new(log.as_bytes(), Format::Auto, Options::new(now));
/// while let Some(line) = reader.read()? {
///     match line {
///         Ok(event) => assert_eq!(event.text(field::USER_NAME), Some("root")),
///         Err(unread) => eprintln!("{unread}"),
///     }
/// }
/// assert_eq!(reader.summary().read, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LogReader<R> {
    lines: Lines<R>,
    format: Format,
    /// Whether lines that the format can't read are tried as the others.
    mixed: bool,
    options: Options,
    summary: Summary,
    /// How many more events the line in hand gives.
    again: u32,
}

impl<R: BufRead> LogReader<R> {
    /// A reader of `input`. The end of the input ends its last line, line feed or not.
    pub fn new(input: R, format: Format, options: Options) -> Self {
        let lines = Lines::new(input, options.max_line);
        Self { lines, format, mixed: format == Format::Auto, options, summary: Summary::default(), again: 0 }
    }

    /// The next event, or why the next line gave none; nothing at the end of the input. Lines of white space are
    /// stepped over. The event borrows from the reader: drop it before the next call.
    ///
    /// # Errors
    /// Those of the input, and no others. A further call goes on where this one stopped.
    pub fn read(&mut self) -> io::Result<Option<Result<Event<'_>, Unread>>> {
        let fresh = self.again == 0;
        if fresh {
            match self.advance()? {
                Step::End => return Ok(None),
                Step::Line => {}
                Step::TooLong => return Ok(Some(Err(self.summary.refuse(UnreadReason::TooLong)))),
            }
        }
        let line = unmarked(self.lines.line(), self.summary.lines);
        let mut event = Event::new(self.options.reference);
        let (times, format) = match parse(line, self.format, self.mixed, &self.options, &mut event) {
            Ok(found) => found,
            Err(reason) => return Ok(Some(Err(self.summary.refuse(reason)))),
        };
        if fresh {
            self.summary.read += 1;
            self.again = times;
        }
        if self.format == Format::Auto {
            self.format = format;
        }
        self.again -= 1;
        self.summary.events += 1;
        Ok(Some(Ok(event)))
    }

    /// Moves the time that years are inferred from: a host that follows a log for weeks does so now and then.
    ///
    /// A line more than a day ahead of the reference is taken for one of the year before, so a reference must not lag.
    pub fn set_reference(&mut self, reference: Timestamp) {
        self.options.reference = reference;
    }

    /// The format: with [`Format::Auto`], that of the first line that could be read, and `Auto` until then.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The number of the line read last, from 1.
    pub fn line(&self) -> u64 {
        self.summary.lines
    }

    /// What became of the lines so far.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Goes to the next line that is not blank.
    fn advance(&mut self) -> io::Result<Step> {
        loop {
            let step = self.lines.step()?;
            self.summary.lines += u64::from(step != Step::End);
            if step != Step::Line || !unmarked(self.lines.line(), self.summary.lines).trim_ascii().is_empty()
            {
                return Ok(step);
            }
            self.summary.blank += 1;
        }
    }
}

impl Summary {
    fn refuse(&mut self, reason: UnreadReason) -> Unread {
        *self.unread.entry(reason).or_default() += 1;
        Unread { line: self.lines, reason }
    }
}

/// The line without the byte order mark that some editors put before the first one.
fn unmarked(line: &[u8], number: u64) -> &[u8] {
    if number == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line }
}

/// Reads a line as `format`, then, if the input is mixed, as the others; tells how often the line says it, and which
/// format it was.
fn parse<'a>(
    line: &'a [u8],
    format: Format,
    mixed: bool,
    options: &Options,
    event: &mut Event<'a>,
) -> Result<(u32, Format), UnreadReason> {
    let reason = match parse_as(line, format, options, event) {
        Ok(times) => return Ok((times, format)),
        Err(reason) => reason,
    };
    CHOICES
        .iter()
        .filter(|choice| mixed && **choice != format)
        .find_map(|choice| Some((parse_as(line, *choice, options, event).ok()?, *choice)))
        .ok_or(reason)
}

fn parse_as<'a>(
    line: &'a [u8],
    format: Format,
    options: &Options,
    event: &mut Event<'a>,
) -> Result<u32, UnreadReason> {
    match format {
        Format::Auto => Err(UnreadReason::UnknownFormat),
        Format::Access => access::read(line, options, event).map(|()| 1),
        Format::Eve => eve::read(line, options, event).map(|()| 1),
        Format::Syslog => syslog::read(line, options, event),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SSHD: &str = "Nov 22 14:02:11 web1 sshd[4]: Invalid user eve from 192.0.2.1 port 22";
    const ACCESS: &str = r#"192.0.2.1 - - [22/Nov/2026:14:02:11 +0000] "GET / HTTP/1.1" 200 1"#;
    const EVE: &str = r#"{"timestamp":"2026-11-22T14:02:11.5+0000","event_type":"flow"}"#;

    fn options() -> Options {
        Options::new(Timestamp::parse("2026-11-22T15:00:00Z").unwrap())
    }

    #[test]
    fn chooses_by_the_first_readable_line() {
        for (line, format) in [(SSHD, Format::Syslog), (ACCESS, Format::Access), (EVE, Format::Eve)] {
            let text = format!("\u{feff}\r\nwhat is this\n{line}\r\n{ACCESS}\n{EVE}\n{SSHD}\nand this");
            let mut reader = LogReader::new(text.as_bytes(), Format::Auto, options());
            let unknown = Unread { line: 2, reason: UnreadReason::UnknownFormat };
            assert_eq!(reader.read().unwrap().unwrap().unwrap_err(), unknown);
            assert_eq!(reader.format(), Format::Auto);
            for _ in 0..4 {
                assert!(reader.read().unwrap().unwrap().is_ok());
            }
            assert_eq!(reader.format(), format);
            assert_eq!(reader.read().unwrap().unwrap().unwrap_err().line, 7);
            assert!(reader.read().unwrap().is_none() && reader.read().unwrap().is_none());
            let summary = reader.summary();
            assert_eq!((summary.lines, summary.blank, summary.read, summary.total_unread()), (7, 1, 4, 2));
        }
    }

    #[test]
    fn a_named_format_reads_no_other() {
        let text = format!("{SSHD}\n{ACCESS}\n");
        let mut reader = LogReader::new(text.as_bytes(), Format::Access, options());
        assert_eq!(reader.read().unwrap().unwrap().unwrap_err().reason, UnreadReason::NotAccess);
        assert!(reader.read().unwrap().unwrap().is_ok());
    }

    #[test]
    fn repeats_what_was_repeated() {
        let text = "Nov 22 14:02:11 web1 sshd[4]: message repeated 3 times: [ Invalid user eve from 192.0.2.1 port 22]\nx\n";
        let mut reader = LogReader::new(text.as_bytes(), Format::Syslog, options());
        for _ in 0..3 {
            assert!(reader.read().unwrap().unwrap().is_ok());
            assert_eq!(reader.line(), 1);
        }
        assert_eq!(reader.read().unwrap().unwrap().unwrap_err().line, 2);
        assert_eq!((reader.summary().read, reader.summary().events), (1, 3));
    }
}
