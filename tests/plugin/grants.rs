//! What a plugin asks for against what it is given; programs, sessions, values and the log.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use autosec_core::observe::{Observer, Record};
use autosec_core::time::{ManualClock, Timestamp};
use autosec_integrations::plugin::gate::{Gate, GateBuilder};
use autosec_integrations::plugin::interface::{Command, Context, KvError, Level, Services, TransportError};
use autosec_integrations::plugin::manifest::{
    Capabilities, CapabilityError, Excess, Grant, Limits, Manifest,
};
use autosec_integrations::transport::{LocalCommands, Shell, Terminal};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, duplex};

/// A manifest that asks for this.
pub fn manifest(asks: &str) -> Manifest {
    let head = format!(
        "[plugin]\nid = \"fence\"\nversion = \"1.2.0\"\napi = \"autosec:firewall@0.1\"\nkind = \"wasm\"\n\
         file = \"fence.wasm\"\nsha256 = \"{}\"\n",
        "0".repeat(64)
    );
    Manifest::parse("plugin.toml", &format!("{head}{asks}")).unwrap_or_else(|wrong| panic!("{wrong}"))
}

pub fn grant(text: &str) -> Grant {
    Grant::parse("grant.toml", text).unwrap_or_else(|wrong| panic!("{wrong}"))
}

/// What was told, as text.
#[derive(Clone, Debug, Default)]
pub struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Observer for Told {
    fn note(&self, _at: Timestamp, record: &Record<'_>) {
        let text = match record {
            Record::Denied { plugin, asked, why } => format!("{plugin} denied {asked}: {why}"),
            Record::Logged { plugin, level, text } => format!("{plugin} {level} {text}"),
            other => format!("{other:?}"),
        };
        self.0.lock().unwrap().push(text);
    }
}

fn beyond(asks: &str, granted: &str, config: &Value) -> Vec<String> {
    match Capabilities::new(&manifest(asks), &[&grant(granted)], config, Excess::Refuse) {
        Err(CapabilityError::Excess { plugin, asked }) => {
            assert_eq!(plugin, "fence");
            asked
        }
        Err(other) => panic!("{other}"),
        Ok(_) => Vec::new(),
    }
}

const ASKS: &str = r#"
[limits]
memory = "16MiB"
http_calls = 3000

[[http]]
host = "{config.host}"
port = 8443
methods = ["GET", "DELETE"]
paths = ["/api/*", "/login"]
secrets = ["key"]

[[exec]]
program = "/usr/sbin/nft"
args = ["add", "element", "inet", "{config.table}", "{name}", "{cidr}"]

[[session]]
name = "edge"
lines = ["object network {name}", "host {ip}"]

[[secret]]
name = "key"
use = "header:x-key"
"#;

