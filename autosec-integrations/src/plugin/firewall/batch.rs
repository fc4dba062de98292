//! A change of some items, either way.

use autosec_core::enforce::{Block, Change};
use autosec_core::net;
use autosec_core::time::Timestamp;
use ipnet::IpNet;

use super::entry;
use crate::plugin::interface::{Context, Crash, Failure, Guest, Outcome};

/// What a plugin answered to a change, item by item.
pub(super) type Answers = Vec<Result<Outcome, Failure>>;

/// Items that are to be dropped, or not any more.
#[derive(Clone, Copy, Debug)]
pub(super) enum Batch<'b> {
    Block(&'b [Block]),
    Unblock(&'b [IpNet]),
}

impl<'b> Batch<'b> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Block(blocks) => blocks.len(),
            Self::Unblock(targets) => targets.len(),
        }
    }

    pub(super) fn change(self) -> Change {
        match self {
            Self::Block(_) => Change::Block,
            Self::Unblock(_) => Change::Unblock,
        }
    }

    pub(super) fn targets(self) -> Vec<IpNet> {
        match self {
            Self::Block(blocks) => blocks.iter().map(|block| block.target).collect(),
            Self::Unblock(targets) => targets.to_vec(),
        }
    }

    /// The first `width` items and the others.
    pub(super) fn split(self, width: usize) -> (Self, Self) {
        let at = width.min(self.len());
        match self {
            Self::Block(blocks) => {
                let (first, rest) = blocks.split_at(at);
                (Self::Block(first), Self::Block(rest))
            }
            Self::Unblock(targets) => {
                let (first, rest) = targets.split_at(at);
                (Self::Unblock(first), Self::Unblock(rest))
            }
        }
    }

    /// Asks the plugin; one answer an item, or it does not keep to the interface.
    pub(super) async fn send(
        self,
        guest: &dyn Guest,
        (name, keeps_time): (&str, bool),
        context: &Context,
        now: Timestamp,
    ) -> Result<Answers, Crash> {
        let answers = match self {
            Self::Block(blocks) => {
                let entries: Vec<_> =
                    blocks.iter().map(|block| entry::of_block(block, name, keeps_time, now)).collect();
                guest.block(context, &entries).await?
            }
            Self::Unblock(targets) => {
                let texts: Vec<_> =
                    targets.iter().map(|target| net::display(net::canonical_network(*target))).collect();
                guest.unblock(context, &texts).await?
            }
        };
        let (asked, answered) = (self.len(), answers.len());
        if asked == answered {
            return Ok(answers);
        }
        Err(Crash::Protocol(format!("it gave {answered} answers to {asked} items")))
    }
}
