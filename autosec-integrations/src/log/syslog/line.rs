use autosec_core::event::{Event, field};

use super::super::draft::Draft;
use super::super::options::Options;
use super::super::scan::{cut_at, number};
use super::super::unread::UnreadReason;
use super::header::Header;
use super::{pam, sshd, sudo};

/// The most events one `message repeated N times` line gives.
const MOST_REPEATS: i64 = 1000;

/// Reads one line of either kind of syslog into `event`; tells how often the line says it.
pub(in super::super) fn read<'a>(
    line: &'a [u8],
    options: &Options,
    event: &mut Event<'a>,
) -> Result<u32, UnreadReason> {
    let header = Header::read(line, options)?;
    let (message, times) = unrepeat(header.message);
    let mut draft = Draft::new(event, header.time, &options.fields);
    header.fill(&mut draft);
    draft.text(field::MESSAGE, message);
    interpret(header.process.unwrap_or_default(), message, &mut draft);
    Ok(times)
}

fn interpret<'a>(process: &[u8], message: &'a [u8], draft: &mut Draft<'a, '_>) {
    // PAM speaks under the name of the program that asked it.
    if message.starts_with(b"pam_") || message.starts_with(b"PAM ") {
        return pam::read(process, message, draft);
    }
    match process {
        // Since OpenSSH 9.8 connections are served by sshd-session, since 10.0 logins by sshd-auth.
        b"sshd" | b"sshd-session" | b"sshd-auth" => sshd::read(message, draft),
        b"sudo" => sudo::read(message, draft),
        _ => {}
    }
}

/// Takes `message repeated N times: [ … ]` apart.
fn unrepeat(message: &[u8]) -> (&[u8], u32) {
    read_repeat(message).unwrap_or((message, 1))
}

fn read_repeat(message: &[u8]) -> Option<(&[u8], u32)> {
    let rest = message.strip_prefix(b"message repeated ")?;
    let (times, inner) = cut_at(rest, b" times: [")?;
    // Bounded, because the number is only text of the line: one forged line must not give a billion events.
    let times = number(times)?.clamp(1, MOST_REPEATS);
    let inner = inner.strip_prefix(b" ").unwrap_or(inner);
    Some((inner.strip_suffix(b"]").unwrap_or(inner), u32::try_from(times).ok()?))
}

#[cfg(test)]
mod tests {
    use autosec_core::time::Timestamp;

    use super::*;

    struct Parsed<'a> {
        event: Event<'a>,
        times: u32,
    }

    fn parsed(line: &str) -> Parsed<'_> {
        let options = Options::new(Timestamp::parse("2026-11-23T00:00:00Z").unwrap());
        let mut event = Event::new(Timestamp::EPOCH);
        let times = read(line.as_bytes(), &options, &mut event).unwrap();
        Parsed { event, times }
    }

    #[test]
    fn unknown_messages_are_events_too() {
        let event = parsed("<38>Nov 22 14:02:11 web1 cron[9]: (ann) CMD (true)").event;
        assert_eq!(event.text(field::HOST_NAME), Some("web1"));
        assert_eq!(event.text(field::PROCESS_NAME), Some("cron"));
        assert_eq!(event.integer(field::PROCESS_PID), Some(9));
        assert_eq!(event.text(field::MESSAGE), Some("(ann) CMD (true)"));
        assert_eq!(event.integer(field::LOG_SYSLOG_FACILITY_CODE), Some(4));
        assert_eq!(event.integer(field::LOG_SYSLOG_SEVERITY_CODE), Some(6));
        assert_eq!(event.text(field::EVENT_ACTION), None);
    }

    #[test]
    fn counts_repeated_messages() {
        for (times, expected) in [("3", 3), ("0", 1), ("1000", 1000), ("99999999", 1000)] {
            let line = format!(
                "Nov 22 14:02:11 web1 sshd[4]: message repeated {times} times: [ Failed password for root from 192.0.2.1 port 22 ssh2]"
            );
            let parsed = parsed(&line);
            assert_eq!(parsed.times, expected);
            assert_eq!(
                parsed.event.text(field::MESSAGE),
                Some("Failed password for root from 192.0.2.1 port 22 ssh2")
            );
            assert_eq!(parsed.event.text(field::EVENT_ACTION), Some("ssh_login"));
        }
        assert_eq!(parsed("Nov 22 14:02:11 web1 sshd[4]: message repeated many times: [ x]").times, 1);
    }

    #[test]
    fn refuses_priorities_out_of_range() {
        let options = Options::new(Timestamp::EPOCH);
        for line in
            ["<192>Nov 22 14:02:11 web1 a: b", "<>Nov 22 14:02:11 web1 a: b", "<1Nov 22 14:02:11 web1 a: b"]
        {
            assert_eq!(
                read(line.as_bytes(), &options, &mut Event::new(Timestamp::EPOCH)).unwrap_err(),
                UnreadReason::NotSyslog,
                "{line}"
            );
        }
    }

    #[test]
    fn both_framings_agree() {
        let old = parsed("<86>Nov 22 14:02:11 web1 sshd[4]: Invalid user eve from 192.0.2.1 port 22").event;
        let new =
            parsed("<86>1 2026-11-22T14:02:11Z web1 sshd 4 - - Invalid user eve from 192.0.2.1 port 22")
                .event;
        assert_eq!(old.time(), new.time());
        assert!(old.fields().eq(new.fields()));
        assert_eq!(old.text(field::EVENT_ACTION), Some("ssh_invalid_user"));
    }

    #[test]
    fn fills_only_what_is_wanted() {
        let mut options = Options::new(Timestamp::EPOCH);
        options.fields = [field::SOURCE_IP].into_iter().collect();
        let line = b"Nov 22 14:02:11 web1 sshd[4]: Invalid user eve from 192.0.2.1 port 22";
        let mut event = Event::new(Timestamp::EPOCH);
        read(line, &options, &mut event).unwrap();
        assert_eq!(event.fields().map(|(id, _)| id).collect::<Vec<_>>(), [field::SOURCE_IP]);
        options.fields = autosec_core::event::FieldMask::default();
        read(line, &options, &mut event).unwrap();
        assert_eq!(event.fields().count(), 0);
    }
}
