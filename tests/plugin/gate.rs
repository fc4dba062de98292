//! Requests of plugins through the gate, against real servers on loopback.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use autosec_integrations::plugin::gate::Gate;
use autosec_integrations::plugin::interface::{
    Context, Header, HttpRequest, HttpResponse, Services, TransportError,
};
use autosec_integrations::plugin::manifest::{Capabilities, Excess, Grant};
use autosec_integrations::secret::FixedSecrets;
use autosec_integrations::transport::{HttpClient, HttpsClient, HttpsConfig, Resolver, Route, Trust};
use serde_json::json;
use tokio::net::TcpListener;

use super::grants::{Told, manifest};
use crate::support::web::{Answer, Asked, Identity, Web};

const SECRET: &str = "LUFRPT1-this-is-secret";

/// Resolves every name to the next of its answers, and to the last one for ever.
#[derive(Clone, Debug)]
struct Names(Arc<Mutex<VecDeque<Vec<IpAddr>>>>, Arc<Mutex<Vec<String>>>);

impl Names {
    fn new(answers: &[&[&str]]) -> Self {
        let parse = |addresses: &&[&str]| addresses.iter().map(|address| address.parse().unwrap()).collect();
        Self(Arc::new(Mutex::new(answers.iter().map(parse).collect())), Arc::default())
    }

