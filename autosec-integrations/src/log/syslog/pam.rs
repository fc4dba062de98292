use autosec_core::event::field;

use super::super::draft::{Draft, FAILURE, SUCCESS};
use super::super::peer::Peer;
use super::super::scan::{cut, cut_at, cut_at_last, find, word};

/// Reads `pam_unix(sshd:auth): …` and `PAM 2 more authentication failures; …`.
pub(super) fn read<'a>(process: &[u8], message: &'a [u8], draft: &mut Draft<'a, '_>) {
    if let Some(rest) = message.strip_prefix(b"PAM ") {
        if let Some((_, details)) = cut_at(rest, b" more authentication failure") {
            draft.authentication("pam_more_failures", FAILURE, None);
            read_details(process, details, draft);
        }
        return;
    }
    let Some((module, text)) = cut_at(message, b"): ") else { return };
    let Some((_, service)) = cut(module, b'(') else { return };
    let service = cut(service, b':').map_or(service, |(service, _)| service);
    if let Some(details) = text.strip_prefix(b"authentication failure;") {
        draft.authentication("pam_authentication", FAILURE, None);
        read_details(service, details, draft);
    } else if let Some(details) = text.strip_prefix(b"authentication success;") {
        draft.authentication("pam_authentication", SUCCESS, None);
        read_details(service, details, draft);
    } else if text.starts_with(b"check pass; user unknown") {
        draft.authentication("pam_user_unknown", FAILURE, Some("invalid_user"));
    } else if let Some(rest) = text.strip_prefix(b"session opened for user ") {
        draft.authentication("session_opened", SUCCESS, None);
        let (user, by) = cut_at_last(rest, b" by ").unwrap_or((rest, &[]));
        set_user(without_id(user), draft);
        if let by @ [_, ..] = without_id(by) {
            draft.text(field::SOURCE_USER_NAME, by);
        }
    } else if let Some(user) = text.strip_prefix(b"session closed for user ") {
        draft.authentication("session_closed", None, None);
        set_user(without_id(user), draft);
    }
}

/// Reads `logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root`.
///
/// Some programs put the name that a stranger gave them into `ruser`, which stands before the address, and `user`
/// stands behind it. sshd leaves `ruser` empty, so there the first `rhost` is the true one; elsewhere an address
/// counts only where it is the only one.
fn read_details<'a>(service: &[u8], details: &'a [u8], draft: &mut Draft<'a, '_>) {
    const MARK: &[u8] = b" rhost=";
    let Some((_, rest)) = cut_at(details, MARK) else { return };
    if find(rest, MARK).is_some() && !service.starts_with(b"sshd") {
        return;
    }
    let (host, rest) = word(rest);
    if let Some(peer) = Peer::word(host) {
        peer.fill(draft);
    }
    if let Some(user) = rest.trim_ascii_start().strip_prefix(b"user=") {
        set_user(user, draft);
    }
}

fn set_user<'a>(user: &'a [u8], draft: &mut Draft<'a, '_>) {
    draft.text(field::USER_NAME, user);
}

/// The name without the `(uid=0)` behind it.
fn without_id(user: &[u8]) -> &[u8] {
    cut_at_last(user, b"(uid=").map_or(user, |(user, _)| user)
}

#[cfg(test)]
mod tests {
    use autosec_core::event::{Event, FieldMask, Schema};
    use autosec_core::time::Timestamp;

    use super::*;

    fn event<'a>(process: &str, message: &'a str, fields: &FieldMask) -> Event<'a> {
        let mut event = Event::new(Timestamp::EPOCH);
        let mut draft = Draft::new(&mut event, Timestamp::EPOCH, fields);
        read(process.as_bytes(), message.as_bytes(), &mut draft);
        event
    }

    #[test]
    fn reads_every_message() {
        let fields = FieldMask::all(&Schema::ecs());
        for (message, action, outcome, user, ip) in [
            (
                "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root",
                "pam_authentication",
                "failure",
                "root",
                "192.0.2.7",
            ),
            (
                "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=2001:db8::7 ",
                "pam_authentication",
                "failure",
                "",
                "2001:db8::7",
            ),
            (
                "pam_sss(sshd:auth): authentication success; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7 user=ann",
                "pam_authentication",
                "success",
                "ann",
                "192.0.2.7",
            ),
            (
                "pam_unix(sudo:auth): authentication failure; logname=ann uid=1000 euid=0 tty=/dev/pts/0 ruser=ann rhost=  user=ann",
                "pam_authentication",
                "failure",
                "ann",
                "",
            ),
            (
                "PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root",
                "pam_more_failures",
                "failure",
                "root",
                "192.0.2.7",
            ),
            (
                "PAM 1 more authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7 ",
                "pam_more_failures",
                "failure",
                "",
                "192.0.2.7",
            ),
            ("pam_unix(sshd:auth): check pass; user unknown", "pam_user_unknown", "failure", "", ""),
            (
                "pam_unix(sshd:session): session opened for user ann(uid=1000) by (uid=0)",
                "session_opened",
                "success",
                "ann",
                "",
            ),
            (
                "pam_unix(sshd:session): session opened for user ann by (uid=0)",
                "session_opened",
                "success",
                "ann",
                "",
            ),
            ("pam_unix(sshd:session): session closed for user ann", "session_closed", "", "ann", ""),
            ("pam_env(sshd:session): deprecated", "", "", "", ""),
            ("PAM service(sshd) ignoring max retries; 6 > 3", "", "", "", ""),
            ("pam_", "", "", "", ""),
        ] {
            let event = event("sshd", message, &fields);
            let text = |field| event.text(field).unwrap_or_default();
            assert_eq!(text(field::EVENT_ACTION), action, "{message}");
            assert_eq!(text(field::EVENT_OUTCOME), outcome, "{message}");
            assert_eq!(text(field::USER_NAME), user, "{message}");
            assert_eq!(event.address(field::SOURCE_IP), ip.parse().ok(), "{message}");
        }
        let sudo = event(
            "sudo",
            "pam_unix(sudo:session): session opened for user root(uid=0) by ann(uid=1000)",
            &fields,
        );
        assert_eq!(
            (sudo.text(field::USER_NAME), sudo.text(field::SOURCE_USER_NAME)),
            (Some("root"), Some("ann"))
        );
    }

    #[test]
    fn is_not_taken_in_by_names() {
        let fields = FieldMask::all(&Schema::ecs());
        let ssh = "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=198.51.100.7  user=x rhost=192.0.2.10";
        assert_eq!(event("sshd", ssh, &fields).address(field::SOURCE_IP), "198.51.100.7".parse().ok());
        let ftp = "pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser= rhost=192.0.2.10 rhost=198.51.100.7";
        assert_eq!(event("vsftpd", ftp, &fields).address(field::SOURCE_IP), None);
    }
}
