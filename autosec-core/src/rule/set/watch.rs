use std::fmt;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::rule::lang::diagnostic::Diagnostic;
use crate::rule::lang::issue::Code;

/// Asks a host whether loading is to go on; one that was stopped once stays so.
#[derive(Default)]
pub(super) struct Watch<'s> {
    go_on: Option<Box<dyn Fn() -> ControlFlow<()> + Send + Sync + 's>>,
    stopped: AtomicBool,
}

impl<'s> Watch<'s> {
    pub(super) fn new(go_on: impl Fn() -> ControlFlow<()> + Send + Sync + 's) -> Self {
        Self { go_on: Some(Box::new(go_on)), stopped: AtomicBool::new(false) }
    }

    /// Asks, and says whether to stop.
    pub(super) fn is_over(&self) -> bool {
        let Some(go_on) = &self.go_on else { return false };
        if !self.was_stopped() && go_on().is_break() {
            self.stopped.store(true, Ordering::Relaxed);
        }
        self.was_stopped()
    }

    /// Whether an answer was to stop, without asking again.
    pub(super) fn was_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("stopped", &self.was_stopped()).finish_non_exhaustive()
    }
}

/// What is left of rules that a host no longer wants.
pub(super) fn stopped() -> Diagnostic {
    Diagnostic::new(Code::Stopped, "loading was stopped before all rules were read", "the host")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::event::Schema;
    use crate::rule::set::rules::RuleSet;

    const NATIVE: &str = "
    - { id: a, name: A, severity: low, when: exists(url.path) }
    - { id: b, name: B, severity: low, when: exists(source.ip) }
    ";
    const SIGMA: &str = "
title: Whoami
id: 11111111-1111-4111-8111-111111111111
logsource: { category: process_creation }
detection: { selection: { Image: whoami }, condition: selection }
";

    #[test]
    fn wherever_loading_is_stopped_nothing_is_left_and_nobody_is_asked_again() {
        let schema = Schema::ecs();
        let builder = || RuleSet::builder(&schema).source("native.yaml", NATIVE).sigma("sigma.yml", SIGMA);
        let all = AtomicUsize::new(0);
        let counted = || {
            all.fetch_add(1, Ordering::Relaxed);
            ControlFlow::Continue(())
        };
        assert!(builder().watched(counted).build_lenient().refused.is_empty());
        let all = all.into_inner();
        assert_eq!(all, 8, "two sources, three rules, and their conditions");
        for last in 1..=all {
            let asked = AtomicUsize::new(0);
            let stop = || match asked.fetch_add(1, Ordering::Relaxed) + 1 {
                now if now == last => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            };
            let loaded = builder().watched(stop).build_lenient();
            assert_eq!(loaded.rules.rules().count() + loaded.rules.sigma_rules().count(), 0);
            assert_eq!(loaded.refused, [stopped()]);
            assert_eq!(asked.load(Ordering::Relaxed), last);
            asked.store(0, Ordering::Relaxed);
            assert_eq!(builder().watched(stop).build().unwrap_err().diagnostics(), [stopped()]);
        }
    }
}
