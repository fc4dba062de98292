//! Running a rule: evaluation, findings with their evidence, and counts of what happened.
//!
//! A rule runs in four steps, each of which may end it: its expression, the subject's field, the window if it has one, and
//! the finding. The subject is looked for before anything is counted, so that a finding never lacks one.

pub(super) mod compiled;
pub(super) mod reads;
pub(super) mod subject;
pub(super) mod tally;
