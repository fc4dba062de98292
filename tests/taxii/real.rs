use std::time::Duration;

use autosec_core::time::{SystemClock, Timestamp};
use autosec_integrations::feed::stix::{BundleReader, StixLimits};
use autosec_integrations::feed::taxii::{
    Cursor, Step, TaxiiError, TaxiiLogin, TaxiiServer, discover, next_page,
};
use autosec_integrations::secret::FixedSecrets;
use autosec_integrations::transport::HttpClient;
use http::{HeaderValue, Request, header};
use serde_json::{Value, json};

use super::medallion::{COLLECTION, Medallion};
use super::{Found, client, id, indicator, run};

/// Seven indicators, three of which came at one moment, and far behind the first what it indicates.
fn objects() -> Vec<(Value, &'static str)> {
    let malware = json!({
        "type": "malware", "spec_version": "2.1", "id": id("malware", 1), "name": "Emotet", "is_family": true,
        "created": "2026-11-01T00:00:00.000Z", "modified": "2026-11-01T00:00:00.000Z",
    });
    let relation = json!({
        "type": "relationship", "spec_version": "2.1", "id": id("relationship", 1), "relationship_type": "indicates",
        "source_ref": id("indicator", 1), "target_ref": id("malware", 1),
        "created": "2026-11-01T00:00:00.000Z", "modified": "2026-11-01T00:00:00.000Z",
    });
    vec![
        (indicator(1), "2026-01-01T00:00:01.000000Z"),
        (indicator(2), "2026-01-01T00:00:02.000000Z"),
        (indicator(3), "2026-01-01T00:00:03.000000Z"),
        (indicator(4), "2026-01-01T00:00:03.000000Z"),
        (indicator(5), "2026-01-01T00:00:03.000000Z"),
        (indicator(6), "2026-01-01T00:00:06.000000Z"),
        (indicator(7), "2026-01-01T00:00:07.000000Z"),
        (malware, "2026-01-01T00:00:08.000000Z"),
        (relation, "2026-01-01T00:00:09.123456Z"),
    ]
}

fn ids(numbers: impl Iterator<Item = u32>) -> Vec<String> {
    numbers.map(|number| id("indicator", number)).collect()
}

async fn logged_in(server: &Medallion, password: &str) -> TaxiiServer {
    let login = TaxiiLogin::Basic { user: "admin".to_owned(), password: "taxii".to_owned() };
    let secrets = FixedSecrets::default().with("taxii", password);
    let authorization = login.authorization(&secrets).await.unwrap();
    TaxiiServer::new(&server.url("/taxii2/")).unwrap().with_authorization(authorization)
}

#[tokio::test]
async fn a_real_server_is_read_to_its_end() {
    let Some(medallion) = Medallion::start("taxii::real", &objects()) else { return };
    let (http, server) = (client(), logged_in(&medallion, "Password0").await);
    finds_out(&http, &server, &medallion).await;
    refusals(&http, &server, &medallion).await;

    let mut sync = server.collection("/api1/", COLLECTION, Cursor::default()).unwrap();
    let (found, report) = run(&http, &mut sync).await.unwrap();
    assert_eq!(found.ids(), ids(1..=7));
    assert_eq!((report.objects, report.plain, report.relationships), (9, 7, 1));
    let first = found.0.iter().find(|one| *one.id == id("indicator", 1)).unwrap();
    assert_eq!(&*first.tags[0], "malware:Emotet", "pages belong together");
    let end = Timestamp::parse("2026-01-01T00:00:09.123456Z").unwrap();
    assert_eq!(sync.cursor().added_after, Some(end));

    // After a restart nothing is new; then something is.
    let kept = serde_json::to_string(&sync.cursor()).unwrap();
    let cursor: Cursor = serde_json::from_str(&kept).unwrap();
    let mut sync = server.collection("/api1/", COLLECTION, cursor).unwrap();
    let (found, _) = run(&http, &mut sync).await.unwrap();
    assert!(found.0.is_empty() && sync.cursor() == cursor, "{:?}", found.ids());
    add(&http, &server, 8).await;
    let mut sync = server.collection("/api1/", COLLECTION, cursor).unwrap();
    assert_eq!(run(&http, &mut sync).await.unwrap().0.ids(), ids(8..=8));
    assert!(sync.cursor().added_after > cursor.added_after);

    expires(&http, &server).await;
    grows_while_read(&http, &server).await;
}

