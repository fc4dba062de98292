//! Reading back what a plugin's device holds.

use std::collections::HashSet;

use autosec_core::enforce::{Block, EnforceError};

use super::{entry, fault};
use crate::plugin::interface::{Context, Crash, Guest, Page};

/// How many entries a page is asked for.
const PAGE: u32 = 1_000;
/// The most entries that are read back.
const ENTRY_LIMIT: usize = 1_000_000;
/// The most pages; a plugin may give small ones.
const PAGE_LIMIT: usize = 10_000;
/// The longest cursor, in bytes.
const CURSOR_LIMIT: usize = 1_024;

/// What is held, and how many entries of it could not be read.
pub(super) struct Listing {
    pub(super) blocks: Vec<Block>,
    pub(super) unreadable: usize,
}

/// Reads all pages; `context` is asked for anew for each.
pub(super) async fn read(
    guest: &dyn Guest,
    firewall: &str,
    mut context: impl FnMut() -> Context,
) -> Result<Listing, EnforceError> {
    let mut listing = Listing { blocks: Vec::new(), unreadable: 0 };
    let mut seen: HashSet<String> = HashSet::new();
    let mut cursor: Option<String> = None;
    let broken = |what: &str| fault::crash(firewall, &Crash::Protocol(what.to_owned()));
    for _ in 0..PAGE_LIMIT {
        let answered = guest.list_blocked(&context(), cursor.as_deref(), PAGE).await;
        let page = answered.map_err(|crash| fault::crash(firewall, &crash))?;
        let Page { entries, next } = page.map_err(|failure| fault::error(firewall, &failure))?;
        let before = listing.blocks.len();
        let asked = entries.len();
        listing.blocks.extend(entries.iter().filter_map(entry::to_block));
        listing.unreadable += asked - (listing.blocks.len() - before);
        if listing.blocks.len() + listing.unreadable > ENTRY_LIMIT {
            return Err(broken("it lists more than 1,000,000 entries"));
        }
        let Some(next) = next else { return Ok(listing) };
        if next.len() > CURSOR_LIMIT {
            return Err(broken("a cursor of its listing is longer than 1,024 bytes"));
        }
        if !seen.insert(next.clone()) {
            return Err(broken("its listing comes back to a cursor that it gave before"));
        }
        cursor = Some(next);
    }
    Err(broken("its listing has more than 10,000 pages"))
}
