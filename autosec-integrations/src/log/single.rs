//! Readers of one line, for hosts that have lines already.

use autosec_core::event::Event;

use super::options::Options;
use super::unread::UnreadReason;

/// Reads a syslog line, RFC 3164 or RFC 5424, without its line feed. A line that says `message repeated N times`
/// gives that message once; [`repeats`] says how often it counts.
///
/// # Errors
/// The line has no syslog header, or one that is malformed, or is longer than `options.max_line`.
///
/// # Examples
/// ```
/// use autosec_core::event::field;
/// use autosec_core::time::Timestamp;
/// use autosec_integrations::log::{self, Options};
///
/// let options = Options::new(Timestamp::parse("2026-11-22T15:00:00Z")?);
/// let line = b"<38>1 2026-11-22T14:02:11Z web1 sshd 42 - - Failed password for invalid user x from 192.0.2.1 \
///     from 203.0.113.7 port 4711 ssh2";
/// let event = log::syslog(line, &options)?;
/// assert_eq!(event.text(field::EVENT_ACTION), Some("ssh_login"));
/// assert_eq!(event.text(field::EVENT_REASON), Some("invalid_user"));
/// assert_eq!(event.text(field::USER_NAME), Some("x from 192.0.2.1"), "all of it is the stranger's choice");
/// assert_eq!(event.address(field::SOURCE_IP), Some("203.0.113.7".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn syslog<'a>(line: &'a [u8], options: &Options) -> Result<Event<'a>, UnreadReason> {
    let mut event = Event::new(options.reference);
    super::syslog::read(bounded(line, options)?, options, &mut event)?;
    Ok(event)
}

/// How often the event of a syslog line counts: 1 to 1,000, more than 1 for `message repeated N times`.
///
/// # Errors
/// As [`syslog`].
///
/// # Examples
/// ```
/// use autosec_core::time::Timestamp;
/// use autosec_integrations::log::{self, Options};
///
/// let options = Options::new(Timestamp::parse("2026-11-22T15:00:00Z")?);
/// let line = b"Nov 22 14:02:11 web1 sshd[42]: message repeated 3 times: [ Failed password for eve from 192.0.2.7 port 9]";
/// assert_eq!(log::repeats(line, &options)?, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn repeats(line: &[u8], options: &Options) -> Result<u32, UnreadReason> {
    super::syslog::read(bounded(line, options)?, options, &mut Event::new(options.reference))
}

/// Reads an access log line without its line feed.
///
/// # Errors
/// The line is no such line, has an impossible time, or is longer than `options.max_line`.
///
/// # Examples
/// ```
/// use autosec_core::event::field;
/// use autosec_core::time::Timestamp;
/// use autosec_integrations::log::{self, Options};
///
/// let options = Options::new(Timestamp::EPOCH);
/// let line = br#"203.0.113.7 - - [22/Nov/2026:14:02:11 +0100] "GET /a%2f..%2fb?q=1+2 HTTP/1.1" 404 162 "-" "curl/8.5""#;
/// let event = log::access(line, &options)?;
/// assert_eq!(event.text(field::URL_PATH), Some("/a/../b"), "decoded once");
/// assert_eq!(event.text(field::URL_QUERY), Some("q=1 2"));
/// assert_eq!(event.text(field::URL_ORIGINAL), Some("/a%2f..%2fb?q=1+2"));
/// assert_eq!(event.integer(field::HTTP_RESPONSE_STATUS_CODE), Some(404));
/// assert_eq!(event.time().to_string(), "2026-11-22T13:02:11Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn access<'a>(line: &'a [u8], options: &Options) -> Result<Event<'a>, UnreadReason> {
    let mut event = Event::new(options.reference);
    super::access::read(bounded(line, options)?, options, &mut event)?;
    Ok(event)
}

/// Reads an EVE record. Of a key that stands twice the last value counts.
///
/// # Errors
/// The line is no JSON object, has no readable `timestamp`, or is longer than `options.max_line`.
///
/// # Examples
/// ```
/// use autosec_core::event::field;
/// use autosec_core::time::Timestamp;
/// use autosec_integrations::log::{self, Options};
///
/// let line = br#"{"timestamp":"2026-11-22T14:02:11.123456+0000","event_type":"alert","src_ip":"203.0.113.7",
///     "src_port":4711,"dest_ip":"192.0.2.10","dest_port":80,"proto":"TCP",
///     "alert":{"action":"blocked","signature_id":2024364,"signature":"ET SCAN","severity":1}}"#;
/// let event = log::eve(line, &Options::new(Timestamp::EPOCH))?;
/// assert_eq!(event.text(field::EVENT_ACTION), Some("ids_alert"));
/// assert_eq!(event.text(field::RULE_ID), Some("2024364"));
/// assert_eq!(event.text(field::EVENT_TYPE), Some("denied"));
/// assert_eq!(event.integer(field::EVENT_SEVERITY), Some(1), "the engine's own scale: 1 is the worst");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn eve<'a>(line: &'a [u8], options: &Options) -> Result<Event<'a>, UnreadReason> {
    let mut event = Event::new(options.reference);
    super::eve::read(bounded(line, options)?, options, &mut event)?;
    Ok(event)
}

fn bounded<'a>(line: &'a [u8], options: &Options) -> Result<&'a [u8], UnreadReason> {
    if line.len() > options.max_line { Err(UnreadReason::TooLong) } else { Ok(line) }
}