/// Pages that are gone when they are asked for, in the middle of what was added at one moment.
async fn expires(http: &dyn HttpClient, server: &TaxiiServer) {
    let mut sync = server.collection("/api1/", COLLECTION, Cursor::default()).unwrap();
    let reader = BundleReader::new("partner", StixLimits::default());
    let mut found = Found::default();
    let mut pages = reader.pages(&mut found);
    let first = next_page(http, &SystemClock, &mut sync).await.unwrap().unwrap();
    pages.read(&first.body[..]).unwrap();
    // Sessions live for two seconds and are looked at every second.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let answer = http.send(sync.next().unwrap()).await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(sync.answer(answer).unwrap(), Step::Again);
    while let Some(page) = next_page(http, &SystemClock, &mut sync).await.unwrap() {
        pages.read(&page.body[..]).unwrap();
    }
    let report = pages.finish();
    assert_eq!(found.ids(), ids(1..=8));
    assert!(report.outdated >= 1, "what came at the last date comes twice");
}

/// Something is added between two pages: it comes in this run or in the next.
async fn grows_while_read(http: &dyn HttpClient, server: &TaxiiServer) {
    let mut sync = server.collection("/api1/", COLLECTION, Cursor::default()).unwrap();
    let first = next_page(http, &SystemClock, &mut sync).await.unwrap().unwrap();
    let mut found = Found::default();
    BundleReader::new("partner", StixLimits::default()).read(&first.body[..], &mut found).unwrap();
    add(http, server, 9).await;
    let (rest, _) = run(http, &mut sync).await.unwrap();
    let mut next = server.collection("/api1/", COLLECTION, sync.cursor()).unwrap();
    let (later, _) = run(http, &mut next).await.unwrap();
    found.0.extend(rest.0.into_iter().chain(later.0));
    assert_eq!(found.ids(), ids(1..=9));
}

async fn finds_out(http: &dyn HttpClient, server: &TaxiiServer, medallion: &Medallion) {
    let catalog = discover(http, &SystemClock, server.discovery()).await.unwrap();
    assert_eq!(catalog.title.as_deref(), Some("A server"));
    assert_eq!(catalog.roots.len(), 1, "{catalog:?}");
    assert_eq!(catalog.roots[0].url, medallion.url("/api1/"));
    assert_eq!(catalog.roots[0].collections[0].id, COLLECTION);
    assert!(catalog.roots[0].collections[0].can_read);
    assert!(matches!(catalog.refused[..], [TaxiiError::Foreign { .. }]), "{:?}", catalog.refused);
    let wide = server.clone().allowing(&format!("http://localhost:{}/", medallion.port)).unwrap();
    let catalog = discover(http, &SystemClock, wide.discovery()).await.unwrap();
    assert_eq!((catalog.roots.len(), catalog.refused.len()), (2, 0), "{catalog:?}");
    let one = discover(http, &SystemClock, server.root("/api1/").unwrap()).await.unwrap();
    assert_eq!(one.roots, catalog.roots[..1]);
}

async fn refusals(http: &dyn HttpClient, server: &TaxiiServer, medallion: &Medallion) {
    let stranger = TaxiiServer::new(&medallion.url("/taxii2/")).unwrap();
    for server in [stranger, logged_in(medallion, "hunter2").await] {
        let error = discover(http, &SystemClock, server.discovery()).await.unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(
            matches!(&error, TaxiiError::Unauthorized { offers, .. } if offers.starts_with("Basic")),
            "{said}"
        );
        assert!(!said.contains("hunter2") && !said.contains("aHVudGVyMg"), "{said}");
    }
    let mut nowhere = server.collection("/api1/", "nothing-here", Cursor::default()).unwrap();
    let error = run(http, &mut nowhere).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, TaxiiError::NotFound { .. }), "{error}");

    let mut old = server.collection("/api1/", COLLECTION, Cursor::default()).unwrap();
    let mut request = old.next().unwrap();
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("text/html"));
    let error = old.answer(http.send(request).await.unwrap()).unwrap_err();
    assert!(matches!(error, TaxiiError::Version { status: 406, .. }), "{error}");
}

/// Adds an indicator, as its publisher does.
async fn add(http: &dyn HttpClient, server: &TaxiiServer, number: u32) {
    let mut like = server.collection("/api1/", COLLECTION, Cursor::default()).unwrap();
    let (mut head, _) = like.next().unwrap().into_parts();
    head.method = http::Method::POST;
    head.uri = head.uri.to_string().split('?').next().unwrap().parse().unwrap();
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/taxii+json;version=2.1"));
    let body = json!({"objects": [indicator(number)]}).to_string().into_bytes();
    let answer = http.send(Request::from_parts(head, body)).await.unwrap();
    assert_eq!(answer.status(), 202, "{}", String::from_utf8_lossy(answer.body()));
}
