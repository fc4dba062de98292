use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use autosec_core::time::SystemClock;
use autosec_integrations::feed::taxii::{Cursor, TaxiiError, TaxiiLimits, TaxiiServer, discover};
use serde_json::json;

use super::{client, id, indicator, run};
use crate::support::web::{Answer, Asked, Web};

/// A page with one indicator.
fn page(number: u32, more: bool) -> Answer {
    let body = json!({"more": more, "next": "n", "objects": [indicator(number)]});
    let mut answer = Answer::new(body.to_string());
    answer.headers.push(("X-TAXII-Date-Added-Last", format!("2026-11-22T12:00:{number:02}.000000Z")));
    answer
}

fn status(status: u16, headers: &[(&'static str, &str)]) -> Answer {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Answer { status, headers, ..Answer::new("<html>busy</html>") }
}

async fn serve(answer: impl Fn(usize, Asked) -> Answer + Send + Sync + 'static) -> (Web, TaxiiServer) {
    let asked = AtomicUsize::new(0);
    let site = move |request| answer(asked.fetch_add(1, Ordering::SeqCst), request);
    let web = Web::start(Arc::new(site), None).await;
    let server = TaxiiServer::new(&web.url("http")).unwrap();
    (web, server)
}

#[tokio::test]
async fn a_busy_server_is_waited_for() {
    let (_web, server) = serve(|turn, asked| match turn {
        0 => status(429, &[("Retry-After", "1")]),
        1 => page(1, true),
        2 => status(429, &[("Retry-After", "0")]),
        3 if asked.line.contains("next=n") => page(2, true),
        4 => status(503, &[("Retry-After", "Sun, 22 Nov 2020 12:00:00 GMT")]),
        // Nobody knows whether the page counts as given: the last date is asked for again.
        5 if asked.line.contains("added_after=2026-11-22T12%3A00%3A01.999999Z") => page(2, true),
        6 => page(3, false),
        _ => panic!("turn {turn} is asked {}", asked.line),
    })
    .await;
    let mut sync = server.collection("/api1/", "c", Cursor::default()).unwrap();
    let begun = Instant::now();
    let (found, _) = run(&client(), &mut sync).await.unwrap();
    assert_eq!(found.ids(), [1, 2, 3].map(|number| id("indicator", number)));
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_connection_that_breaks_off_loses_nothing() {
    let (_web, server) = serve(|turn, asked| match turn {
        0 => page(1, true),
        1 => Answer { cut: Some(20), ..page(2, true) },
        2 if asked.line.contains("added_after=2026-11-22T12%3A00%3A00.999999Z") => page(1, true),
        _ => page(2, false),
    })
    .await;
    let mut sync = server.collection("/api1/", "c", Cursor::default()).unwrap();
    let error = run(&client(), &mut sync).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, TaxiiError::Transport { .. }), "{error}");
    let (found, report) = run(&client(), &mut sync).await.unwrap();
    assert_eq!((found.ids().len(), report.plain), (2, 2));
}

#[tokio::test]
async fn one_that_stays_busy_or_floods_is_given_up() {
    let (_web, server) = serve(|_, _| status(429, &[("Retry-After", "0")])).await;
    let mut sync = server.collection("/api1/", "c", Cursor::default()).unwrap();
    let error = run(&client(), &mut sync).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, TaxiiError::Busy { .. }), "{error}");
    let error = discover(&client(), &SystemClock, server.discovery()).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, TaxiiError::Busy { .. }), "{error}");

    let (_web, server) = serve(|turn, _| page(u32::try_from(turn % 50).unwrap(), true)).await;
    let server = server.with_limits(TaxiiLimits { pages: 7, ..TaxiiLimits::default() });
    let mut sync = server.collection("/api1/", "c", Cursor::default()).unwrap();
    let error = run(&client(), &mut sync).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, TaxiiError::TooMany { limit: 7, .. }), "{error}");

    let (_web, server) = serve(|_, _| Answer::new(vec![b' '; 2_000])).await;
    let server = server.with_limits(TaxiiLimits { answer_bytes: 1_000, ..TaxiiLimits::default() });
    let mut sync = server.collection("/api1/", "c", Cursor::default()).unwrap();
    let error = run(&client(), &mut sync).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, TaxiiError::Large { limit: 1_000, .. }), "{error}");
}
