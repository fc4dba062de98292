use std::collections::VecDeque;

use http::{Request, Response, Uri};
use serde::Deserialize;

use super::answer::{Answer, judge, read};
use super::server::{MEDIA_TYPE, below};
use super::{RetryAfter, TaxiiError, TaxiiServer};
use crate::transport::shown;

/// Finds out what a server has: requests out, answers in.
#[derive(Debug)]
pub struct Discovery {
    server: TaxiiServer,
    /// What is still to be asked, the first of it now.
    open: VecDeque<Question>,
    found: Catalog,
    /// Whether the server named its roots.
    is_listed: bool,
    waits: u32,
}

/// What a server has.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Catalog {
    /// The server's title.
    pub title: Option<String>,
    /// The API root to take if there is no other wish.
    pub default: Option<String>,
    /// Its API roots, as far as they could be asked.
    pub roots: Vec<ApiRoot>,
    /// Why others could not.
    pub refused: Vec<TaxiiError>,
}

/// Collections that belong together.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
#[non_exhaustive]
pub struct ApiRoot {
    /// Its URL.
    #[serde(skip)]
    pub url: String,
    /// Its title.
    pub title: Option<String>,
    /// The versions of TAXII that it speaks.
    pub versions: Vec<String>,
    /// The longest request that it takes, in bytes.
    pub max_content_length: Option<u64>,
    /// What it has.
    #[serde(skip)]
    pub collections: Vec<Collection>,
}

/// A set of objects.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
#[non_exhaustive]
pub struct Collection {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Whether this user may read it.
    pub can_read: bool,
    /// Whether this user may add to it.
    pub can_write: bool,
    /// What its objects are.
    pub media_types: Vec<String>,
}

#[derive(Debug)]
enum Question {
    Server(Uri),
    Root(Uri),
    /// The collections of a root.
    Collections(Uri, ApiRoot),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ServerSays {
    title: Option<String>,
    default: Option<String>,
    api_roots: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RootSays {
    collections: Vec<Collection>,
}

impl Discovery {
    pub(super) fn of_server(server: TaxiiServer) -> Self {
        let first = Question::Server(server.url().clone());
        Self::asking(server, first)
    }

    pub(super) fn of_root(server: TaxiiServer, url: Uri) -> Self {
        Self::asking(server, Question::Root(url))
    }

    fn asking(server: TaxiiServer, first: Question) -> Self {
        Self { server, open: VecDeque::from([first]), found: Catalog::default(), is_listed: false, waits: 0 }
    }

    /// The next request; none when all is known.
    #[expect(clippy::should_implement_trait, reason = "an iterator could not be answered")]
    pub fn next(&mut self) -> Option<Request<Vec<u8>>> {
        self.server.request(&self.open.front()?.url().ok()?, "").ok()
    }

    /// Takes the answer to the last request; gives how long to wait before the next, if the server is busy.
    ///
    /// An API root that cannot be asked is left out, with the reason in [`Catalog::refused`].
    ///
    /// # Errors
    /// The first question is refused, or answered with something that is no TAXII, or the server stays busy.
    pub fn answer(&mut self, response: Response<Vec<u8>>) -> Result<Option<RetryAfter>, TaxiiError> {
        let Some(question) = self.open.pop_front() else { return Ok(None) };
        let url = question.url().map(|url| shown(&url)).unwrap_or_default();
        let judged = judge(response, url.clone(), &self.server.limits);
        let answered = judged.and_then(|answer| match answer {
            Answer::Body(body) => self.take(question, &body, &url).map(|()| None),
            Answer::Wait { after, .. } if self.waits < self.server.limits.waits => {
                self.waits += 1;
                self.open.push_front(question);
                Ok(Some(after))
            }
            Answer::Wait { after, .. } => Err(TaxiiError::Busy { url, after }),
        });
        match answered {
            Err(error) if self.is_listed => {
                self.found.refused.push(error);
                Ok(None)
            }
            answered => answered,
        }
    }

    /// What was found, when there is no request left.
    pub fn finish(self) -> Catalog {
        self.found
    }

    pub(super) fn asked(&self) -> String {
        let url = self.open.front().and_then(|question| question.url().ok());
        url.map(|url| shown(&url)).unwrap_or_default()
    }

    fn take(&mut self, question: Question, body: &[u8], url: &str) -> Result<(), TaxiiError> {
        match question {
            Question::Server(_) => {
                let says: ServerSays = read(body, url)?;
                for root in says.api_roots.iter().take(self.server.limits.listed) {
                    match self.server.resolve(root) {
                        Ok(root) => self.open.push_back(Question::Root(root)),
                        Err(error) => self.found.refused.push(error),
                    }
                }
                (self.found.title, self.found.default) = (says.title, says.default);
                self.is_listed = true;
            }
            Question::Root(address) => {
                let root: ApiRoot = read(body, url)?;
                // Some servers leave the version out of the media type here.
                let speaks =
                    |version: &String| version == MEDIA_TYPE || version == "taxii-2.1" || version == "2.1";
                if !root.versions.iter().any(speaks) {
                    let why = format!("it does not offer `{MEDIA_TYPE}`");
                    return Err(TaxiiError::Strange { url: url.to_owned(), why });
                }
                self.open.push_front(Question::Collections(address, ApiRoot { url: url.to_owned(), ..root }));
            }
            Question::Collections(_, root) => {
                let mut says: RootSays = read(body, url)?;
                says.collections.truncate(self.server.limits.listed);
                self.found.roots.push(ApiRoot { collections: says.collections, ..root });
            }
        }
        Ok(())
    }
}

impl Question {
    fn url(&self) -> Result<Uri, TaxiiError> {
        match self {
            Self::Server(url) | Self::Root(url) => Ok(url.clone()),
            Self::Collections(url, _) => below(url, "collections/"),
        }
    }
}
