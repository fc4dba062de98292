use std::fmt;

use crate::rule::lang::diagnostic::Diagnostic;

/// Why a rule set was refused: everything that is wrong, in the order of the sources.
///
/// Displayed, it is all diagnostics as people read them, one after the other, over several lines.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleErrors {
    diagnostics: Vec<Diagnostic>,
}

impl RuleErrors {
    pub(super) fn new(diagnostics: Vec<Diagnostic>) -> Self {
        Self { diagnostics }
    }

    /// What is wrong: never empty.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}

impl fmt::Display for RuleErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "\n\n" })?;
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for RuleErrors {}
