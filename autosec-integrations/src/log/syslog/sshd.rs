//! What sshd says, by how its messages begin.
//!
//! A user name is sent by the client before it has proved anything and may be `x from 192.0.2.1 port 1 ssh2`. sshd writes it
//! as it is. So an address is never read from behind the first ` from `: it is taken off the *end* of the message, where
//! sshd writes what it knows itself. Messages whose end is a stranger's choice too (a certificate's label, a reason that
//! repeats a name) give an address only if just one place looks like one. No address is better than a false one: a false one
//! would have an innocent blocked.

use autosec_core::event::field;
use memchr::memmem;

use super::super::draft::{Draft, FAILURE, SUCCESS};
use super::super::peer::Peer;
use super::super::scan::{cut_at, cut_at_last, cut_last, word};

/// A message behind the words that told its shape.
#[derive(Clone, Copy, Debug)]
struct Rest<'a> {
    text: &'a [u8],
    /// Whether sshd said that nobody had logged in yet.
    preauth: bool,
}

type Read = for<'a> fn(Rest<'a>, &mut Draft<'a, '_>);

/// How messages begin, the frequent ones first, and who reads what follows.
const SHAPES: &[(&[u8], Read)] = &[
    (b"Failed ", failed),
    (b"Invalid user ", invalid_user),
    (b"Connection closed by ", closed),
    (b"Disconnected from ", closed),
    (b"Received disconnect from ", |rest, draft| from_start(rest, draft, "ssh_disconnect_received", None)),
    (b"Accepted ", accepted),
    (b"Connection reset by ", closed),
    (b"Disconnecting ", disconnecting),
    (b"maximum authentication attempts exceeded for ", exceeded),
    (b"kex_exchange_identification: ", identification),
    (b"banner exchange: Connection from ", |rest, draft| protocol_error(rest, draft, "invalid_banner")),
    (b"Did not receive identification string from ", |rest, draft| {
        protocol_error(rest, draft, "no_identification")
    }),
    (b"Unable to negotiate with ", |rest, draft| protocol_error(rest, draft, "no_common_algorithm")),
    (b"Protocol major versions differ for ", |rest, draft| protocol_error(rest, draft, "protocol_version")),
    (b"Bad protocol version identification ", bad_identification),
    (b"ssh_dispatch_run_fatal: Connection from ", broken),
    (b"Timeout before authentication for ", timeout),
    (b"drop connection #", dropped),
    (b"Connection from ", |rest, draft| from_start(rest, draft, "ssh_connection", None)),
    (b"Postponed ", unfinished),
    (b"Partial ", unfinished),
    (b"User ", refused),
    (b"ROOT LOGIN REFUSED FROM ", root_refused),
    (b"PAM: ", pam),
];

/// Reads what sshd said; leaves what it does not know alone.
pub(super) fn read<'a>(message: &'a [u8], draft: &mut Draft<'a, '_>) {
    let text =
        message.strip_prefix(b"error: ").or_else(|| message.strip_prefix(b"fatal: ")).unwrap_or(message);
    let (text, preauth) = match text.strip_suffix(b" [preauth]") {
        Some(text) => (text, true),
        None => (text, false),
    };
    if let Some((rest, read)) =
        SHAPES.iter().find_map(|(start, read)| Some((text.strip_prefix(*start)?, read)))
    {
        read(Rest { text: rest, preauth }, draft);
    }
}

fn failed<'a>(rest: Rest<'a>, draft: &mut Draft<'a, '_>) {
    let Some((method, who)) = attempt(rest) else { return };
    let (who, valid) = match who.strip_prefix(b"invalid user ") {
        Some(who) => (who, false),
        None => (who, true),
    };
    let reason = match method {
        _ if !valid => "invalid_user",
        b"none" => "no_credentials",
        b"publickey" | b"hostbased" => "wrong_key",
        _ => "wrong_password",
    };
    // Clients ask with `none` which methods there are; their first real attempt follows.
    let action = if method == b"none" { "ssh_login_probe" } else { "ssh_login" };
    draft.authentication(action, FAILURE, Some(reason));
    login(who, draft);
}

