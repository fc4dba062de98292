//! Readers of one line, for hosts that have lines already.

use autosec_core::event::Event;

use super::options::Options;
use super::unread::UnreadReason;

/// Reads a syslog line, RFC 3164 or RFC 5424, without its line feed. A line that says `message repeated N times`
/// gives that message once; [`repeats`] says how often it counts.
///
/// # Errors
/// The line has no syslog header, or one that is malformed, or is longer than `options.max_line`.
pub fn syslog<'a>(line: &'a [u8], options: &Options) -> Result<Event<'a>, UnreadReason> {
    let mut event = Event::new(options.reference);
    super::syslog::read(bounded(line, options)?, options, &mut event)?;
    Ok(event)
}

/// How often the event of a syslog line counts: 1 to 1,000, more than 1 for `message repeated N times`.
///
/// # Errors
/// As [`syslog`].
pub fn repeats(line: &[u8], options: &Options) -> Result<u32, UnreadReason> {
    super::syslog::read(bounded(line, options)?, options, &mut Event::new(options.reference))
}

/// Reads an access log line without its line feed.
///
/// # Errors
/// The line is no such line, has an impossible time, or is longer than `options.max_line`.
pub fn access<'a>(line: &'a [u8], options: &Options) -> Result<Event<'a>, UnreadReason> {
    let mut event = Event::new(options.reference);
    super::access::read(bounded(line, options)?, options, &mut event)?;
    Ok(event)
}

/// Reads an EVE record. Of a key that stands twice the last value counts.
///
/// # Errors
/// The line is no JSON object, has no readable `timestamp`, or is longer than `options.max_line`.
pub fn eve<'a>(line: &'a [u8], options: &Options) -> Result<Event<'a>, UnreadReason> {
    let mut event = Event::new(options.reference);
    super::eve::read(bounded(line, options)?, options, &mut event)?;
    Ok(event)
}

fn bounded<'a>(line: &'a [u8], options: &Options) -> Result<&'a [u8], UnreadReason> {
    if line.len() > options.max_line { Err(UnreadReason::TooLong) } else { Ok(line) }
}
