//! Logins over SSH.

use std::fmt::Write;

use super::{CLIENT, Case, assert_all, clock};

#[tokio::test]
async fn honest_logins_pass() {
    assert_all(
        [
            sshd(
                "four mistypes, then right",
                5,
                [times(4, |_| failed("ann")), vec![accepted("ann")]].concat(),
            ),
            sshd("an office of five, one mistype each", 20, office(1)),
            sshd("an office of five, two mistypes each", 20, office(2)),
            sshd(
                "an agent of five keys",
                1,
                [times(5, |n| refused_key("ann", n)), vec![accepted_key("ann")]].concat(),
            ),
            sshd(
                "an agent of five keys and a mistyped name",
                1,
                times(5, |n| refused_key("invalid user an", n)),
            ),
            sshd(
                "a build machine with a wrong key first",
                1,
                times(300, |n| match n % 3 {
                    0 | 1 => refused_key("ci", n),
                    _ => accepted_key("ci"),
                }),
            ),
            sshd("a build machine by key", 1, times(400, |_| accepted_key("ci"))),
        ],
        false,
    )
    .await;
}

#[tokio::test]
async fn honest_trouble_passes() {
    assert_all(
        [
            sshd(
                "a monitor that closes the port",
                20,
                times(90, |_| "Connection closed by @ [preauth]".to_owned()),
            ),
            sshd(
                "a monitor that says nothing",
                5,
                times(90, |_| "Did not receive identification string from @".to_owned()),
            ),
            sshd(
                "a health check of another protocol",
                10,
                times(60, |_| "banner exchange: Connection from @: invalid format".to_owned()),
            ),
            sshd(
                "a job whose key was revoked",
                30,
                times(60, |_| "Connection closed by authenticating user backup @ [preauth]".to_owned()),
            ),
            sshd(
                "a job whose user was taken off the list",
                60,
                times(120, |_| {
                    "User backup from @ not allowed because not listed in AllowUsers".replace('@', CLIENT)
                }),
            ),
            sshd(
                "an agent with too many keys, five times",
                30,
                times(5, |_| {
                    "error: maximum authentication attempts exceeded for ann from @ ssh2 [preauth]".to_owned()
                }),
            ),
            sshd(
                "a forgotten user name of a rented machine",
                10,
                ["admin", "ubuntu", "debian", "ec2-user", "centos"].iter().flat_map(|user| {
                    [
                        format!("Invalid user {user} from @"),
                        format!("Connection closed by invalid user {user} @ [preauth]"),
                    ]
                }),
            ),
            sshd("one mistyped name, three passwords", 5, times(3, |_| failed("invalid user amm"))),
        ],
        false,
    )
    .await;
}

#[tokio::test]
async fn attacks_on_ssh_are_blocked() {
    assert_all(
        [
            sshd("twelve passwords for one user", 18, times(12, |_| failed("ann"))),
            sshd("one password for many users", 30, times(10, |n| failed(&format!("user{n}")))),
            sshd("passwords for unknown users", 60, times(8, |n| failed(&format!("invalid user u{n}")))),
            sshd("sshd 9.8 and later", 3, times(10, |_| failed("root"))).map_process("sshd-session"),
            sshd("passwords, slowly", 600, times(40, |_| failed("root"))),
            sshd("unknown users, slowly", 900, times(30, |n| format!("Invalid user u{n} from @"))),
            sshd("keys only: unknown users", 3, times(60, |n| match n % 2 {
                0 => format!("Invalid user u{n} from @"),
                _ => format!("Connection closed by invalid user u{} @ [preauth]", n - 1),
            })),
            sshd("keys only: older sshd", 3, times(20, |n| format!("Connection closed by invalid user u{n} @ [preauth]"))),
            sshd("keys only: root again and again", 3, times(60, |_| "Connection closed by authenticating user root @ [preauth]".to_owned())),
            sshd("all attempts used up", 5, times(30, |_| "error: maximum authentication attempts exceeded for root from @ ssh2 [preauth]".to_owned())),
            sshd("a user who may not", 5, times(30, |_| "User root from @ not allowed because not listed in AllowUsers".replace('@', CLIENT))),
            sshd("PAM alone", 3, times(20, |_| format!("pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={CLIENT}  user=root"))),
            sshd("PAM alone, as sshd says it", 3, times(20, |_| format!("error: PAM: Authentication failure for root from {CLIENT}"))),
            sshd("PAM alone, unknown users", 3, times(20, |n| format!("error: PAM: Authentication error for illegal user x{n} from {CLIENT}"))),
            sshd("garbage instead of SSH", 1, times(30, |_| "banner exchange: Connection from @: invalid format".to_owned())),
            sshd("keys for many users", 10, times(20, |n| refused_key(&format!("user{n}"), n))),
            sshd("repeated by the syslog daemon", 1, [format!("message repeated 5 times: [ {}]", failed("root"))]),
        ],
        true,
    )
    .await;
}

/// Five users behind one address who mistype, then succeed.
fn office(mistypes: usize) -> Vec<String> {
    let user = |user: &&str| [times(mistypes, |_| failed(user)), vec![accepted(user)]].concat();
    ["ann", "bob", "carol", "dave", "eve"].iter().flat_map(user).collect()
}

/// What sshd says every `gap` seconds, with the client's address for `@`.
fn sshd(name: &'static str, gap: usize, messages: impl IntoIterator<Item = String>) -> Case {
    let mut log = String::new();
    for (n, message) in messages.into_iter().enumerate() {
        let message = message.replace('@', &format!("{CLIENT} port {}", 40_000 + n));
        writeln!(log, "Nov 12 {} web1 sshd[{}]: {message}", clock(n * gap), 100 + n).unwrap();
    }
    (name, log)
}

fn failed(user: &str) -> String {
    format!("Failed password for {user} from @ ssh2")
}

fn accepted(user: &str) -> String {
    format!("Accepted password for {user} from @ ssh2")
}

fn refused_key(user: &str, n: usize) -> String {
    format!("Failed publickey for {user} from @ ssh2: ED25519 SHA256:abc{n}")
}

fn accepted_key(user: &str) -> String {
    format!("Accepted publickey for {user} from @ ssh2: ED25519 SHA256:good")
}

/// The same message, so many times.
fn times(count: usize, message: impl Fn(usize) -> String) -> Vec<String> {
    (0..count).map(message).collect()
}

/// A case whose lines another process wrote.
trait Process {
    fn map_process(self, process: &str) -> Case;
}

impl Process for Case {
    fn map_process(self, process: &str) -> Case {
        (self.0, self.1.replace("sshd[", &format!("{process}[")))
    }
}