#[test]
fn a_manifest_that_asks_for_more_than_it_was_granted_is_refused_with_the_list() {
    let config = json!({ "host": "FW.example", "table": "autosec" });
    assert_eq!(
        beyond(ASKS, "", &config),
        [
            "`/usr/sbin/nft add element inet autosec {name} {cidr}`",
            "`DELETE https://fw.example:8443/api/*`",
            "`DELETE https://fw.example:8443/login`",
            "`GET https://fw.example:8443/api/*`",
            "`GET https://fw.example:8443/login`",
            "`host {ip}` in session `edge`",
            "`limits.http_calls` 3000, granted 2000",
            "`object network {name}` in session `edge`",
            "the secret `key`",
        ]
    );
    let enough = r#"
[limits]
http_calls = 3000
[[http]]
host = "*.example"
port = 8443
methods = ["GET"]
paths = ["/**"]
secrets = ["key"]
[[http]]
host = "{config.host}"
port = 8443
methods = ["DELETE"]
paths = ["/api/**", "/login"]
secrets = ["key"]
[[exec]]
program = "/usr/sbin/nft"
args = ["add", "element", "inet", "autosec", "{name}", "{cidr}"]
[[session]]
name = "edge"
lines = ["object network {name}", "host {cidr}"]
[[secret]]
name = "key"
use = "header:x-key"
"#;
    assert_eq!(beyond(ASKS, enough, &config), Vec::<String>::new());
    for (part, other, too_much) in [
        (r#"host = "*.example""#, r#"host = "*.sample""#, "`GET https://fw.example:8443/api/*`"),
        ("port = 8443\nmethods = [\"GET\"]", "methods = [\"GET\"]", "`GET https://fw.example:8443/login`"),
        (r#""/api/**", "#, r#""/api/v1/*", "#, "`DELETE https://fw.example:8443/api/*`"),
        ("secrets = [\"key\"]\n[[exec]]", "[[exec]]", "`DELETE https://fw.example:8443/login`"),
        (
            r#""autosec", "{name}""#,
            r#""filter", "{name}""#,
            "`/usr/sbin/nft add element inet autosec {name} {cidr}`",
        ),
        (r#""{cidr}"]"#, r#""{ip}"]"#, "`/usr/sbin/nft add element inet autosec {name} {cidr}`"),
        (r#""host {cidr}""#, r#""host {int}""#, "`host {ip}` in session `edge`"),
        (r#"use = "header:x-key""#, r#"use = "header:x-other""#, "the secret `key`"),
        ("http_calls = 3000", "http_calls = 2999", "`limits.http_calls` 3000, granted 2999"),
    ] {
        assert!(enough.contains(part), "{part}");
        let found = beyond(ASKS, &enough.replacen(part, other, 1), &config);
        assert!(found.contains(&too_much.to_owned()), "{other}: {found:?}");
    }
}

#[test]
fn every_grant_has_to_allow_it_and_none_at_all_allows_nothing() {
    let asks = manifest(ASKS);
    let config = json!({ "host": "fw.example", "table": "autosec" });
    let limits = Limits { http_calls: 5_000, ..Limits::most() };
    let all = Grant { limits, ..Grant::as_asked(&asks) };
    let refused = |grants: &[&Grant]| Capabilities::new(&asks, grants, &config, Excess::Refuse).is_err();
    assert!(!refused(&[&all]) && !refused(&[&all, &all]));
    assert!(refused(&[]) && refused(&[&all, &Grant::nothing()]) && refused(&[&Grant::nothing(), &all]));
    let less = Grant { limits: Limits { http_calls: 10, ..Limits::most() }, ..all.clone() };
    let denied = Capabilities::new(&asks, &[&all, &less], &config, Excess::Deny).unwrap();
    assert_eq!((denied.limits().http_calls, denied.limits().memory), (10, 16 << 20));
    let named = all.with_secret("key", "edge-admin");
    let capabilities = Capabilities::new(&asks, &[&named], &config, Excess::Refuse).unwrap();
    assert_eq!(capabilities.secrets().collect::<Vec<_>>(), [("key", "edge-admin")]);
}

#[test]
fn a_configuration_that_does_not_fit_is_refused() {
    let full = json!({ "host": "fw.example", "table": "autosec" });
    for (key, value, words) in [
        ("host", json!(null), "`{config.host}` needs `host`, which the configuration lacks"),
        ("host", json!("fw.example/x"), "is not a host"),
        ("host", json!("fw.example:443"), "is not a host"),
        ("host", json!("*"), "is not a host"),
        ("host", json!("*.example"), "is not a host"),
        ("host", json!("127.1"), "is not a host"),
        ("host", json!("me@fw.example"), "is not a host"),
        ("table", json!("a b"), "printable ASCII characters without spaces"),
        ("table", json!(["x"]), "a text or a whole number"),
    ] {
        let mut config = full.clone();
        config[key] = value;
        let asks = manifest(ASKS);
        let error = Capabilities::new(&asks, &[&Grant::as_asked(&asks)], &config, Excess::Deny).unwrap_err();
        assert!(error.to_string().contains(words), "{key}: {error}");
    }
}

#[test]
fn manifests_say_what_is_wrong_with_them_and_where() {
    let wrong = |asks: &str| {
        let text = format!(
            "[plugin]\nid = \"a\"\nversion = \"1\"\napi = \"autosec:firewall@0.1\"\nkind = \"wasm\"\nfile = \"a\"\n\
             sha256 = \"{}\"\n{asks}",
            "0".repeat(64)
        );
        let diagnostic = Manifest::parse("plugin.toml", &text).unwrap_err();
        (diagnostic.code(), diagnostic.position().map_or(0, |(line, _)| line), diagnostic.to_string())
    };
    let exec = "[[exec]]\nprogram = \"/bin/x\"\n";
    for (asks, code, line, words) in [
        ("[limits]\nmemory = ", "P001", 9, ""),
        ("[limits]\nmemroy = 1\n", "P002", 9, "memory"),
        ("[[http]]\nhost = \"a\"\nmethods = [\"GET\"]\n", "P003", 8, "paths"),
        ("[[http]]\nhost = 1\nmethods = [\"GET\"]\npaths = [\"/\"]\n", "P004", 9, "string"),
        ("[[http]]\nhost = \"a\"\nmethods = [\"get\"]\npaths = [\"/\"]\n", "P005", 8, "the method `get`"),
        ("[[http]]\nhost = \"a\"\nmethods = [\"CONNECT\"]\npaths = [\"/\"]\n", "P005", 8, "CONNECT"),
        ("[[http]]\nhost = \"a\"\nmethods = [\"GET\"]\npaths = [\"api\"]\n", "P005", 8, "write `/api`"),
        ("[[http]]\nmethods = [\"GET\"]\npaths = [\"/\"]\n", "P005", 8, "`host` nor one `origin`"),
        ("[[http]]\nhost = \"a\"\nmethods = [\"GET\"]\npaths = [\"/{ip}\"]\n", "P005", 8, "a slot"),
        (
            "[[http]]\nhost = \"a\"\nmethods = [\"GET\"]\npaths = [\"/\"]\nsecrets = [\"k\"]\n",
            "P007",
            12,
            "`[[secret]]`",
        ),
        ("[[exec]]\nprogram = \"nft\"\nargs = []\n", "P005", 8, "absolute path"),
        ("[[exec]]\nprogram = \"/bin/../nft\"\nargs = []\n", "P005", 8, "absolute path"),
        (&format!("{exec}args = [\"{{ip}}{{ip}}\"]\n"), "P005", 8, "more than one slot"),
        (&format!("{exec}args = [\"{{who}}\"]\n"), "P005", 10, "`{who}` is nothing known"),
        ("[[secret]]\nname = \"k\"\nuse = \"body\"\n", "P005", 8, "no use of a secret"),
        ("[[secret]]\nname = \"k\"\nuse = \"header:host\"\n", "P005", 8, "the host's own"),
        (
            "[[secret]]\nname = \"k\"\nuse = \"header:x-key\"\nformat = \"none\"\n",
            "P005",
            8,
            "without one `{}`",
        ),
        (
            "[[secret]]\nname = \"k\"\nuse = \"basic\"\n[[secret]]\nname = \"k\"\nuse = \"basic\"\n",
            "P007",
            9,
            "twice",
        ),
    ] {
        let (found, at, text) = wrong(asks);
        assert_eq!((found, at), (code, line), "{text}");
        assert!(text.contains(words), "{words}: {text}");
    }
    let api = manifest("").api;
    assert_eq!(api.to_string(), "autosec:firewall@0.1");
    for other in ["autosec:firewall@0.2", "autosec:firewall@1.0", "autosec:firewall", "other:firewall@0.1"] {
        let text = format!("[plugin]\nid = \"a\"\nversion = \"1\"\napi = \"{other}\"\n");
        assert_eq!(Manifest::parse("plugin.toml", &text).unwrap_err().code(), "P005", "{other}");
    }
    assert_eq!(Manifest::parse("plugin.toml", &"#".repeat(70_000)).unwrap_err().code(), "P006");
}

fn gate_of(asks: &str, granted: &Grant) -> (GateBuilder, Told) {
    let capabilities = Capabilities::new(&manifest(asks), &[granted], &json!({}), Excess::Deny).unwrap();
    let told = Told::default();
    (Gate::builder(capabilities).observer(Arc::new(told.clone())), told)
}

fn command(program: &str, args: &[&str], stdin: &[u8]) -> Command {
    let args = args.iter().map(|arg| (*arg).to_owned()).collect();
    Command { program: program.into(), args, stdin: stdin.into(), timeout_ms: None }
}

#[cfg(unix)]
#[tokio::test]
async fn programs_run_as_they_were_asked_for_and_granted() {
    let asks = r#"
[limits]
commands = 6
[[exec]]
program = "/bin/echo"
args = ["-n", "set={name}", "{cidr}"]
[[exec]]
program = "/bin/cat"
args = []
stdin = true
[[exec]]
program = "/bin/sleep"
args = ["{int}"]
[[exec]]
program = "/bin/false"
args = []
"#;
    let mut granted = Grant::as_asked(&manifest(asks));
    granted.allows.exec.pop();
    let (builder, told) = gate_of(asks, &granted);
    let gate = builder.commands(Arc::new(LocalCommands)).build();
    let echo = gate.exec(command("/bin/echo", &["-n", "set=block.1", "192.0.2.0/24"], b"")).await.unwrap();
    assert_eq!((echo.exit_code, echo.stdout.as_slice()), (0, &b"set=block.1 192.0.2.0/24"[..]));
    let cat = gate.exec(command("/bin/cat", &[], b"add element\n")).await.unwrap();
    assert_eq!(cat.stdout, b"add element\n");
    let begun = Instant::now();
    let sleep = Command { timeout_ms: Some(50), ..command("/bin/sleep", &["30"], b"") };
    assert_eq!(gate.exec(sleep).await, Err(TransportError::Timeout));
    assert!(begun.elapsed() < Duration::from_secs(10));

    for (program, args, stdin, why) in [
        ("/bin/echo", &["-n", "set=a;reboot", "192.0.2.1"][..], &b""[..], "does not ask for these arguments"),
        ("/bin/echo", &["-n", "set=a", "192.0.2.1/24"], b"", "does not ask for these arguments"),
        ("/bin/echo", &["-n", "set=-e", "192.0.2.1"], b"", "does not ask for these arguments"),
        ("/bin/echo", &["-n", "set=a"], b"", "does not ask for these arguments"),
        ("/bin/echo", &["-n", "set=a", "192.0.2.1"], b"x", "does not ask for these arguments"),
        ("/bin/../bin/echo", &["-n", "set=a", "192.0.2.1"], b"", "does not ask for this program"),
        ("echo", &[], b"", "does not ask for this program"),
        ("/bin/sh", &["-c", "reboot"], b"", "does not ask for this program"),
        ("/bin/false", &[], b"", "this program is not granted"),
    ] {
        let Err(TransportError::Denied(text)) = gate.exec(command(program, args, stdin)).await else {
            panic!("{program} {args:?}");
        };
        assert!(text.contains(why), "{text}");
    }
    assert_eq!((gate.counts().commands, gate.counts().denied, told.all().len()), (2, 9, 9));
    assert_eq!(
        told.all()[0],
        "fence denied /bin/echo -n set=a;reboot 192.0.2.1: the manifest does not ask for these arguments"
    );

    gate.begin(&Context { correlation_id: "1".into(), deadline_ms: 60_000, dry_run: false });
    for round in 0..7 {
        let answer = gate.exec(command("/bin/cat", &[], b"x")).await;
        assert_eq!(answer.is_ok(), round < 6, "{answer:?}");
    }
    assert!(told.all().last().unwrap().ends_with("one call may run 6 commands"));
    gate.begin(&Context { correlation_id: "2".into(), deadline_ms: 50, dry_run: false });
    assert_eq!(gate.exec(command("/bin/sleep", &["30"], b"")).await, Err(TransportError::Timeout));
}

#[tokio::test]
async fn a_host_without_a_way_says_so() {
    let asks =
        "[[exec]]\nprogram = \"/bin/cat\"\nargs = []\n[[session]]\nname = \"edge\"\nlines = [\"show\"]\n";
    let (builder, _) = gate_of(asks, &Grant::as_asked(&manifest(asks)));
    let gate = builder.build();
    assert_eq!(gate.exec(command("/bin/cat", &[], b"")).await, Err(TransportError::Unsupported));
    let lines = vec!["show".to_owned()];
    assert_eq!(gate.session_exec("edge", lines, None).await, Err(TransportError::Unsupported));
}

/// A device that says back what it was typed.
#[derive(Debug, Default)]
struct Edge(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl Shell for Edge {
    async fn open(&self) -> io::Result<Box<dyn Terminal>> {
        let (here, there) = duplex(1 << 16);
        let typed = Arc::clone(&self.0);
        tokio::spawn(async move {
            let mut device = BufReader::new(there);
            device.write_all(b"edge> ").await?;
            loop {
                let mut line = Vec::new();
                device.read_until(b'\r', &mut line).await?;
                let line = String::from_utf8_lossy(&line).trim().to_owned();
                match line.as_str() {
                    "hang" => std::future::pending::<()>().await,
                    // Byte by byte, as slowly as a device can.
                    "show" => {
                        for byte in format!("{line}\r\n{}\r\nedge> ", "x".repeat(3_000)).bytes() {
                            device.write_all(&[byte]).await?;
                        }
                        continue;
                    }
                    _ => {}
                }
                device.write_all(format!("{line}\r\ndid {line}\r\nedge> ").as_bytes()).await?;
                typed.lock().unwrap().push(line);
            }
            #[expect(unreachable_code, reason = "it gives the block its type")]
            io::Result::Ok(())
        });
        Ok(Box::new(here))
    }
}

#[tokio::test]
async fn sessions_are_typed_the_lines_that_were_asked_for_and_granted() {
    let asks = "[[session]]\nname = \"edge\"\nlines = [\"shun {ip}\", \"no shun {ip} {int}\", \"hang\", \"reload\"]\n";
    let mut granted = Grant::as_asked(&manifest(asks));
    granted.allows.session[0].lines.pop();
    let (builder, told) = gate_of(asks, &granted);
    let edge = Arc::new(Edge::default());
    let gate = builder.shell("edge", edge.clone()).build();
    let exec = |lines: &[&str]| {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        gate.session_exec("edge", lines, Some(2_000))
    };
    let answers = exec(&["shun 192.0.2.1", "no shun 192.0.2.1 5"]).await.unwrap();
    assert_eq!(answers, ["did shun 192.0.2.1", "did no shun 192.0.2.1 5"]);
    for lines in [
        &["shun 192.0.2.1", "reload"][..],
        &["shun 192.0.2.1\rreload"],
        &["shun 192.0.2.1\nreload"],
        &["shun  192.0.2.1"],
        &["shun any"],
        &["shun 192.0.2.1 5"],
        &[""],
    ] {
        assert!(matches!(exec(lines).await, Err(TransportError::Denied(_))), "{lines:?}");
    }
    let other = gate.session_exec("core", vec!["shun 192.0.2.1".into()], None).await;
    assert!(matches!(other, Err(TransportError::Denied(text)) if text.contains("this session")));
    assert_eq!(edge.0.lock().unwrap().len(), 2, "nothing is typed of what is denied in part");
    assert!(
        told.all()[0].contains("reload` is not granted")
            || told.all()[0].contains("this line is not granted")
    );
    assert!(told.all()[1].contains("192.0.2.1\\rreload"), "{:?}", told.all());
    let hung = gate.session_exec("edge", vec!["hang".into()], Some(50)).await;
    assert_eq!(hung, Err(TransportError::Timeout));
}

#[tokio::test]
async fn values_and_lines_have_their_room() {
    let asks = "[limits]\nkeys = 1\nvalue = 4\nlog_lines = 2\n";
    let (builder, told) = gate_of(asks, &Grant::nothing());
    let clock = ManualClock::new(Timestamp::from_secs(1_795_392_000));
    let gate = builder.clock(Arc::new(clock)).build();
    gate.kv_set("cursor", b"7".to_vec()).await.unwrap();
    assert_eq!(gate.kv_get("cursor").await, Ok(Some(b"7".to_vec())));
    assert_eq!(gate.kv_set("other", Vec::new()).await, Err(KvError::TooMany(1)));
    assert_eq!(gate.kv_set("cursor", vec![0; 5]).await, Err(KvError::TooLarge(4)));
    gate.kv_delete("cursor").await.unwrap();
    assert_eq!(gate.kv_get("cursor").await, Ok(None));

    gate.log(Level::Warn, "slow\r\nfence denied nothing \u{1b}[2J");
    gate.log(Level::Info, &"x".repeat(5_000));
    gate.log(Level::Error, "too many");
    assert_eq!(told.all()[0], "fence warn slow\\r\\nfence denied nothing \\u{1b}[2J");
    assert!(told.all().len() == 2 && told.all()[1].len() < 1_100);
    assert_eq!((gate.counts().lines, gate.counts().lines_left_out), (2, 1));
    assert_eq!(gate.now_ms(), 1_795_392_000_000);
    assert_ne!(gate.random_u64(), gate.random_u64());
}

#[tokio::test]
async fn what_a_session_shows_is_bounded_over_all_its_lines() {
    let asks =
        "[limits]\nbody = \"8KiB\"\n[[session]]\nname = \"edge\"\nlines = [\"show\", \"name {name}\"]\n";
    let (builder, _) = gate_of(asks, &Grant::as_asked(&manifest(asks)));
    let gate = builder.shell("edge", Arc::new(Edge::default())).build();
    let show = |times: usize| gate.session_exec("edge", vec!["show".to_owned(); times], None);
    let shown = show(2).await.unwrap();
    assert!(shown.iter().all(|screen| screen.len() == 3_000), "{shown:?}");
    let Err(TransportError::Protocol(why)) = show(3).await else { panic!("9,000 bytes are more than 8 KiB") };
    assert_eq!(why, "the device shows more than 8192 bytes in answer to all lines");
    let long = gate.session_exec("edge", vec![" ".repeat(4 << 20)], None).await;
    assert!(
        matches!(&long, Err(TransportError::Denied(why)) if why.contains("at most 2048 bytes")),
        "{long:?}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_sees_nothing_of_the_hosts_environment_but_its_paths() {
    let asks = "[[exec]]\nprogram = \"/usr/bin/env\"\nargs = []\n";
    let (builder, _) = gate_of(asks, &Grant::as_asked(&manifest(asks)));
    let gate = builder.commands(Arc::new(LocalCommands)).build();
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "this process has more");
    let told = gate.exec(command("/usr/bin/env", &[], b"")).await.unwrap().stdout;
    let told = String::from_utf8(told).unwrap();
    let names: Vec<&str> =
        told.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    let known = ["PATH", "HOME", "TMPDIR", "XTABLES_LOCKFILE", "TEMP", "TMP", "LC_ALL"];
    assert!(names.contains(&"LC_ALL") && names.iter().all(|name| known.contains(name)), "{told}");
}

#[test]
fn no_setting_is_shown_by_a_manifest_that_names_it() {
    let secret = json!({ "host": "fw.example", "password": "hunter2 or so", "pin": "hunter2" });
    let site = "methods = [\"GET\"]\npaths = [\"/**\"]\n";
    for entry in [
        format!("[[http]]\nhost = \"{{config.pin}}/\"\n{site}"),
        format!("[[http]]\norigin = \"{{config.pin}}\"\n{site}"),
        format!("[[http]]\nhost = \"{{config.host}}\"\nport = \"{{config.pin}}\"\n{site}"),
        format!("[[http]]\nhost = \"{{config.password}}\"\n{site}"),
        "[[secret]]\nname = \"a\"\nuse = \"sigv4\"\nservice = \"{config.pin}_\"\nregion = \"x\"\n".to_owned(),
        "[[secret]]\nname = \"a\"\nuse = \"basic\"\nuser = \"{config.pin}:\"\n".to_owned(),
        "[[exec]]\nprogram = \"/bin/{config.pin}/{config.host|..}\"\nargs = []\n".to_owned(),
    ] {
        let asks = manifest(&entry);
        match Capabilities::new(&asks, &[&Grant::as_asked(&asks)], &secret, Excess::Deny) {
            Err(error) => assert!(!error.to_string().contains("hunter2"), "{error}"),
            Ok(_) => assert!(entry.contains("[[exec]]"), "{entry}"),
        }
    }
}

/// What a manifest with these lines is refused for.
fn refused(lines: &str) -> String {
    let head = "[plugin]\nid = 'a'\nversion = '1'\napi = 'autosec:firewall@0.1'\nkind = 'wasm'\nfile = 'a'\n";
    let text = format!("{head}sha256 = '{}'\n{lines}", "0".repeat(64));
    Manifest::parse("plugin.toml", &text).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn manifests_of_every_size_and_depth_are_read_or_refused() {
    let deep = 20_000;
    // On a thread with the stack that a runtime's workers have.
    let run = move || {
        for text in [
            format!("a = {}", "[".repeat(60_000)),
            format!("a = {}{}", "[".repeat(deep), "]".repeat(deep)),
            format!("a = {}", "{a=".repeat(deep)),
            format!("[{}a]", "a.".repeat(deep)),
            format!("[[{}a]]", "a.".repeat(deep)),
            format!("{}a = 1", "a.".repeat(deep)),
            format!("a = {{ {}a = 1 }}", "a.".repeat(deep)),
            "[[http]]\n".repeat(6_000),
            "#".repeat(64 << 10),
            "a = 1\n".repeat(64 << 20 >> 3),
        ] {
            assert!(Manifest::parse("plugin.toml", &text).is_err());
            assert!(Grant::parse("grant.toml", &text).is_err());
        }
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn a_manifest_hides_nothing_from_who_reads_it_and_asks_for_no_end_of_paths() {
    let http = |more: &str| format!("[[http]]\nhost = 'a.example'\nmethods = ['GET']\n{more}\n");
    for mark in ['\u{202e}', '\u{200b}', '\u{61c}', '\u{e0041}', '\u{feff}'] {
        let why = refused(&http(&format!("paths = ['/']\nwhy = \"it reads{mark} only\"")));
        assert!(why.contains("marks that hide text"), "{mark:?}: {why}");
    }
    let entry = |length: usize, count: usize| {
        let paths: Vec<String> = (0..count).map(|_| format!("'/{}'", "a".repeat(length - 1))).collect();
        http(&format!("paths = [{}]", paths.join(", ")))
    };
    let long = refused(&entry(500, 17));
    assert!(long.contains("more than 256 paths, or paths of more than 8 KiB together"), "{long}");
    assert!(refused(&entry(2, 60).repeat(5)).contains("more than 256 paths"));
    manifest(&entry(500, 16));
    manifest(&entry(2, 60).repeat(4));
}