fn accepted<'a>(rest: Rest<'a>, draft: &mut Draft<'a, '_>) {
    let Some((_, who)) = attempt(rest) else { return };
    draft.authentication("ssh_login", SUCCESS, None);
    login(who, draft);
}

fn unfinished<'a>(rest: Rest<'a>, draft: &mut Draft<'a, '_>) {
    let Some((_, who)) = attempt(rest) else { return };
    draft.authentication("ssh_login_unfinished", None, None);
    login(who.strip_prefix(b"invalid user ").unwrap_or(who), draft);
}

fn exceeded<'a>(rest: Rest<'a>, draft: &mut Draft<'a, '_>) {
    draft.authentication("ssh_max_attempts", FAILURE, Some("too_many_failures"));
    login(rest.text.strip_prefix(b"invalid user ").unwrap_or(rest.text), draft);
}

/// `X from A port P`, before OpenSSH 7.5 without the port.
fn invalid_user<'a>(rest: Rest<'a>, draft: &mut Draft<'a, '_>) {
    draft.authentication("ssh_invalid_user", FAILURE, Some("invalid_user"));
    user_from(rest.text, draft);
}

/// `[authenticating user |invalid user |user ][X ]A port P`.
fn closed<'a>(rest: Rest<'a>, draft: &mut Draft<'a, '_>) {
    let action = if rest.preauth { "ssh_preauth_close" } else { "ssh_disconnect" };
    let invalid = rest.text.starts_with(b"invalid user ").then_some("invalid_user");
    draft.authentication(action, None, invalid);
    match Peer::off_end(rest.text) {
        Some((who, peer)) => qualified(who, peer, draft),
        None => from_word(rest.text, draft),
    }
}

/// `[authenticating user |invalid user |user ][X ]A port P: why`. The reason may repeat user names, so where a name
/// imitates an address nothing is taken.
fn disconnecting<'a>(rest: Rest<'a>, draft: &mut Draft<'a, '_>) {
    let too_many = rest.text.ends_with(b": Too many authentication failures");
    draft.authentication("ssh_disconnect", None, too_many.then_some("too_many_failures"));
    if let Some((who, peer)) = only(rest.text, b": ") {
        qualified(who, peer, draft);
    }
}

/// `[authenticating user |invalid user |user ][X ]A port P: why`, where why is a fixed text.
fn broken<'a>(rest: Rest<'a>, draft: &mut Draft<'a, '_>) {
    draft.authentication("ssh_protocol_error", None, Some("broken_connection"));
    if let Some((who, peer)) = cut_at_last(rest.text, b": ").and_then(|(text, _)| Peer::off_end(text)) {
        qualified(who, peer, draft);
    }
}

fn protocol_error<'a>(rest: Rest<'a>, draft: &mut Draft<'a, '_>, reason: &'static str) {
    from_start(rest, draft, "ssh_protocol_error", Some(reason));
}

/// `Connection closed by remote host`, `client sent invalid protocol identifier "…"`: names nobody, the line about
/// the closed connection follows.
fn identification<'a>(rest: Rest<'a>, draft: &mut Draft<'a, '_>) {
    let invalid = rest.text.starts_with(b"client sent invalid");
    let reason = if invalid { "invalid_banner" } else { "no_identification" };
    draft.authentication("ssh_protocol_error", None, Some(reason));
}

/// `'GET / HTTP/1.1' from A port P`.
fn bad_identification<'a>(rest: Rest<'a>, draft: &mut Draft<'a, '_>) {
    draft.authentication("ssh_protocol_error", None, Some("invalid_banner"));
    if let Some((_, peer)) = Peer::off_end(rest.text) {
        peer.fill(draft);
    }
}

/// `A port P`, since OpenSSH 9.8 `connection from A to B, pid = N`.
fn timeout<'a>(rest: Rest<'a>, draft: &mut Draft<'a, '_>) {
    let text = rest.text.strip_prefix(b"connection from ").unwrap_or(rest.text);
    from_start(Rest { text, ..rest }, draft, "ssh_preauth_timeout", None);
}

