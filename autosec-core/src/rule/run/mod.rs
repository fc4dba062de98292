//! Running a rule: evaluation, findings with their evidence, and counts of what happened.

pub(super) mod compiled;
pub(super) mod subject;
pub(super) mod tally;
