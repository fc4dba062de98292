use autosec_core::event::{FieldMask, Schema};
use autosec_core::time::Timestamp;

/// How lines are read.
///
/// ```
/// use autosec_core::event::field;
/// use autosec_core::time::Timestamp;
/// use autosec_integrations::log::{self, Options};
///
/// let line = b"Dec 31 23:59:58 web1 sshd[42]: Accepted publickey for ann from 192.0.2.7 port 4711 ssh2";
/// let new_year = Timestamp::parse("2027-01-01T00:10:00Z")?;
/// let options = Options { utc_offset: 3600, ..Options::new(new_year) };
/// let event = log::syslog(line, &options)?;
/// assert_eq!(event.time().to_string(), "2026-12-31T22:59:58Z", "last year, an hour east of Greenwich");
///
/// let only_user = Options { fields: [field::USER_NAME].into_iter().collect(), ..options };
/// assert_eq!(log::syslog(line, &only_user)?.fields().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    /// About when the lines were written or received. It gives RFC 3164 times their year and RFC 5424 lines
    /// with a nil time their time; the wall clock is never asked, so reading a file twice gives the same events.
    pub reference: Timestamp,
    /// Offset from UTC, in seconds east, of times that name none (RFC 3164). One offset for the whole input: where
    /// daylight saving time changes it in between, times on the other side of the change are off by an hour.
    pub utc_offset: i32,
    /// The longest line that is read, in bytes without its line feed. Longer ones are unread, at a bounded cost.
    pub max_line: usize,
    /// The fields that are filled; a field nobody wants costs no more than stepping over it. May be empty.
    pub fields: FieldMask,
}

impl Options {
    /// The default of `max_line`: 64 KiB. What syslog daemons pass on by default is 8 KiB, web servers' request
    /// lines are at most 8 KiB to 32 KiB, while EVE records with payloads grow beyond 32 KiB.
    pub const MAX_LINE: usize = 64 * 1024;

    /// Every field, UTC, lines of at most 64 KiB.
    pub fn new(reference: Timestamp) -> Self {
        Self { reference, utc_offset: 0, max_line: Self::MAX_LINE, fields: FieldMask::all(&Schema::ecs()) }
    }
}