/// `10 from [A]:P on [B]:22 past MaxStartups`.
fn dropped<'a>(rest: Rest<'a>, draft: &mut Draft<'a, '_>) {
    if let Some((_, text)) = cut_at(rest.text, b" from ") {
        from_start(Rest { text, ..rest }, draft, "ssh_connection_dropped", None);
    }
}

/// `X from A not allowed because …`, where the address may be missing.
fn refused<'a>(rest: Rest<'a>, draft: &mut Draft<'a, '_>) {
    if let Some((who, _)) = cut_at_last(rest.text, b" not allowed because ") {
        draft.authentication("ssh_user_refused", FAILURE, Some("not_allowed"));
        if !user_from(who, draft) {
            draft.text(field::USER_NAME, who);
        }
    }
}

fn root_refused<'a>(rest: Rest<'a>, draft: &mut Draft<'a, '_>) {
    from_start(rest, draft, "ssh_user_refused", Some("not_allowed"));
    draft.set(field::EVENT_OUTCOME, "failure");
    draft.set(field::USER_NAME, "root");
}

/// `Authentication failure for [illegal user ]X from A`.
fn pam<'a>(rest: Rest<'a>, draft: &mut Draft<'a, '_>) {
    if let Some((_, who)) = cut_at(rest.text, b" for ") {
        let (who, reason) = match who.strip_prefix(b"illegal user ") {
            Some(who) => (who, Some("invalid_user")),
            None => (who, None),
        };
        draft.authentication("pam_authentication", FAILURE, reason);
        user_from(who, draft);
    }
}

/// Takes `METHOD for ` off; no method holds a space.
fn attempt(rest: Rest<'_>) -> Option<(&[u8], &[u8])> {
    let (method, who) = word(rest.text);
    Some((method, who.strip_prefix(b"for ")?))
}

/// `X from A port P ssh2`, perhaps with `: ` and what the client showed.
///
/// The name X is a stranger's choice and may hold anything, so the address is read from the end. What the client
/// showed is `TYPE FINGERPRINT`, and that end is as good. Only the label in a certificate is a stranger's choice as
/// well: with that behind it, an address is taken where just one place looks like it.
fn login<'a>(who: &'a [u8], draft: &mut Draft<'a, '_>) {
    let found = match who.strip_suffix(b" ssh2") {
        Some(text) => Peer::off_end(text),
        None => before_key(who).or_else(|| only(who, b" ssh2: ")),
    };
    if let Some((user, peer)) = found
        && let Some(user) = user.strip_suffix(b" from")
    {
        draft.text(field::USER_NAME, user);
        peer.fill(draft);
    }
}

/// Reads up to ` ssh2: TYPE FINGERPRINT`, if the text ends so.
fn before_key(who: &[u8]) -> Option<(&[u8], Peer<'_>)> {
    let (rest, _fingerprint) = cut_last(who, b' ')?;
    let (rest, _kind) = cut_last(rest, b' ')?;
    Peer::off_end(rest.strip_suffix(b" ssh2:")?)
}

/// The one place where `A port P` stands before the mark; none if there are several.
fn only<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], Peer<'a>)> {
    let mut places = memmem::find_iter(text, mark).filter_map(|at| Peer::off_end(text.get(..at)?));
    let place = places.next()?;
    places.next().is_none().then_some(place)
}

/// `X from A port P` or `X from A`; false if it is neither.
fn user_from<'a>(text: &'a [u8], draft: &mut Draft<'a, '_>) -> bool {
    if let Some((who, peer)) = Peer::off_end(text)
        && let Some(user) = who.strip_suffix(b" from")
    {
        draft.text(field::USER_NAME, user);
        peer.fill(draft);
        return true;
    }
    let Some((user, host)) = cut_at_last(text, b" from ") else { return false };
    draft.text(field::USER_NAME, user);
    from_word(host, draft);
    true
}

fn qualified<'a>(who: &'a [u8], peer: Peer<'a>, draft: &mut Draft<'a, '_>) {
    peer.fill(draft);
    let user = [&b"authenticating user "[..], b"invalid user ", b"user "]
        .iter()
        .find_map(|kind| who.strip_prefix(*kind));
    if let Some(user) = user {
        draft.text(field::USER_NAME, user);
    }
}

