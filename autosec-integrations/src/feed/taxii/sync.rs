use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use autosec_core::time::Timestamp;
use http::{Request, Response, StatusCode, Uri};

use super::answer::{Answer, Envelope, judge, last_added, read};
use super::server::escaped;
use super::{Cursor, RetryAfter, TaxiiError, TaxiiServer};
use crate::transport::shown;

/// Reads what was added to a collection: requests out, answers in. [The module](super) shows how.
///
/// Asking for the [next](Self::next) request again without having answered the last one says that its answer was lost.
/// Servers may count such a page as given, so reading goes on at the last date that is known to be read; some objects then
/// come twice. The same happens after an error and after an expired page.
#[derive(Clone, Debug)]
pub struct CollectionSync {
    server: TaxiiServer,
    url: Uri,
    /// Where a run after this one begins.
    cursor: Cursor,
    /// What the pages of the current query were asked with: servers want the same with every page.
    query: Cursor,
    next: Option<String>,
    /// When the last object was added, of all that were read.
    last: Option<Timestamp>,
    /// The page before, in short.
    previous: Option<u64>,
    is_asked: bool,
    is_done: bool,
    pages: u64,
    idle: u32,
    restarts: u32,
    waits: u32,
}

/// What became of an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// A page of objects, for [`BundlePages::read`](crate::feed::stix::BundlePages::read).
    Page(Page),
    /// The server is busy: ask on after this.
    Wait(RetryAfter),
    /// The page has expired: ask on, from the last date.
    Again,
}

/// A page of objects.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// The envelope with the objects, as it came.
    pub body: Vec<u8>,
    /// How many objects are in it.
    pub objects: usize,
}

/// The longest name of a next page, in bytes.
const LONGEST_NEXT: usize = 4_096;

impl CollectionSync {
    pub(super) fn new(server: TaxiiServer, url: Uri, cursor: Cursor) -> Self {
        Self {
            server,
            url,
            cursor,
            query: cursor,
            next: None,
            last: None,
            previous: None,
            is_asked: false,
            is_done: false,
            pages: 0,
            idle: 0,
            restarts: 0,
            waits: 0,
        }
    }

    /// The next request; none when everything is read, or after an error that trying again does not help.
    #[expect(clippy::should_implement_trait, reason = "an iterator could not be answered")]
    pub fn next(&mut self) -> Option<Request<Vec<u8>>> {
        if self.is_done {
            return None;
        }
        if self.is_asked {
            self.restart();
        }
        let mut query = format!("limit={}", self.server.limits.page.max(1));
        if let Some(time) = self.query.added_after {
            query.push_str(&format!("&added_after={}", escaped(&time.to_string())));
        }
        if let Some(next) = &self.next {
            query.push_str(&format!("&next={}", escaped(next)));
        }
        self.is_asked = true;
        self.server.request(&self.url, &query).ok()
    }

    /// Takes the answer to the last request.
    ///
    /// # Errors
    /// The server refuses the request or fails, answers with something else or with too much, or paging does not get
    /// further. The cursor stays good.
    pub fn answer(&mut self, response: Response<Vec<u8>>) -> Result<Step, TaxiiError> {
        self.is_asked = false;
        if response.status() == StatusCode::BAD_REQUEST && self.next.is_some() {
            return self.expired().map(|()| Step::Again);
        }
        let added = last_added(response.headers());
        let step = judge(response, shown(&self.url), &self.server.limits).and_then(|answer| match answer {
            Answer::Body(body) => self.page(body, added),
            Answer::Wait { after, untouched } => self.wait(after, untouched),
        });
        if step.is_err() {
            self.restart();
        }
        step
    }

    /// Where the next run begins: to be kept once all pages that came until now are.
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// Whether everything was read.
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    pub(super) fn url(&self) -> String {
        shown(&self.url)
    }

