//! The embedded HTTPS client against real servers on loopback.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use autosec_integrations::transport::{Fingerprint, HttpClient, HttpsClient, HttpsConfig, Trust};
use http::{HeaderValue, Method, Request, Response};
use tokio::net::TcpListener;

use crate::support::web::{Answer, Asked, Identity, Web};

const SECRET: &str = "LUFRPT1-this-is-secret";

fn client(trust: Trust) -> HttpsClient {
    HttpsClient::new(HttpsConfig { trust, ..HttpsConfig::default() }).unwrap()
}

/// A client of plain servers, which trusts nobody over TLS.
fn plain() -> HttpsClient {
    client(Trust::Pinned(Vec::new()))
}

async fn post(client: &HttpsClient, url: &str) -> io::Result<Response<Vec<u8>>> {
    let mut request = Request::new(b"a=1".to_vec());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = format!("{url}/api/?token={SECRET}").parse().unwrap();
    let mut key = HeaderValue::from_static(SECRET);
    key.set_sensitive(true);
    request.headers_mut().insert("x-key", key);
    client.send(request).await
}

async fn web(identity: Option<&Identity>, answer: Answer) -> Web {
    Web::start(Arc::new(move |_: Asked| answer.clone()), identity.map(|identity| identity.tls.clone())).await
}

fn assert_failed(answer: io::Result<Response<Vec<u8>>>, words: &str) {
    let error = answer.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains(words), "{text}");
    assert!(!text.contains(SECRET), "{text}");
    assert!(text.contains("/api/`"), "it says which server: {text}");
}

#[tokio::test]
async fn trusts_whom_it_was_told_to_trust() {
    let own = Identity::new("127.0.0.1");
    let other = Identity::new("127.0.0.1");
    let named = Identity::new("fw.example");
    let server = web(Some(&own), Answer::new("hello")).await;
    let misnamed = web(Some(&named), Answer::new("hello")).await;
    let pin = |identity: &Identity| Fingerprint::of(&identity.certificate);
    let authority = |identity: &Identity| identity.authority.clone();
    let (url, misnamed) = (server.url("https"), misnamed.url("https"));

    for trust in [
        Trust::Pinned(vec![pin(&own)]),
        Trust::Pinned(vec![pin(&other), pin(&own)]),
        Trust::Only(authority(&own)),
        Trust::Only([authority(&other), authority(&own)].concat()),
    ] {
        let answer =
            post(&client(trust.clone()), &url).await.unwrap_or_else(|error| panic!("{trust:?}: {error}"));
        assert_eq!((answer.status().as_u16(), answer.body().as_slice()), (200, &b"hello"[..]));
    }
    let not_pinned = format!("its certificate has the fingerprint {}, which is not pinned", pin(&own));
    assert_failed(post(&client(Trust::Pinned(vec![pin(&other)])), &url).await, &not_pinned);
    assert_failed(post(&plain(), &url).await, &not_pinned);
    assert_failed(post(&client(Trust::Only(authority(&other))), &url).await, "invalid peer certificate");
    // The name counts where an authority vouches for it, and not where the certificate itself is known.
    assert_failed(post(&client(Trust::Only(authority(&named))), &misnamed).await, "invalid peer certificate");
    assert!(post(&client(Trust::Pinned(vec![pin(&named)])), &misnamed).await.is_ok());
}

/// A server that shows a pinned certificate without having its key, as an attacker in between could.
#[tokio::test]
async fn a_pinned_certificate_is_worth_nothing_without_its_key() {
    let own = Identity::new("127.0.0.1");
    let thief = Identity::thief(&own);
    let server = web(Some(&thief), Answer::new("hello")).await;
    let trust = Trust::Pinned(vec![Fingerprint::of(&own.certificate)]);
    assert_failed(post(&client(trust), &server.url("https")).await, "invalid peer certificate: BadSignature");
}

#[tokio::test]
async fn takes_no_more_than_it_is_to_take() {
    let whole = vec![b'x'; 100_000];
    let server = web(None, Answer::new(whole.clone())).await;
    let limited = |largest_answer| {
        let trust = Trust::Pinned(Vec::new());
        HttpsClient::new(HttpsConfig { trust, largest_answer, ..HttpsConfig::default() }).unwrap()
    };
    let url = server.url("http");
    assert_eq!(post(&limited(100_000), &url).await.unwrap().into_body(), whole);
    let error = post(&limited(99_999), &url).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert_failed(Err(error), "answered more than 99999 bytes");
}

#[tokio::test]
async fn tells_of_exchanges_that_break_off() {
    let half = Answer { cut: Some(50), ..Answer::new(vec![b'x'; 100]) };
    let server = web(None, half).await;
    assert_failed(post(&plain(), &server.url("http")).await, "error");
    let nothing = Answer { cut: Some(0), ..Answer::new("") };
    let server = web(None, nothing).await;
    assert_failed(post(&plain(), &server.url("http")).await, "connection closed before message completed");
    let url = server.url("http");
    drop(server);
    tokio::task::yield_now().await;
    let error = post(&plain(), &url).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "{error}");
    assert_failed(Err(error), "refused");
}

#[tokio::test]
async fn gives_up_connecting_in_time() {
    // It accepts nothing: TCP connects, and TLS waits for ever.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = HttpsConfig {
        trust: Trust::Pinned(Vec::new()),
        connect_within: Duration::from_millis(100),
        ..HttpsConfig::default()
    };
    let begun = Instant::now();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let error = post(&HttpsClient::new(config).unwrap(), &url).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn follows_no_redirect_and_keeps_its_connection() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let site = move |_: Asked| {
        counter.fetch_add(1, Ordering::SeqCst);
        let location = vec![("Location", "http://127.0.0.1:9/elsewhere".to_owned())];
        Answer { status: 302, headers: location, ..Answer::new("") }
    };
    let server = Web::start(Arc::new(site), None).await;
    let client = plain();
    for _ in 0..3 {
        assert_eq!(post(&client, &server.url("http")).await.unwrap().status(), 302);
    }
    assert_eq!((asked.load(Ordering::SeqCst), server.connections()), (3, 1));
}