    fn asked(&self) -> Vec<String> {
        self.1.lock().unwrap().clone()
    }
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.1.lock().unwrap().push(name.to_owned());
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        answer.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

/// A server that notes what it is asked.
struct Site {
    web: Web,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Site {
    async fn start(
        identity: Option<&Identity>,
        answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let notes = Arc::clone(&asked);
        let site = move |asked: Asked| {
            let answer = answer(&asked);
            notes.lock().unwrap().push(asked);
            answer
        };
        let web = Web::start(Arc::new(site), identity.map(|identity| identity.tls.clone())).await;
        Self { web, asked }
    }

    fn port(&self) -> u16 {
        self.web.address.port()
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// A gate under test, with what it told.
struct Case {
    gate: Gate,
    told: Told,
}

/// What a plugin and its host agree on: the host's name, its port, and whether it may be spoken to in the clear.
fn asks(host: &str, port: u16, more: &str) -> String {
    format!(
        "[[http]]\nhost = \"{host}\"\nport = {port}\nmethods = [\"GET\", \"POST\"]\npaths = [\"/api/**\"]\n\
         secrets = [\"key\"]\n{more}\n[[secret]]\nname = \"key\"\nuse = \"header:x-key\"\n"
    )
}

const PLAIN: &str = "tls = \"optional\"";

fn case(asks: &str, client: HttpsClient, names: Names, adjust: impl FnOnce(&mut Grant)) -> Case {
    let manifest = manifest(asks);
    let mut grant = Grant::as_asked(&manifest).with_networks(["127.0.0.1/32".parse().unwrap()]);
    adjust(&mut grant);
    let capabilities = Capabilities::new(&manifest, &[&grant], &json!({}), Excess::Deny).unwrap();
    let told = Told::default();
    let gate = Gate::builder(capabilities)
        .client(Arc::new(client))
        .resolver(Arc::new(names))
        .secrets(Arc::new(FixedSecrets::default().with("fence-key", SECRET)))
        .observer(Arc::new(told.clone()))
        .build();
    Case { gate, told }
}

fn plain() -> HttpsClient {
    HttpsClient::new(HttpsConfig { trust: Trust::Pinned(Vec::new()), ..HttpsConfig::default() }).unwrap()
}

fn here() -> Names {
    Names::new(&[&["127.0.0.1"]])
}

fn get(url: &str) -> HttpRequest {
    HttpRequest {
        method: "GET".into(),
        url: url.into(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout_ms: Some(5_000),
        secrets: Vec::new(),
    }
}

fn with_secret(url: &str) -> HttpRequest {
    HttpRequest { secrets: vec!["key".into()], ..get(url) }
}

fn assert_denied(answer: Result<HttpResponse, TransportError>, words: &str) {
    let Err(TransportError::Denied(text)) = answer else { panic!("{words}: {answer:?}") };
    assert!(text.contains(words), "{text}");
    assert!(!text.contains(SECRET), "{text}");
}

#[tokio::test]
async fn a_secret_reaches_its_server_and_never_the_plugin() {
    let identity = Identity::new("fw.example");
    let echo = |asked: &Asked| {
        let key = asked.header("x-key").unwrap_or_default().to_owned();
        let body = format!("{{\"you sent\":\"{key}\"}}");
        Answer { headers: vec![("X-Echo", format!("<{key}>"))], ..Answer::new(body) }
    };
    let site = Site::start(Some(&identity), echo).await;
    let config = HttpsConfig { trust: Trust::Only(identity.authority.clone()), ..HttpsConfig::default() };
    let client = HttpsClient::new(config).unwrap();
    let case = case(&asks("fw.example", site.port(), ""), client.clone(), here(), |_| {});
    let url = format!("https://fw.example:{}/api/x?y=1", site.port());
    let answer = case.gate.http(with_secret(&url)).await.unwrap();
    let stars = "*".repeat(SECRET.len());
    assert_eq!(
        (answer.status, String::from_utf8(answer.body).unwrap()),
        (200, format!("{{\"you sent\":\"{stars}\"}}"))
    );
    let echoed = answer.headers.iter().find(|header| header.name == "x-echo").unwrap();
    assert_eq!(echoed.value, format!("<{stars}>"));
    let asked = &site.asked()[0];
    assert_eq!(asked.header("x-key"), Some(SECRET));
    assert_eq!(asked.header("host"), Some(format!("fw.example:{}", site.port()).as_str()));
    assert_eq!(asked.line, "GET /api/x?y=1 HTTP/1.1");
    // The connection is kept, and without the secret's name nothing is sent.
    case.gate.http(get(&url)).await.unwrap();
    assert_eq!((site.asked()[1].header("x-key"), site.web.connections()), (None, 1));
    assert!(!format!("{:?}{:?}", case.gate, case.told.all()).contains(SECRET));

    // The certificate has to be the name's, whatever address is connected to.
    let other = self::case(&asks("other.example", site.port(), ""), client, here(), |_| {});
    let answer = other.gate.http(get(&format!("https://other.example:{}/api/x", site.port()))).await;
    assert!(matches!(answer, Err(TransportError::Tls(_))), "{answer:?}");
}

#[tokio::test]
async fn what_was_not_asked_for_or_not_granted_is_denied() {
    let site = Site::start(None, |_: &Asked| Answer::new("ok")).await;
    let port = site.port();
    let base = format!("http://fw.example:{port}");
    let two = format!(
        "{}{}",
        asks("fw.example", port, PLAIN),
        "[[http]]\nhost=\"spare.example\"\nmethods=[\"GET\"]\npaths=[\"/\"]\n"
    );
    let case = case(&two, plain(), here(), |grant| {
        grant.allows.http.pop();
        grant.allows.http[0].methods.retain(|method| method == "GET");
    });
    let http = |method: &str, url: &str| case.gate.http(HttpRequest { method: method.into(), ..get(url) });
    assert_eq!(http("GET", &format!("{base}/api/x")).await.unwrap().body, b"ok");
    for (method, url, words) in [
        ("GET", "https://evil.example/api/x".to_owned(), "the manifest does not ask for this host"),
        ("GET", format!("http://sub.fw.example:{port}/api/x"), "the manifest does not ask for this host"),
        ("GET", "http://fw.example/api/x".to_owned(), "the manifest does not ask for this port"),
        ("PUT", format!("{base}/api/x"), "the manifest does not ask for this method"),
        ("get", format!("{base}/api/x"), "the manifest does not ask for this method"),
        ("GET", format!("{base}/admin"), "the manifest does not ask for this path"),
        ("GET", format!("{base}/API/x"), "the manifest does not ask for this path"),
        ("GET", format!("{base}/api/../admin"), "a segment of dots"),
        ("GET", format!("{base}/api/%2e%2e/admin"), "a segment of dots"),
        ("GET", format!("{base}/api/..%2fadmin"), "a segment of dots"),
        ("GET", format!("http://me:pw@fw.example:{port}/api/x"), "a user or a password"),
        ("GET", format!("http://fw.example:{port}\\@127.0.0.1/api/x"), "characters"),
        ("GET", "https://spare.example/".to_owned(), "this host is not granted"),
        ("POST", format!("{base}/api/x"), "this method is not granted"),
    ] {
        assert_denied(http(method, &url).await, words);
    }
    assert_eq!((site.asked().len(), case.gate.counts().denied, case.told.all().len()), (1, 14, 14));
    assert_eq!(
        case.told.all()[0],
        "fence denied GET https://evil.example/api/x: the manifest does not ask for this host"
    );
}

#[tokio::test]
async fn private_addresses_are_denied_by_every_name_they_go_by() {
    let site = Site::start(None, |_: &Asked| Answer::new("ok")).await;
    let port = site.port();
    let nothing = |grant: &mut Grant| grant.networks.clear();
    for host in [
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "10.0.0.1",
        "[fd00:ec2::254]",
        "[64:ff9b::7f00:1]",
    ] {
        let case = case(&asks(host, port, PLAIN), plain(), here(), nothing);
        assert_denied(
            case.gate.http(get(&format!("http://{host}:{port}/api/x"))).await,
            "in no network of the grant",
        );
    }
    for found in
        [&["127.0.0.1"][..], &["::1"], &["203.0.113.7", "127.0.0.1"], &["::ffff:10.0.0.1"], &["0.0.0.0"]]
    {
        let case = case(&asks("fw.example", port, PLAIN), plain(), Names::new(&[found]), nothing);
        let answer = case.gate.http(get(&format!("http://fw.example:{port}/api/x"))).await;
        assert_denied(answer, "in no network of the grant");
    }
    for disguise in ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1."] {
        let case = case(&asks("**", port, PLAIN), plain(), here(), |_| {});
        assert_denied(case.gate.http(get(&format!("http://{disguise}:{port}/api/x"))).await, "");
    }
    assert!(site.asked().is_empty());
}

/// A name that leads to an allowed address when it is checked, and to a forbidden one right after.
#[tokio::test]
async fn dns_that_changes_between_check_and_use_changes_nothing() {
    let victim = Site::start(None, |_: &Asked| Answer::new("secret of the victim")).await;
    let allowed = Site::start(None, |_: &Asked| Answer::new("allowed")).await;
    let url = |port: u16| format!("http://fw.example:{port}/api/x");

    // Only 127.0.0.2 is granted. The name says so at the check, and 127.0.0.1, where the victim is, at every later time.
    let names = Names::new(&[&["127.0.0.2"], &["127.0.0.1"]]);
    let case = case(&asks("fw.example", victim.port(), PLAIN), plain(), names.clone(), |grant| {
        grant.networks = vec!["127.0.0.2/32".parse().unwrap()];
    });
    let first = case.gate.http(get(&url(victim.port()))).await;
    assert!(
        matches!(first, Err(TransportError::Connect(_))),
        "nobody listens at the address that was checked: {first:?}"
    );
    assert_eq!(names.asked(), ["fw.example"], "it is resolved once");
    assert_denied(case.gate.http(get(&url(victim.port()))).await, "127.0.0.1 is loopback");
    assert!(victim.asked().is_empty());

    // The other way round: the address that was checked is used though the name has another one by now.
    let names = Names::new(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let case = self::case(&asks("fw.example", allowed.port(), PLAIN), plain(), names.clone(), |_| {});
    assert_eq!(case.gate.http(get(&url(allowed.port()))).await.unwrap().body, b"allowed");
    assert_eq!(names.asked().len(), 1);
}

/// Two plugins share a client. The connection of one, to an address that only it may reach, is not used for the other.
#[tokio::test]
async fn connections_are_kept_by_name_and_address() {
    let site = Site::start(None, |_: &Asked| Answer::new("ok")).await;
    let client = plain();
    let request = || {
        let mut request = http::Request::new(Vec::new());
        *request.uri_mut() = format!("http://fw.example:{}/api/x", site.port()).parse().unwrap();
        request
    };
    let to = |address: &str| Route { address: address.parse().unwrap(), largest_answer: 100 };
    for _ in 0..3 {
        client.send_to(request(), to("127.0.0.1")).await.unwrap();
    }
    assert_eq!(site.web.connections(), 1);
    let other = client.send_to(request(), to("127.0.0.2")).await.unwrap_err();
    assert_eq!(other.kind(), io::ErrorKind::ConnectionRefused, "{other}");
    assert!(!other.to_string().contains('@'), "the address is not mixed up with the name: {other}");
    assert_eq!(site.asked().len(), 3);
    assert_eq!(site.asked()[0].header("host"), Some(format!("fw.example:{}", site.port()).as_str()));
}

fn to(status: u16, location: impl Into<String>) -> Answer {
    Answer { status, headers: vec![("Location", location.into())], ..Answer::new("moved") }
}

#[tokio::test]
async fn redirects_are_followed_only_where_each_hop_may_be_made() {
    let site = Site::start(None, |asked: &Asked| match asked.line.split(' ').nth(1).unwrap() {
        "/api/once" => to(302, "/api/there"),
        "/api/loop" => to(307, "/api/loop"),
        "/api/admin" => to(302, "/admin"),
        "/api/private" => to(302, "http://10.0.0.1/api/x"),
        "/api/metadata" => to(301, "http://169.254.169.254/api/latest"),
        "/api/elsewhere" => to(302, "https://evil.example/api/x"),
        "/api/odd" => to(302, "http://127.1/api/x"),
        "/api/user" => to(302, "http://me@fw.example/api/x"),
        _ => Answer::new("there"),
    })
    .await;
    let port = site.port();
    let url = |path: &str| format!("http://fw.example:{port}{path}");
    let none = case(&asks("fw.example", port, PLAIN), plain(), here(), |_| {});
    let answer = none.gate.http(get(&url("/api/once"))).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (302, &b"moved"[..]), "by default none is followed");

    // The forbidden addresses are hosts that the manifest asks for and the host grants: what is wrong is where they lead.
    let reachable = format!(
        "{}[[http]]\nhost = \"10.0.0.1\"\ntls = \"optional\"\nmethods = [\"GET\"]\npaths = [\"/**\"]\n\
         [[http]]\nhost = \"169.254.169.254\"\ntls = \"optional\"\nmethods = [\"GET\"]\npaths = [\"/**\"]\n",
        asks("fw.example", port, "tls = \"optional\"\nredirects = 2")
    );
    let some = case(&reachable, plain(), here(), |_| {});
    assert_eq!(some.gate.http(get(&url("/api/once"))).await.unwrap().body, b"there");
    let posted = HttpRequest { method: "POST".into(), body: b"x".to_vec(), ..with_secret(&url("/api/once")) };
    let in_clear = case(&reachable, plain(), here(), |grant| grant.secrets_in_clear = true);
    in_clear.gate.http(posted).await.unwrap();
    let last = site.asked().pop().unwrap();
    assert_eq!((last.line.as_str(), last.body.len()), ("GET /api/there HTTP/1.1", 0));
    assert_eq!(last.header("x-key"), Some(SECRET), "the same server gets it again");
    let before = site.asked().len();
    assert_eq!(some.gate.http(get(&url("/api/loop"))).await.unwrap().status, 307);
    assert_eq!(site.asked().len(), before + 3, "one request and two redirects");
    for (path, words) in [
        ("/api/admin", "does not ask for this path"),
        ("/api/private", "10.0.0.1 is private"),
        ("/api/metadata", "169.254.169.254 is link-local"),
        ("/api/elsewhere", "does not ask for this host"),
        ("/api/odd", "four plain numbers"),
        ("/api/user", "a user or a password"),
    ] {
        assert_denied(some.gate.http(get(&url(path))).await, words);
    }
    let ungranted = case(&reachable, plain(), here(), |grant| grant.allows.http[0].redirects = 0);
    assert_eq!(
        ungranted.gate.http(get(&url("/api/once"))).await.unwrap().status,
        302,
        "the grant counts as well"
    );
}

#[tokio::test]
async fn a_redirect_to_another_server_carries_no_secret() {
    let second = Site::start(None, |_: &Asked| Answer::new("second")).await;
    let there = format!("http://second.example:{}/api/x", second.port());
    let first = Site::start(None, move |_: &Asked| to(307, there.clone())).await;
    let asks = format!(
        "{}[[http]]\nhost = \"second.example\"\nport = {}\ntls = \"optional\"\nmethods = [\"GET\"]\npaths = [\"/api/*\"]\n\
         secrets = [\"key\"]\n",
        asks("fw.example", first.port(), "tls = \"optional\"\nredirects = 1"),
        second.port()
    );
    let case = case(&asks, plain(), here(), |grant| grant.secrets_in_clear = true);
    let cookie = Header { name: "Cookie".into(), value: "session=1".into() };
    let accept = Header { name: "Accept".into(), value: "text/plain".into() };
    let url = format!("http://fw.example:{}/api/x", first.port());
    let request = HttpRequest { headers: vec![cookie, accept], ..with_secret(&url) };
    assert_eq!(case.gate.http(request).await.unwrap().body, b"second");
    let (first, second) = (&first.asked()[0], &second.asked()[0]);
    assert_eq!((first.header("x-key"), first.header("cookie")), (Some(SECRET), Some("session=1")));
    assert_eq!((second.header("x-key"), second.header("cookie")), (None, None));
    assert_eq!(second.header("accept"), Some("text/plain"));
}

#[tokio::test]
async fn no_redirect_leads_out_of_tls() {
    let identity = Identity::new("fw.example");
    let clear = Site::start(None, |_: &Asked| Answer::new("clear")).await;
    let there = format!("http://fw.example:{}/api/x", clear.port());
    let site = Site::start(Some(&identity), move |_: &Asked| to(302, there.clone())).await;
    let asks = format!(
        "{}[[http]]\nhost = \"fw.example\"\nport = {}\ntls = \"optional\"\nmethods = [\"GET\"]\npaths = [\"/**\"]\nredirects = 9\n",
        asks("fw.example", site.port(), "redirects = 9"),
        clear.port()
    );
    let config = HttpsConfig { trust: Trust::Only(identity.authority.clone()), ..HttpsConfig::default() };
    let case = case(&asks, HttpsClient::new(config).unwrap(), here(), |_| {});
    let answer = case.gate.http(get(&format!("https://fw.example:{}/api/x", site.port()))).await;
    assert_denied(answer, "leads from `https` to `http`");
    assert!(clear.asked().is_empty());
}

#[tokio::test]
async fn secrets_go_where_they_were_declared_for() {
    let site = Site::start(None, |_: &Asked| Answer::new("ok")).await;
    let port = site.port();
    let url = format!("http://fw.example:{port}/api/x");
    let asks = format!(
        "{}[[http]]\nhost = \"other.example\"\nport = {port}\ntls = \"optional\"\nmethods = [\"GET\"]\npaths = [\"/**\"]\n",
        asks("fw.example", port, PLAIN)
    );
    let case = case(&asks, plain(), here(), |_| {});
    assert_denied(case.gate.http(with_secret(&url)).await, "secrets are sent over `https` only");
    let clear = self::case(&asks, plain(), here(), |grant| grant.secrets_in_clear = true);
    clear.gate.http(with_secret(&url)).await.unwrap();
    let other = format!("http://other.example:{port}/api/x");
    assert_denied(clear.gate.http(with_secret(&other)).await, "does not ask for this secret for this host");
    let unknown = HttpRequest { secrets: vec!["other".into()], ..get(&url) };
    assert_denied(clear.gate.http(unknown).await, "does not ask for this secret for this host");
    let clash = Header { name: "X-Key".into(), value: "mine".into() };
    let clash = HttpRequest { headers: vec![clash], ..with_secret(&url) };
    assert_denied(clear.gate.http(clash).await, "its header is there already");
    for name in
        ["Host", "Authorization", "Content-Length", "Transfer-Encoding", "Connection", "X-Original-URL"]
    {
        let own = Header { name: name.into(), value: "1".into() };
        assert_denied(
            clear.gate.http(HttpRequest { headers: vec![own], ..get(&url) }).await,
            "the host's own",
        );
    }
    let broken = Header { name: "x-a".into(), value: "1\r\nx-key: mine".into() };
    assert_denied(
        clear.gate.http(HttpRequest { headers: vec![broken], ..get(&url) }).await,
        "printable ASCII",
    );
    let ungranted = self::case(&asks, plain(), here(), |grant| {
        grant.secrets_in_clear = true;
        grant.allows.http[0].secrets.clear();
    });
    assert_denied(ungranted.gate.http(with_secret(&url)).await, "this secret for this host is not granted");
    let unnamed = self::case(&asks, plain(), here(), |grant| {
        grant.secrets_in_clear = true;
        grant.allows.secret[0].from = Some("nobody-has-this".into());
    });
    assert_denied(unnamed.gate.http(with_secret(&url)).await, "the host has none called `nobody-has-this`");
    assert_eq!(site.asked().len(), 1, "of all these one was sent");
}

#[tokio::test]
async fn exchanges_are_bounded_in_size_time_and_number() {
    let site = Site::start(None, |asked: &Asked| match asked.line.split(' ').nth(1).unwrap() {
        "/api/large" => Answer::new(vec![b'x'; 5_000]),
        "/api/slow" => Answer { after: Duration::from_secs(60), ..Answer::new("late") },
        "/api/cut" => Answer { cut: Some(1), ..Answer::new("cut off") },
        _ => Answer::new(vec![b'x'; 4_096]),
    })
    .await;
    let url = |path: &str| format!("http://fw.example:{}/api/{path}", site.port());
    let limits = "\n[limits]\nbody = \"4KiB\"\nhttp_calls = 4\nhttp_per_minute = 8\ndeadline = \"30s\"\n";
    let asks = asks("fw.example", site.port(), PLAIN) + limits;
    let case = case(&asks, plain(), here(), |_| {});
    let context = |deadline_ms| Context { correlation_id: "1".into(), deadline_ms, dry_run: false };
    case.gate.begin(&context(60_000));
    assert_eq!(case.gate.http(get(&url("full"))).await.unwrap().body.len(), 4_096);
    assert_eq!(case.gate.http(get(&url("large"))).await, Err(TransportError::TooLarge(4_096)));
    assert!(matches!(case.gate.http(get(&url("cut"))).await, Err(TransportError::Protocol(_))));
    let begun = Instant::now();
    let slow = HttpRequest { timeout_ms: Some(50), ..get(&url("slow")) };
    assert_eq!(case.gate.http(slow).await, Err(TransportError::Timeout));
    assert_denied(case.gate.http(get(&url("x"))).await, "one call may make 4 requests");
    case.gate.begin(&context(50));
    let slow = HttpRequest { timeout_ms: None, ..get(&url("slow")) };
    assert_eq!(case.gate.http(slow).await, Err(TransportError::Timeout), "the call's own end");
    assert!(begun.elapsed() < Duration::from_secs(20));
    case.gate.begin(&context(60_000));
    let posted = HttpRequest { method: "POST".into(), body: vec![0; 4_097], ..get(&url("x")) };
    assert_denied(case.gate.http(posted).await, "the body has more than 4096 bytes");
    for _ in 0..2 {
        case.gate.http(get(&url("x"))).await.unwrap();
    }
    case.gate.begin(&context(60_000));
    assert_denied(case.gate.http(get(&url("x"))).await, "a minute may have 8 requests");
}

#[tokio::test]
async fn failures_keep_their_kinds() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let refused = case(&asks("fw.example", port, PLAIN), plain(), here(), |_| {});
    let answer = refused.gate.http(get(&format!("http://fw.example:{port}/api/x"))).await;
    assert!(matches!(answer, Err(TransportError::Connect(_))), "{answer:?}");
    let nameless = case(&asks("fw.example", port, PLAIN), plain(), Names::new(&[]), |_| {});
    let answer = nameless.gate.http(get(&format!("http://fw.example:{port}/api/x"))).await;
    assert_eq!(answer, Err(TransportError::Dns("`fw.example` has no address".into())));
    let clear = case(&asks("fw.example", port, ""), plain(), here(), |_| {});
    assert_denied(clear.gate.http(get(&format!("http://fw.example:{port}/api/x"))).await, "without TLS");

    // An address that nobody is at does not hide one where somebody is.
    let site = Site::start(None, |_: &Asked| Answer::new("ok")).await;
    let both = Names::new(&[&["127.0.0.2", "127.0.0.1"]]);
    let case = case(&asks("fw.example", site.port(), PLAIN), plain(), both, |grant| {
        grant.networks = vec!["127.0.0.0/8".parse().unwrap()];
    });
    assert_eq!(
        case.gate.http(get(&format!("http://fw.example:{}/api/x", site.port()))).await.unwrap().body,
        b"ok"
    );
}

/// A client that cannot choose addresses, as one behind a proxy.
#[derive(Debug)]
struct Proxied;

#[async_trait]
impl HttpClient for Proxied {
    async fn send(&self, _request: http::Request<Vec<u8>>) -> io::Result<http::Response<Vec<u8>>> {
        panic!("nothing may be sent without its address being checked")
    }
}

#[tokio::test]
async fn a_client_that_resolves_by_itself_is_not_used() {
    let manifest = manifest(&asks("fw.example", 443, ""));
    let grant = Grant::as_asked(&manifest);
    let capabilities = Capabilities::new(&manifest, &[&grant], &json!({}), Excess::Refuse).unwrap();
    let names = Names::new(&[&["203.0.113.7"]]);
    let gate = Gate::builder(capabilities).client(Arc::new(Proxied)).resolver(Arc::new(names)).build();
    assert_eq!(gate.http(get("https://fw.example/api/x")).await, Err(TransportError::Unsupported));
}

#[tokio::test]
async fn headers_of_the_host_are_its_own_by_every_spelling() {
    let site = Site::start(None, |_: &Asked| Answer::new("here")).await;
    let case = case(&asks("fw.example", site.port(), PLAIN), plain(), here(), |grant| {
        grant.secrets_in_clear = true;
    });
    let url = format!("http://fw.example:{}/api/x", site.port());
    for name in [
        "Transfer_Encoding",
        "content_length",
        "X_Forwarded_For",
        "X-Forwarded-User",
        "X-Original-Method",
        "Proxy-Anything",
        "Remote_User",
        "True-Client-IP",
        "Authorization",
        "HOST",
        "x-http_method-override",
    ] {
        let headers = vec![Header { name: name.into(), value: "1".into() }];
        let answer = case.gate.http(HttpRequest { headers, ..get(&url) }).await;
        assert_denied(answer, "is the host's own");
    }
    for (name, value) in
        [("x-a", "1\r\nhost: evil"), ("x-a\r\nhost", "evil"), ("x-a", "1\n 2"), ("x a", "1"), ("", "1")]
    {
        let headers = vec![Header { name: name.into(), value: value.into() }];
        assert_denied(case.gate.http(HttpRequest { headers, ..get(&url) }).await, "the header");
    }
    let packed = vec![Header { name: "Accept_Encoding".into(), value: "gzip".into() }];
    let answer = case.gate.http(HttpRequest { headers: packed, ..with_secret(&url) }).await;
    assert_denied(answer, "cannot stand beside a secret");
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn a_redirect_that_shows_a_secret_is_not_followed() {
    let site = Site::start(None, |asked: &Asked| match asked.line.split(' ').nth(1).unwrap() {
        "/api/path" => to(302, format!("/admin/{SECRET}")),
        "/api/query" => to(307, format!("http://other.example/api/x?k={SECRET}")),
        _ => Answer::new("there"),
    })
    .await;
    let redirected = asks("fw.example", site.port(), "tls = \"optional\"\nredirects = 2");
    let case = case(&redirected, plain(), here(), |grant| grant.secrets_in_clear = true);
    for path in ["path", "query"] {
        let url = format!("http://fw.example:{}/api/{path}", site.port());
        assert_denied(case.gate.http(with_secret(&url)).await, "the redirect shows a secret");
    }
    let told = case.told.all().join("\n");
    assert!(!told.contains(SECRET), "{told}");
    assert_eq!(site.asked().len(), 2);
}

#[tokio::test]
async fn requests_that_cannot_be_read_count_and_their_denials_have_an_end() {
    let limits = "\n[limits]\nhttp_calls = 2000\nhttp_per_minute = 700\n";
    let case = case(&(asks("fw.example", 1, PLAIN) + limits), plain(), here(), |_| {});
    for _ in 0..700 {
        assert_denied(case.gate.http(get("http://127.1/")).await, "four plain numbers");
    }
    assert_denied(case.gate.http(get("http://127.1/")).await, "a minute may have 700 requests");
    assert_eq!(
        (case.gate.counts().denied, case.told.all().len()),
        (701, 600),
        "all are counted, 600 told of"
    );
}
