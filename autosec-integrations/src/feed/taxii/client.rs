use autosec_core::time::Clock;

use super::{Catalog, CollectionSync, Discovery, Page, Step, TaxiiError};
use crate::transport::HttpClient;

/// The next page of a collection, waiting as the server asks; none when everything is read.
///
/// It needs tokio's timer. It may be dropped at any time, and called again after an error of the network.
///
/// # Errors
/// As of [`CollectionSync::answer`], or there was no answer.
pub async fn next_page(
    http: &dyn HttpClient,
    clock: &dyn Clock,
    sync: &mut CollectionSync,
) -> Result<Option<Page>, TaxiiError> {
    while let Some(request) = sync.next() {
        let answer = http.send(request).await;
        match sync.answer(answer.map_err(|error| TaxiiError::Transport { url: sync.url(), error })?)? {
            Step::Page(page) => return Ok(Some(page)),
            Step::Wait(after) => tokio::time::sleep(after.from(clock.now())).await,
            Step::Again => {}
        }
    }
    Ok(None)
}

/// All that a server has, waiting as it asks. It needs tokio's timer.
///
/// # Errors
/// As of [`Discovery::answer`], or there was no answer.
pub async fn discover(
    http: &dyn HttpClient,
    clock: &dyn Clock,
    mut discovery: Discovery,
) -> Result<Catalog, TaxiiError> {
    while let Some(request) = discovery.next() {
        let answer = http.send(request).await;
        let answer = answer.map_err(|error| TaxiiError::Transport { url: discovery.asked(), error })?;
        if let Some(after) = discovery.answer(answer)? {
            tokio::time::sleep(after.from(clock.now())).await;
        }
    }
    Ok(discovery.finish())
}
