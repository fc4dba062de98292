//! A report that a person reads: one page of HTML, or Markdown with pictures beside it.

mod chart;
mod charts;
mod escape;
mod html;
mod markdown;
mod page;
mod summary;

pub use markdown::MarkdownReport;
pub use page::{Explained, Picture, Report, ReportError};