    fn page(&mut self, body: Vec<u8>, added: Option<Timestamp>) -> Result<Step, TaxiiError> {
        let envelope: Envelope = read(&body, &shown(&self.url))?;
        let objects = envelope.objects.map_or(0, |objects| objects.len());
        let more = envelope.more.unwrap_or(false);
        self.waits = 0;
        self.pages += 1;
        if self.pages > self.server.limits.pages {
            self.is_done = true;
            return Err(TaxiiError::TooMany { url: self.url(), limit: self.server.limits.pages });
        }
        if more {
            self.hold_to_progress(&body, objects)?;
        }
        let next = envelope.next.map(|next| match next {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        });
        if next.as_ref().is_some_and(|next| next.len() > LONGEST_NEXT) {
            let why = format!("the name of the next page has more than {LONGEST_NEXT} bytes");
            return Err(TaxiiError::Strange { url: self.url(), why });
        }
        self.advance(added, more);
        match (more, next) {
            (false, _) => self.is_done = true,
            (true, Some(next)) => self.next = Some(next),
            // A server without pages: what it has more was added later.
            (true, None) => match added {
                Some(added) => (self.next, self.query) = (None, Cursor::after(added)),
                None => return Err(self.stuck("there is more, and it does not say where")),
            },
        }
        Ok(Step::Page(Page { body, objects }))
    }

    /// Moves the cursor behind what was read.
    fn advance(&mut self, added: Option<Timestamp>, more: bool) {
        if added > self.last {
            self.last = added;
            self.restarts = 0;
        }
        if let Some(last) = self.last {
            let cursor = if more { Cursor::within(last) } else { Cursor::after(last) };
            // What a server says of times never leads back behind where we began.
            self.cursor = Cursor { added_after: cursor.added_after.max(self.cursor.added_after) };
        }
    }

    /// A name that comes again is no sign of a loop, since some servers give every page the same; a page that comes again is.
    fn hold_to_progress(&mut self, body: &[u8], objects: usize) -> Result<(), TaxiiError> {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let digest = Some(hasher.finish());
        self.idle = if objects == 0 || digest == self.previous { self.idle + 1 } else { 0 };
        self.previous = digest;
        if self.idle > self.server.limits.idle_pages {
            return Err(self.stuck("page after page brings nothing new"));
        }
        Ok(())
    }

    fn wait(&mut self, after: RetryAfter, untouched: bool) -> Result<Step, TaxiiError> {
        self.waits += 1;
        if self.waits > self.server.limits.waits {
            self.waits = 0;
            return Err(TaxiiError::Busy { url: self.url(), after });
        }
        if !untouched {
            self.restart();
        }
        Ok(Step::Wait(after))
    }

    fn expired(&mut self) -> Result<(), TaxiiError> {
        self.restarts += 1;
        self.restart();
        if self.restarts > self.server.limits.restarts {
            return Err(self.stuck("its pages expire before they can be asked for"));
        }
        Ok(())
    }

    /// Goes on at the last date.
    fn restart(&mut self) {
        (self.next, self.query, self.previous, self.is_asked) = (None, self.cursor, None, false);
    }