fn from_start<'a>(
    rest: Rest<'a>,
    draft: &mut Draft<'a, '_>,
    action: &'static str,
    reason: Option<&'static str>,
) {
    draft.authentication(action, None, reason);
    if let Some((peer, _)) = Peer::off_start(rest.text) {
        peer.fill(draft);
    }
}

fn from_word<'a>(host: &'a [u8], draft: &mut Draft<'a, '_>) {
    if let Some(peer) = Peer::word(host) {
        peer.fill(draft);
    }
}

#[cfg(test)]
mod tests {
    use autosec_core::event::{Event, FieldMask, Schema};
    use autosec_core::time::Timestamp;

    use super::*;

    /// Message, action, outcome, reason, user, address.
    const MESSAGES: &[(&str, &str, &str, &str, &str, &str)] = &[
        (
            "Failed password for root from 192.0.2.1 port 22 ssh2",
            "ssh_login",
            "failure",
            "wrong_password",
            "root",
            "192.0.2.1",
        ),
        (
            "Failed password for invalid user eve from 2001:db8::1 port 22 ssh2",
            "ssh_login",
            "failure",
            "invalid_user",
            "eve",
            "2001:db8::1",
        ),
        (
            "Failed password for invalid user  from 192.0.2.1 port 22 ssh2",
            "ssh_login",
            "failure",
            "invalid_user",
            "",
            "192.0.2.1",
        ),
        (
            "Failed password for root from ::ffff:192.0.2.1 port 22 ssh2",
            "ssh_login",
            "failure",
            "wrong_password",
            "root",
            "192.0.2.1",
        ),
        (
            "Failed keyboard-interactive/pam for root from 192.0.2.1 port 22 ssh2",
            "ssh_login",
            "failure",
            "wrong_password",
            "root",
            "192.0.2.1",
        ),
        (
            "Failed publickey for ann from 192.0.2.1 port 22 ssh2: ED25519 SHA256:abc/d+e",
            "ssh_login",
            "failure",
            "wrong_key",
            "ann",
            "192.0.2.1",
        ),
        (
            "Failed none for invalid user eve from 192.0.2.1 port 22 ssh2",
            "ssh_login_probe",
            "failure",
            "invalid_user",
            "eve",
            "192.0.2.1",
        ),
        (
            "Failed password for root from UNKNOWN port 65535 ssh2",
            "ssh_login",
            "failure",
            "wrong_password",
            "root",
            "",
        ),
        (
            "Accepted password for ann from 192.0.2.1 port 22 ssh2",
            "ssh_login",
            "success",
            "",
            "ann",
            "192.0.2.1",
        ),
        (
            "Accepted publickey for ann from 192.0.2.1 port 22 ssh2: RSA SHA256:abc",
            "ssh_login",
            "success",
            "",
            "ann",
            "192.0.2.1",
        ),
        (
            "Accepted publickey for ann from 192.0.2.1 port 22 ssh2: ED25519-CERT SHA256:abc ID ann@site (serial 3) CA RSA SHA256:def",
            "ssh_login",
            "success",
            "",
            "ann",
            "192.0.2.1",
        ),
        ("Accepted key ED25519 SHA256:abc found at /home/ann/.ssh/authorized_keys:1", "", "", "", "", ""),
        (
            "Postponed keyboard-interactive for invalid user eve from 192.0.2.1 port 22 ssh2 [preauth]",
            "ssh_login_unfinished",
            "",
            "",
            "eve",
            "192.0.2.1",
        ),
        (
            "Partial publickey for ann from 192.0.2.1 port 22 ssh2: RSA SHA256:abc",
            "ssh_login_unfinished",
            "",
            "",
            "ann",
            "192.0.2.1",
        ),
        (
            "Invalid user eve from 192.0.2.1 port 22",
            "ssh_invalid_user",
            "failure",
            "invalid_user",
            "eve",
            "192.0.2.1",
        ),
        (
            "Invalid user  from 192.0.2.1 port 22",
            "ssh_invalid_user",
            "failure",
            "invalid_user",
            "",
            "192.0.2.1",
        ),
        (
            "Invalid user eve from 192.0.2.1",
            "ssh_invalid_user",
            "failure",
            "invalid_user",
            "eve",
            "192.0.2.1",
        ),
        (
            "Connection closed by authenticating user root 192.0.2.1 port 22 [preauth]",
            "ssh_preauth_close",
            "",
            "",
            "root",
            "192.0.2.1",
        ),
        (
            "Connection closed by invalid user eve 192.0.2.1 port 22 [preauth]",
            "ssh_preauth_close",
            "",
            "invalid_user",
            "eve",
            "192.0.2.1",
        ),
        (
            "Connection closed by invalid user  192.0.2.1 port 22 [preauth]",
            "ssh_preauth_close",
            "",
            "invalid_user",
            "",
            "192.0.2.1",
        ),
        ("Connection closed by 192.0.2.1 port 22", "ssh_disconnect", "", "", "-", "192.0.2.1"),
        ("Connection closed by 192.0.2.1 [preauth]", "ssh_preauth_close", "", "", "-", "192.0.2.1"),
        (
            "Connection reset by authenticating user root 192.0.2.1 port 22 [preauth]",
            "ssh_preauth_close",
            "",
            "",
            "root",
            "192.0.2.1",
        ),
        ("Disconnected from user ann 192.0.2.1 port 22", "ssh_disconnect", "", "", "ann", "192.0.2.1"),
        (
            "Disconnected from authenticating user root 192.0.2.1 port 22 [preauth]",
            "ssh_preauth_close",
            "",
            "",
            "root",
            "192.0.2.1",
        ),
        (
            "Received disconnect from 192.0.2.1 port 22:11: Bye Bye [preauth]",
            "ssh_disconnect_received",
            "",
            "",
            "-",
            "192.0.2.1",
        ),
        (
            "error: Received disconnect from 192.0.2.1 port 22:3: com.jcraft.jsch.JSchException: Auth fail [preauth]",
            "ssh_disconnect_received",
            "",
            "",
            "-",
            "192.0.2.1",
        ),
        (
            "Received disconnect from 192.0.2.1: 11: Bye [preauth]",
            "ssh_disconnect_received",
            "",
            "",
            "-",
            "192.0.2.1",
        ),
        (
            "Disconnecting authenticating user root 192.0.2.1 port 22: Too many authentication failures [preauth]",
            "ssh_disconnect",
            "",
            "too_many_failures",
            "root",
            "192.0.2.1",
        ),
        (
            "Disconnecting invalid user a 192.0.2.1 port 22: Change of username or service not allowed: (a,ssh-connection) -> (b,ssh-connection) [preauth]",
            "ssh_disconnect",
            "",
            "",
            "a",
            "192.0.2.1",
        ),
        (
            "error: maximum authentication attempts exceeded for invalid user eve from 192.0.2.1 port 22 ssh2 [preauth]",
            "ssh_max_attempts",
            "failure",
            "too_many_failures",
            "eve",
            "192.0.2.1",
        ),
        (
            "Did not receive identification string from 192.0.2.1 port 22",
            "ssh_protocol_error",
            "",
            "no_identification",
            "-",
            "192.0.2.1",
        ),
        (
            "Did not receive identification string from 192.0.2.1",
            "ssh_protocol_error",
            "",
            "no_identification",
            "-",
            "192.0.2.1",
        ),
        (
            "Unable to negotiate with 192.0.2.1 port 22: no matching key exchange method found. Their offer: x from 192.0.2.10 port 1 [preauth]",
            "ssh_protocol_error",
            "",
            "no_common_algorithm",
            "-",
            "192.0.2.1",
        ),
        (
            "banner exchange: Connection from 192.0.2.1 port 22: invalid format",
            "ssh_protocol_error",
            "",
            "invalid_banner",
            "-",
            "192.0.2.1",
        ),
        (
            "error: kex_exchange_identification: Connection closed by remote host",
            "ssh_protocol_error",
            "",
            "no_identification",
            "-",
            "",
        ),
        (
            "error: kex_exchange_identification: client sent invalid protocol identifier \"GET / HTTP/1.1\"",
            "ssh_protocol_error",
            "",
            "invalid_banner",
            "-",
            "",
        ),
        (
            "Bad protocol version identification 'GET / from 192.0.2.10 port 1' from 192.0.2.1 port 22",
            "ssh_protocol_error",
            "",
            "invalid_banner",
            "-",
            "192.0.2.1",
        ),
        (
            "Protocol major versions differ for 192.0.2.1 port 22: SSH-2.0-OpenSSH vs. SSH-1.5-x",
            "ssh_protocol_error",
            "",
            "protocol_version",
            "-",
            "192.0.2.1",
        ),
        (
            "ssh_dispatch_run_fatal: Connection from authenticating user root 192.0.2.1 port 22: Broken pipe [preauth]",
            "ssh_protocol_error",
            "",
            "broken_connection",
            "root",
            "192.0.2.1",
        ),
        (
            "ssh_dispatch_run_fatal: Connection from 192.0.2.1 port 22: message authentication code incorrect",
            "ssh_protocol_error",
            "",
            "broken_connection",
            "-",
            "192.0.2.1",
        ),
        (
            "fatal: Timeout before authentication for 192.0.2.1 port 22",
            "ssh_preauth_timeout",
            "",
            "",
            "-",
            "192.0.2.1",
        ),
        (
            "Timeout before authentication for connection from 192.0.2.1 to 192.0.2.9, pid = 7",
            "ssh_preauth_timeout",
            "",
            "",
            "-",
            "192.0.2.1",
        ),
        (
            "drop connection #10 from [2001:db8::1]:4711 on [2001:db8::9]:22 past MaxStartups",
            "ssh_connection_dropped",
            "",
            "",
            "-",
            "2001:db8::1",
        ),
        (
            "Connection from 192.0.2.1 port 4711 on 192.0.2.9 port 22 rdomain \"\"",
            "ssh_connection",
            "",
            "",
            "-",
            "192.0.2.1",
        ),
        (
            "User root from 192.0.2.1 not allowed because not listed in AllowUsers",
            "ssh_user_refused",
            "failure",
            "not_allowed",
            "root",
            "192.0.2.1",
        ),
        (
            "User root not allowed because account is locked",
            "ssh_user_refused",
            "failure",
            "not_allowed",
            "root",
            "",
        ),
        (
            "ROOT LOGIN REFUSED FROM 192.0.2.1 port 22 [preauth]",
            "ssh_user_refused",
            "failure",
            "not_allowed",
            "root",
            "192.0.2.1",
        ),
        (
            "error: PAM: Authentication failure for illegal user eve from 192.0.2.1",
            "pam_authentication",
            "failure",
            "invalid_user",
            "eve",
            "192.0.2.1",
        ),
        (
            "error: PAM: Authentication failure for root from 192.0.2.1",
            "pam_authentication",
            "failure",
            "",
            "root",
            "192.0.2.1",
        ),
        ("Server listening on 0.0.0.0 port 22.", "", "", "", "", ""),
        ("Received signal 15; terminating.", "", "", "", "", ""),
        ("", "", "", "", "", ""),
    ];

