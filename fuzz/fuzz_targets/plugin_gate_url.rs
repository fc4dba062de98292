//! Any request of a plugin: what leaves goes to the host, the paths and the address that were granted, and nowhere else.
#![no_main]

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use autosec_integrations::plugin::gate::Gate;
use autosec_integrations::plugin::interface::{Header, HttpRequest, Services};
use autosec_integrations::plugin::manifest::{Capabilities, Excess, Grant, Manifest};
use autosec_integrations::transport::{HttpClient, Resolver, Route};
use http::{Request, Response};
use libfuzzer_sys::fuzz_target;

const MANIFEST: &str = "[plugin]\nid = 'a'\nversion = '1'\napi = 'autosec:firewall@0.1'\nkind = 'wasm'\nfile = 'a'\n\
    sha256 = '0000000000000000000000000000000000000000000000000000000000000000'\n\
    [limits]\nhttp_per_minute = 12000\n\
    [[http]]\nhost = 'fw.example'\nmethods = ['GET', 'POST']\npaths = ['/api/**']\nredirects = 3\n";

const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));

/// Judges what arrives, and sends it on to where the input says.
#[derive(Debug)]
struct Judge(String);

#[async_trait]
impl HttpClient for Judge {
    async fn send(&self, _request: Request<Vec<u8>>) -> io::Result<Response<Vec<u8>>> {
        panic!("it was sent to no address");
    }

    async fn send_to(&self, request: Request<Vec<u8>>, route: Route) -> io::Result<Response<Vec<u8>>> {
        let url = request.uri();
        assert_eq!((url.scheme_str(), url.host(), url.port_u16().unwrap_or(443)), (Some("https"), Some("fw.example"), 443));
        let dots = url.path().split('/').any(|part| [".", ".."].contains(&part));
        assert!(url.path().starts_with("/api/") && !dots, "{url}");
        assert!(route.address == ADDRESS && request.headers()["host"] == "fw.example");
        assert!(["GET", "POST"].contains(&request.method().as_str()));
        let mut answer = Response::new(Vec::new());
        if let Ok(location) = self.0.parse() {
            *answer.status_mut() = http::StatusCode::FOUND;
            answer.headers_mut().insert("location", location);
        }
        Ok(answer)
    }
}

#[derive(Debug)]
struct Public;

#[async_trait]
impl Resolver for Public {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        assert_eq!(name, "fw.example");
        Ok(vec![ADDRESS])
    }
}

fuzz_target!(|input: (&str, &str, &str, &str)| {
    let (method, url, header, location) = input;
    let manifest = Manifest::parse("fuzz", MANIFEST).expect("the manifest is fine");
    let grant = Grant::as_asked(&manifest);
    let config = serde_json::Value::Null;
    let capabilities = Capabilities::new(&manifest, &[&grant], &config, Excess::Refuse).expect("it is granted");
    let judge = Arc::new(Judge(location.to_owned()));
    let gate = Gate::builder(capabilities).client(judge).resolver(Arc::new(Public)).build();
    let (name, value) = header.split_once(':').unwrap_or((header, ""));
    let request = |method: &str, url: &str| HttpRequest {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: vec![Header { name: name.to_owned(), value: value.to_owned() }],
        body: Vec::new(),
        timeout_ms: None,
        secrets: Vec::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async {
        for (method, url) in [(method, url.to_owned()), ("GET", format!("https://fw.example/{url}"))] {
            let mut call = pin!(gate.http(request(method, &url)));
            let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(polled, Poll::Ready(_)), "it waits for something");
        }
    });
});
