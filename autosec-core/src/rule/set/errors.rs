use std::fmt;

use crate::rule::lang::diagnostic::Diagnostic;

/// Why a rule set was refused: everything that is wrong, in the order of the sources.
///
/// Displayed, it is all diagnostics as people read them, one after the other, over several lines.
///
/// ```
/// use autosec_core::event::Schema;
/// use autosec_core::measure::Severity;
/// use autosec_core::rule::{Rule, RuleSet};
///
/// let rule = Rule::new("typo", Severity::Low, r#"sorce.ip == "192.0.2.1""#);
/// let refused = RuleSet::builder(&Schema::ecs()).rule(rule).build().unwrap_err();
/// let diagnostic = &refused.diagnostics()[0];
/// assert_eq!((diagnostic.code(), diagnostic.rule()), ("E002", Some("typo")));
/// assert_eq!(diagnostic.help_line(), Some("did you mean `source.ip`?"));
/// assert!(refused.to_string().starts_with("error[E002]"));
/// ```
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