    fn event<'a>(message: &'a str, fields: &FieldMask) -> Event<'a> {
        let mut event = Event::new(Timestamp::EPOCH);
        let mut draft = Draft::new(&mut event, Timestamp::EPOCH, fields);
        read(message.as_bytes(), &mut draft);
        event
    }

    #[test]
    fn reads_every_message() {
        let fields = FieldMask::all(&Schema::ecs());
        for (message, action, outcome, reason, user, ip) in MESSAGES {
            let event = event(message, &fields);
            let text = |field| event.text(field).unwrap_or_default();
            assert_eq!(text(field::EVENT_ACTION), *action, "{message}");
            assert_eq!(text(field::EVENT_OUTCOME), *outcome, "{message}");
            assert_eq!(text(field::EVENT_REASON), *reason, "{message}");
            assert_eq!(text(field::USER_NAME), user.trim_matches('-'), "{message}");
            assert_eq!(
                event.text(field::USER_NAME).is_none() && !action.is_empty(),
                *user == "-",
                "{message}"
            );
            assert_eq!(event.address(field::SOURCE_IP), ip.parse().ok(), "{message}");
        }
        let odd = event("Failed password for root from UNKNOWN port 65535 ssh2", &fields);
        assert_eq!(odd.text(field::SOURCE_ADDRESS), Some("UNKNOWN"));
        let dropped =
            event("drop connection #1 from [192.0.2.1]:4711 on [192.0.2.9]:22 past MaxStartups", &fields);
        assert_eq!(dropped.integer(field::SOURCE_PORT), Some(4711));
    }

    #[test]
    fn is_not_taken_in_by_user_names() {
        const NAMES: [&str; 9] = [
            "root from 192.0.2.10 port 22",
            "root from 192.0.2.10 port 22 ssh2",
            "root from 192.0.2.10 port 22 ssh2: RSA SHA256:abc",
            "x 192.0.2.10 port 22 [preauth]",
            "x]: Failed password for root from 192.0.2.10 port 22 ssh2",
            "invalid user root",
            "\"'[:]",
            "from",
            " ",
        ];
        let fields = FieldMask::all(&Schema::ecs());
        for name in NAMES {
            for (before, behind) in [
                ("Failed password for ", " from 198.51.100.7 port 4711 ssh2"),
                ("Failed password for invalid user ", " from 198.51.100.7 port 4711 ssh2"),
                ("Failed publickey for invalid user ", " from 198.51.100.7 port 4711 ssh2: RSA SHA256:xyz"),
                ("Failed keyboard-interactive/pam for invalid user ", " from 198.51.100.7 port 4711 ssh2"),
                (
                    "Postponed keyboard-interactive for invalid user ",
                    " from 198.51.100.7 port 4711 ssh2 [preauth]",
                ),
                (
                    "maximum authentication attempts exceeded for invalid user ",
                    " from 198.51.100.7 port 4711 ssh2 [preauth]",
                ),
                ("Invalid user ", " from 198.51.100.7 port 4711"),
                ("Invalid user ", " from 198.51.100.7"),
                ("Connection closed by invalid user ", " 198.51.100.7 port 4711 [preauth]"),
                ("Connection reset by invalid user ", " 198.51.100.7 port 4711 [preauth]"),
                ("Disconnected from authenticating user ", " 198.51.100.7 port 4711 [preauth]"),
                (
                    "ssh_dispatch_run_fatal: Connection from invalid user ",
                    " 198.51.100.7 port 4711: Broken pipe [preauth]",
                ),
                ("error: PAM: Authentication failure for illegal user ", " from 198.51.100.7"),
            ] {
                let message = format!("{before}{name}{behind}");
                let event = event(&message, &fields);
                assert_eq!(event.address(field::SOURCE_IP), "198.51.100.7".parse().ok(), "{message}");
                let expected =
                    if before.ends_with("for ") { name.trim_start_matches("invalid user ") } else { name };
                assert_eq!(event.text(field::USER_NAME), Some(expected), "{message}");
            }
        }
    }

    #[test]
    fn takes_no_address_where_two_may_be_true() {
        let fields = FieldMask::all(&Schema::ecs());
        for message in [
            "Failed publickey for invalid user x from 192.0.2.1 port 1 ssh2: RSA-CERT SHA256:a ID y from 192.0.2.2 port 2 ssh2: z (serial 0) CA RSA SHA256:b",
            "Disconnecting invalid user x 192.0.2.1 port 1: y 192.0.2.2 port 2: Change of username or service not allowed: (x,s) -> (y,s) [preauth]",
        ] {
            let event = event(message, &fields);
            assert!(event.text(field::EVENT_ACTION).is_some());
            assert_eq!(event.address(field::SOURCE_IP), None, "{message}");
        }
        let label = "Failed publickey for invalid user x from 198.51.100.7 port 1 ssh2: RSA-CERT SHA256:a ID from 192.0.2.10 port 22 (serial 0) CA RSA SHA256:b";
        assert_eq!(event(label, &fields).address(field::SOURCE_IP), "198.51.100.7".parse().ok());
    }
}
