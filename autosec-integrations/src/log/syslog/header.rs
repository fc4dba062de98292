use autosec_core::event::field;
use autosec_core::time::Timestamp;

use super::super::draft::Draft;
use super::super::options::Options;
use super::super::scan::{digits, number};
use super::super::unread::UnreadReason;
use super::{rfc3164, rfc5424};

/// What stands around a syslog message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header<'a> {
    pub(super) time: Timestamp,
    pub(super) priority: Option<i64>,
    pub(super) host: Option<&'a [u8]>,
    pub(super) process: Option<&'a [u8]>,
    /// The process id as written, a number or not.
    pub(super) process_id: Option<&'a [u8]>,
    pub(super) message_id: Option<&'a [u8]>,
    pub(super) message: &'a [u8],
}

impl<'a> Header<'a> {
    /// Reads either kind of header: RFC 5424 says its version after the priority.
    pub(super) fn read(line: &'a [u8], options: &Options) -> Result<Self, UnreadReason> {
        let (priority, rest) = read_priority(line)?;
        let header = match rest {
            [b'1', b' ', rest @ ..] => rfc5424::read(rest, options)?,
            _ => rfc3164::read(rest, options)?,
        };
        Ok(Self { priority, ..header })
    }

    pub(super) fn fill(&self, draft: &mut Draft<'a, '_>) {
        for (field, text) in [
            (field::HOST_NAME, self.host),
            (field::PROCESS_NAME, self.process),
            (field::LOG_SYSLOG_MSGID, self.message_id),
        ] {
            if let Some(text) = text {
                draft.text(field, text);
            }
        }
        if let Some(id) = self.process_id {
            match number(id) {
                Some(pid) => draft.set(field::PROCESS_PID, pid),
                None => draft.text(field::LOG_SYSLOG_PROCID, id),
            }
        }
        if let Some(priority) = self.priority {
            draft.set(field::LOG_SYSLOG_FACILITY_CODE, priority / 8);
            draft.set(field::LOG_SYSLOG_SEVERITY_CODE, priority % 8);
        }
    }
}

/// Reads `<PRI>`, 0 to 191, if there is one.
fn read_priority(line: &[u8]) -> Result<(Option<i64>, &[u8]), UnreadReason> {
    let Some(rest) = line.strip_prefix(b"<") else { return Ok((None, line)) };
    let (priority, rest) = digits(rest);
    let priority = number(priority).filter(|priority| *priority <= 191).ok_or(UnreadReason::NotSyslog)?;
    let rest = rest.strip_prefix(b">").ok_or(UnreadReason::NotSyslog)?;
    Ok((Some(priority), rest))
}