    fn stuck(&mut self, why: &'static str) -> TaxiiError {
        self.is_done = true;
        TaxiiError::Stuck { url: self.url(), why }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::header;

    use super::*;

    const ID: &str = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";

    fn sync() -> CollectionSync {
        let server = TaxiiServer::new("https://taxii.example/taxii2/").unwrap();
        server.collection("/api1/", ID, Cursor::default()).unwrap()
    }

    fn said(status: u16, body: &str, headers: &[(&'static str, &str)]) -> Response<Vec<u8>> {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        response.body(body.as_bytes().to_vec()).unwrap()
    }

    /// A page with an object of this name, the last of which was added at this second.
    fn page(name: &str, more: bool, second: u8) -> Response<Vec<u8>> {
        let body = format!(r#"{{"more": {more}, "next": "1", "objects": [{{"id": "{name}"}}]}}"#);
        let added = format!("2026-11-22T12:00:{second:02}.000000Z");
        said(200, &body, &[("X-TAXII-Date-Added-Last", &added)])
    }

    fn query(sync: &mut CollectionSync) -> String {
        sync.next().map(|request| request.uri().query().unwrap().to_owned()).unwrap_or_default()
    }

    fn is_page(step: Result<Step, TaxiiError>) -> bool {
        matches!(step, Ok(Step::Page(_)))
    }

    #[test]
    fn every_page_is_asked_for_with_the_same_words() {
        let mut sync = sync();
        assert_eq!(query(&mut sync), "limit=1000");
        assert!(is_page(sync.answer(page("a", true, 1))));
        assert_eq!(query(&mut sync), "limit=1000&next=1");
        assert!(is_page(sync.answer(page("b", true, 2))));
        assert_eq!(query(&mut sync), "limit=1000&next=1", "the same name is no loop");
        assert!(is_page(sync.answer(page("c", false, 3))));
        assert!(sync.next().is_none() && sync.is_done());
        let end = Timestamp::parse("2026-11-22T12:00:03Z").unwrap();
        assert_eq!(sync.cursor().added_after, Some(end));
    }

    #[test]
    fn an_expired_page_leads_back_to_the_last_date() {
        let mut sync = sync();
        query(&mut sync);
        assert!(is_page(sync.answer(page("a", true, 1))));
        for _ in 0..5 {
            query(&mut sync);
            assert_eq!(sync.answer(said(400, "{}", &[])).unwrap(), Step::Again);
            assert_eq!(query(&mut sync), "limit=1000&added_after=2026-11-22T12%3A00%3A00.999999Z");
            assert!(is_page(sync.answer(page("a", true, 1))));
        }
        query(&mut sync);
        assert!(matches!(sync.answer(said(400, "{}", &[])), Err(TaxiiError::Stuck { .. })));
        assert!(sync.next().is_none() && sync.cursor().added_after.is_some());
    }

    #[test]
    fn a_lost_answer_leads_back_to_the_last_date() {
        let mut sync = sync();
        query(&mut sync);
        assert!(is_page(sync.answer(page("a", true, 1))));
        assert_eq!(query(&mut sync), "limit=1000&next=1");
        assert_eq!(query(&mut sync), "limit=1000&added_after=2026-11-22T12%3A00%3A00.999999Z");
    }

    #[test]
    fn what_brings_nothing_new_ends() {
        let mut idle = sync();
        let mut pages = 0;
        let error = loop {
            query(&mut idle);
            match idle.answer(page("a", true, 1)) {
                Ok(_) => pages += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, TaxiiError::Stuck { .. }) && pages == 4, "{pages}: {error}");

        let mut silent = sync();
        query(&mut silent);
        let step = silent.answer(said(200, r#"{"more": true, "objects": [{}]}"#, &[]));
        assert!(matches!(step, Err(TaxiiError::Stuck { .. })) && silent.next().is_none());

        let limits = crate::feed::taxii::TaxiiLimits { pages: 2, ..Default::default() };
        let server = TaxiiServer::new("https://taxii.example/").unwrap().with_limits(limits);
        let mut many = server.collection("/api1/", ID, Cursor::default()).unwrap();
        for name in ["a", "b"] {
            query(&mut many);
            assert!(is_page(many.answer(page(name, true, 1))));
        }
        query(&mut many);
        assert!(matches!(many.answer(page("c", true, 1)), Err(TaxiiError::TooMany { limit: 2, .. })));
        assert!(many.next().is_none());
    }

    #[test]
    fn a_busy_server_is_left_alone() {
        let mut sync = sync();
        query(&mut sync);
        assert!(is_page(sync.answer(page("a", true, 1))));
        query(&mut sync);
        let step = sync.answer(said(429, "", &[("Retry-After", "7")])).unwrap();
        assert_eq!(step, Step::Wait(RetryAfter::Span(Duration::from_secs(7))));
        assert_eq!(query(&mut sync), "limit=1000&next=1", "it did nothing");
        sync.answer(said(503, "", &[])).unwrap();
        assert!(query(&mut sync).contains("added_after"), "it may have done something");
        let ended = (0..20).find_map(|_| {
            query(&mut sync);
            sync.answer(said(429, "", &[])).err()
        });
        assert!(matches!(ended, Some(TaxiiError::Busy { .. })), "{ended:?}");
    }

    #[test]
    fn an_empty_result_is_the_end() {
        let mut sync = sync();
        query(&mut sync);
        let Step::Page(page) = sync.answer(said(200, "{}", &[])).unwrap() else { panic!("it is a page") };
        assert_eq!((page.objects, sync.next().is_none(), sync.cursor()), (0, true, Cursor::default()));
    }

    #[test]
    fn each_failure_has_its_name_and_the_cursor_stays() {
        let too_long = format!(r#"{{"more": true, "next": "{}"}}"#, "x".repeat(5_000));
        for (status, body, part) in [
            (401, "no", "refuses the credentials"),
            (403, "", "is not for this user"),
            (404, "{}", "does not exist"),
            (406, "", "does not speak TAXII 2.1 (status 406)"),
            (415, "", "does not speak TAXII 2.1 (status 415)"),
            (400, r#"{"title": "bad", "http_status": "400"}"#, "(status 400): bad"),
            (302, "", "it sends us to `https://evil.example/`"),
            (500, "<html>", "failed (status 500): it does not say why"),
            (200, "<html>", "it is a web page"),
            (200, "", "it is empty"),
            (200, "[]", "it is no JSON object"),
            (200, r#"{"objects": [{}"#, "EOF"),
            (200, r#"{"objects": 5}"#, "invalid type"),
            (200, &too_long, "more than 4096 bytes"),
        ] {
            let mut sync = sync();
            query(&mut sync);
            let headers = [("Location", "https://evil.example/"), ("WWW-Authenticate", "Basic realm=\"x\"")];
            let error = sync.answer(said(status, body, &headers)).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains("taxii.example"), "{status} {body}: {error}");
            assert_eq!((sync.cursor(), query(&mut sync).as_str()), (Cursor::default(), "limit=1000"));
        }
    }

    #[tokio::test]
    async fn no_secret_is_shown() {
        let secrets = crate::secret::FixedSecrets::default().with("key", "hunter2");
        for login in [
            crate::feed::taxii::TaxiiLogin::Basic { user: "eve".into(), password: "key".into() },
            crate::feed::taxii::TaxiiLogin::Bearer { token: "key".into() },
            crate::feed::taxii::TaxiiLogin::Key { header: "X-Api-Key".into(), key: "key".into() },
        ] {
            let authorization = login.authorization(&secrets).await.unwrap();
            let server =
                TaxiiServer::new("https://taxii.example/").unwrap().with_authorization(authorization);
            let mut sync = server.collection("/api1/", ID, Cursor::default()).unwrap();
            let request = sync.next().unwrap();
            let sent = request.headers().get("X-Api-Key").or(request.headers().get(header::AUTHORIZATION));
            assert!(sent.unwrap().is_sensitive());
            let shown = format!("{server:?} {sync:?} {request:?}");
            assert!(!shown.contains("hunter2") && !shown.contains("ZXZlOmh1bnRlcjI"), "{shown}");
        }
    }

    #[test]
    fn every_cut_of_a_page_is_an_error() {
        let whole = r#"{"more": false, "objects": [{"id": "a"}, {"id": "b"}]}"#;
        for cut in 0..whole.len() {
            let mut sync = sync();
            query(&mut sync);
            assert!(sync.answer(said(200, &whole[..cut], &[])).is_err(), "{cut}");
        }
    }
}
