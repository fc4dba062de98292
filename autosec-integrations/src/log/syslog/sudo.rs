use autosec_core::event::field;

use super::super::draft::{Draft, FAILURE, SUCCESS};
use super::super::scan::{cut_at, find};

/// Reads `ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/usr/bin/id`, also with a refusal before `TTY`.
pub(super) fn read<'a>(message: &'a [u8], draft: &mut Draft<'a, '_>) {
    let Some((user, rest)) = cut_at(message.trim_ascii_start(), b" : ") else { return };
    // The first one: where the command itself holds the mark, all of it is kept.
    let Some((details, command)) = cut_at(rest, b" ; COMMAND=") else { return };
    match refusal(details) {
        None => draft.authentication("sudo_command", SUCCESS, None),
        Some(reason) => draft.authentication("sudo_denied", FAILURE, Some(reason)),
    }
    draft.text(field::USER_NAME, user);
    draft.text(field::PROCESS_COMMAND_LINE, command);
    if let Some((directory, target)) = directory_and_target(details, command) {
        if let Some(directory) = directory {
            draft.text(field::PROCESS_WORKING_DIRECTORY, directory);
        }
        draft.text(field::USER_EFFECTIVE_NAME, target);
    }
}

/// Why sudo refused, if it did: then a sentence stands where a command has `TTY=` or another variable.
fn refusal(details: &[u8]) -> Option<&'static str> {
    let first = cut_at(details, b" ; ").map_or(details, |(first, _)| first);
    if [&b"TTY="[..], b"HOST=", b"CHROOT=", b"PWD=", b"USER="].iter().any(|name| first.starts_with(name)) {
        return None;
    }
    Some(match first {
        b"user NOT in sudoers" => "not_in_sudoers",
        b"user NOT authorized on host" => "not_authorized_on_host",
        b"command not allowed" => "command_not_allowed",
        b"a password is required" => "password_required",
        _ if find(first, b"incorrect password attempt").is_some() => "wrong_password",
        _ => "other",
    })
}

/// The working directory and the user the command runs as.
///
/// The name of a directory and the command may hold ` ; USER=…` or ` ; COMMAND=…`. Which part is true cannot be told
/// then, so neither is given; the command line holds all of it.
fn directory_and_target<'a>(details: &'a [u8], command: &[u8]) -> Option<(Option<&'a [u8]>, &'a [u8])> {
    const MARK: &[u8] = b" ; USER=";
    let (before, target) = cut_at(details, MARK)?;
    if find(target, MARK).is_some() || find(command, b" ; COMMAND=").is_some() {
        return None;
    }
    let directory = cut_at(before, b"PWD=").map(|(_, directory)| directory);
    Some((directory, cut_at(target, b" ; ").map_or(target, |(target, _)| target)))
}

#[cfg(test)]
mod tests {
    use autosec_core::event::{Event, FieldMask, Schema};
    use autosec_core::time::Timestamp;

    use super::*;

    fn event<'a>(message: &'a str, fields: &FieldMask) -> Event<'a> {
        let mut event = Event::new(Timestamp::EPOCH);
        let mut draft = Draft::new(&mut event, Timestamp::EPOCH, fields);
        read(message.as_bytes(), &mut draft);
        event
    }

    #[test]
    fn reads_every_message() {
        let fields = FieldMask::all(&Schema::ecs());
        for (message, action, reason, target, command) in [
            (
                "    ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/usr/bin/id",
                "sudo_command",
                "",
                "root",
                "/usr/bin/id",
            ),
            ("ann : PWD=/ ; USER=root ; GROUP=adm ; COMMAND=list", "sudo_command", "", "root", "list"),
            (
                "ann : TTY=pts/0 ; PWD=/ ; USER=www ; ENV=A=b ; COMMAND=/bin/echo a ; b",
                "sudo_command",
                "",
                "www",
                "/bin/echo a ; b",
            ),
            (
                "ann : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
                "sudo_denied",
                "wrong_password",
                "root",
                "/bin/sh",
            ),
            (
                "ann : 1 incorrect password attempt ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
                "sudo_denied",
                "wrong_password",
                "root",
                "/bin/sh",
            ),
            (
                "eve : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
                "sudo_denied",
                "not_in_sudoers",
                "root",
                "/bin/sh",
            ),
            (
                "eve : command not allowed ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
                "sudo_denied",
                "command_not_allowed",
                "root",
                "/bin/sh",
            ),
            (
                "eve : a new refusal ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
                "sudo_denied",
                "other",
                "root",
                "/bin/sh",
            ),
            ("ann : (command continued) and so on", "", "", "", ""),
            ("unable to resolve host web1", "", "", "", ""),
        ] {
            let event = event(message, &fields);
            let text = |field| event.text(field).unwrap_or_default();
            assert_eq!(text(field::EVENT_ACTION), action, "{message}");
            assert_eq!(text(field::EVENT_REASON), reason, "{message}");
            assert_eq!(text(field::USER_EFFECTIVE_NAME), target, "{message}");
            assert_eq!(text(field::PROCESS_COMMAND_LINE), command, "{message}");
        }
    }

    #[test]
    fn is_not_taken_in_by_directories_and_commands() {
        let fields = FieldMask::all(&Schema::ecs());
        for message in [
            "ann : TTY=pts/0 ; PWD=/tmp/ ; USER=eve ; COMMAND=/bin/true ; USER=root ; COMMAND=/bin/sh",
            "ann : TTY=pts/0 ; PWD=/tmp/ ; USER=eve ; USER=root ; COMMAND=/bin/sh",
        ] {
            let event = event(message, &fields);
            assert_eq!(event.text(field::USER_NAME), Some("ann"));
            assert_eq!(event.text(field::USER_EFFECTIVE_NAME), None);
            assert!(event.text(field::PROCESS_COMMAND_LINE).unwrap().ends_with("/bin/sh"));
        }
    }
}
