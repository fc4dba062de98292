//! How good scores are at putting the bad above the good.
//!
//! A [`Ranking`] is made of scores and what the scored rows truly were; every measure is a question to it. All of them
//! depend on the order of the scores only, and rows of one score are taken together: none of them gains or loses by
//! how a sort happened to order ties. Say more than one of them: where one row in a thousand is bad, the area under the
//! ROC curve is high for scores that nobody could work with, and only the recall at a false positive rate that one could
//! live with tells.
//!
//! A [`Reliability`] asks of probabilities whether they are right, and a [`Report`] puts all of it on a page with pictures.

mod bootstrap;
mod curve;
mod histogram;
mod ranking;
mod reliability;
mod report;

pub use bootstrap::{Bootstrap, Interval};
pub use curve::CurvePoint;
pub use ranking::{Ranking, RankingError};
pub use reliability::{Reliability, ReliabilityBin};
pub use report::{Explained, MarkdownReport, Picture, Report, ReportError};
