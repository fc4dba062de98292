//! Readers of logs: bytes in, events with ECS fields out, a line at a time.
//!
//! [`LogReader`] reads a whole input; [`syslog`], [`access`] and [`eve`] read a single line. Values borrow from the
//! line, only wanted fields are filled, no byte sequence panics. What can't be read is told with its line number and
//! reason ([`Unread`]), and only an error of the input ends reading.
//!
//! # What is counted
//! A login attempt is one event of action `ssh_login`, whatever else sshd and PAM say about it: count those, with
//! `event.outcome` `failure`. All of the table have the category `authentication`.
//!
//! | message | `event.action` | `event.outcome` | `event.reason` |
//! |---|---|---|---|
//! | sshd `Failed METHOD for X from A port P ssh2` | `ssh_login` | `failure` | `wrong_password`, `wrong_key` |
//! | … `for invalid user X` | `ssh_login` | `failure` | `invalid_user` |
//! | `Failed none for …`, with which clients ask for the methods there are | `ssh_login_probe` | `failure` | `invalid_user`, `no_credentials` |
//! | `Accepted METHOD for …` | `ssh_login` | `success` | |
//! | `Postponed …`, `Partial …` | `ssh_login_unfinished` | | |
//! | `Invalid user X from A port P` | `ssh_invalid_user` | `failure` | `invalid_user` |
//! | `maximum authentication attempts exceeded for …` | `ssh_max_attempts` | `failure` | `too_many_failures` |
//! | `User X … not allowed because …`, `ROOT LOGIN REFUSED …` | `ssh_user_refused` | `failure` | `not_allowed` |
//! | `Connection closed by`, `Connection reset by`, `Disconnected from`, with `[preauth]` | `ssh_preauth_close` | | `invalid_user` |
//! | the same without | `ssh_disconnect` | | `invalid_user` |
//! | `Disconnecting …: why` | `ssh_disconnect` | | `too_many_failures` |
//! | `Received disconnect from …` (a `Disconnected from` follows) | `ssh_disconnect_received` | | |
//! | `Timeout before authentication for …` | `ssh_preauth_timeout` | | |
//! | `drop connection #…` | `ssh_connection_dropped` | | |
//! | `Connection from …` | `ssh_connection` | | |
//! | `Did not receive identification string from …`, `kex_exchange_identification: …` | `ssh_protocol_error` | | `no_identification` |
//! | `banner exchange: …`, `Bad protocol version identification …`, `client sent invalid protocol identifier` | `ssh_protocol_error` | | `invalid_banner` |
//! | `Unable to negotiate with …` | `ssh_protocol_error` | | `no_common_algorithm` |
//! | `Protocol major versions differ for …` | `ssh_protocol_error` | | `protocol_version` |
//! | `ssh_dispatch_run_fatal: …` | `ssh_protocol_error` | | `broken_connection` |
//! | PAM `authentication failure; …`, `PAM: … for X from A` | `pam_authentication` | `failure` | `invalid_user` |
//! | `authentication success; …` | `pam_authentication` | `success` | |
//! | `PAM N more authentication failures; …` | `pam_more_failures` | `failure` | |
//! | `check pass; user unknown` | `pam_user_unknown` | `failure` | `invalid_user` |
//! | `session opened for user X by Y` (Y is `source.user.name`) | `session_opened` | `success` | |
//! | `session closed for user X` | `session_closed` | | |
//! | sudo `X : TTY=… ; PWD=… ; USER=… ; COMMAND=…` | `sudo_command` | `success` | |
//! | sudo `X : WHY ; TTY=… ; …` | `sudo_denied` | `failure` | `wrong_password`, `not_in_sudoers`, `not_authorized_on_host`, `command_not_allowed`, `password_required`, `other` |
//! | anything else | | | |
//!
//! `message repeated N times: [ … ]` is its inner message, N times (at most 1,000). Access log lines are
//! `http_request` of category `web`, a failure from status 400 up. EVE records are `ids_alert`
//! (`intrusion_detection`), `http_request` (`web`), `network_flow`, `dns_query`, `tls_handshake` or what their
//! `event_type` says (`network`); the state of a flow is `event.code`, its reason `event.reason`.
//!
//! # Who wrote it
//! User names, paths, user agents and the like are a stranger's choice and may imitate the text around them. So sshd
//! messages are read from their end, access log lines by quotes that servers escape, and where two places may be
//! the true address none is taken.
//!
//! # Which function
//! [`LogReader`] for files, pipes and sockets: it splits lines, detects the format, unfolds repeated messages and keeps
//! [counts](Summary). The single-line functions for hosts whose lines come one by one from elsewhere (a journal, a queue).
//! Lines that fit neither go through [`JsonReader`](autosec_core::event::JsonReader) or are made into events by hand.
//!
//! # Time
//! The time is the line's own. Syslog of the old kind (RFC 3164) has neither year nor zone; both come from [`Options`],
//! never from the wall clock or from the machine's time zone, so that a file read twice gives the same events twice.
//!
//! # Limits
//! A line longer than [`Options::max_line`] is [unread](UnreadReason::TooLong), at the cost of stepping over it. One line
//! gives at most 1,000 events. Memory is one line, whatever the input.
//!
//! # Which fields are filled
//! `source.ip` holds what is an address, `source.address` what is a host name instead. A field is absent where the line says
//! nothing.
//!
//! | lines | fields |
//! |---|---|
//! | all syslog | `host.name`, `process.name`, `process.pid` (or `log.syslog.procid`), `message`, `log.syslog.msgid`, `log.syslog.facility.code`, `log.syslog.severity.code` |
//! | sshd | `event.category`, `.action`, `.outcome`, `.reason`, `user.name`, `source.ip`, `source.port` |
//! | PAM | the same, and `source.user.name` |
//! | sudo | `user.name`, `user.effective.name` (as whom), `process.command_line`, `process.working_directory` |
//! | access logs | `source.ip`, `user.name`, `http.request.method`, `http.version`, `http.request.referrer`, `http.response.status_code`, `http.response.body.bytes`, `url.original`, `url.path` and `url.query` (decoded once), `url.domain`, `user_agent.original`; `message` where the request is none |
//! | EVE, all | `source.ip`, `source.port`, `destination.ip`, `destination.port`, `network.transport`, `network.protocol`, `network.community_id`, `observer.name`, `observer.ingress.interface.name` |
//! | EVE alerts | `rule.id`, `rule.name`, `rule.category`, `rule.version`, `event.severity`, `event.type` (`denied`, `allowed`) |
//! | EVE flows | `source.bytes`, `source.packets`, `destination.bytes`, `destination.packets` |
//! | EVE HTTP | as access logs, and `http.response.mime_type` |
//! | EVE DNS | `dns.question.name`, `dns.question.type`, `dns.response_code`, `dns.type` |
//! | EVE TLS | `tls.version`, `tls.client.server_name`, `tls.client.ja3`, `tls.server.ja3s`, `tls.server.subject`, `tls.server.issuer` |

mod access;
mod draft;
mod eve;
mod line;
mod moment;
mod options;
mod peer;
mod percent;
mod reader;
mod scan;
mod single;
mod syslog;
mod unread;

pub use options::Options;
pub use reader::{Format, LogReader, Summary};
pub use single::{access, eve, repeats, syslog};
pub use unread::{Unread, UnreadReason};
