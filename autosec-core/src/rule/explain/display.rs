//! The form:
//!
//! ```text
//! <rule>: <name>
//! <time>: <outcome>
//!   yes  all of
//!   yes    <test>        (<field> is <value>)
//!   no     <test>        (no <field>)
//!   to match     `<test>` would have to hold
//!   window       <n> of <m> <what> within <length>, for <field> <value>
//!   subject      <subject>
//! ```

use std::fmt;

use super::clause::{Clause, Says, Tested};
use super::record::{Explanation, Outcome, WindowState};
use crate::rule::model::Mode;
use crate::time::human;

/// So many clauses are shown; a rule may have thousands.
const SHOWN: usize = 200;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n{}: {}", self.rule, self.name, self.time, self.outcome(&self.window))?;
        let mut lines = Vec::new();
        clause(&self.clause, 0, &mut lines);
        lines.iter().take(SHOWN).try_for_each(|line| write!(f, "\n  {line}"))?;
        if lines.len() > SHOWN {
            write!(f, "\n       … {} more", lines.len() - SHOWN)?;
        }
        self.changes(f)?;
        if let Some(window) = &self.window {
            write!(f, "\n  window    {window}")?;
        }
        match (&self.subject, self.mode) {
            (_, Mode::Off) => {}
            (Some(subject), _) => write!(f, "\n  subject   {subject}")?,
            (None, _) => write!(f, "\n  subject   none: the event lacks {}", self.subject_fields.join(", "))?,
        }
        if self.mode == Mode::Shadow {
            f.write_str("\n  mode      shadow: what it finds is reported and has no consequences")?;
        }
        Ok(())
    }
}

impl Explanation {
    fn outcome(&self, window: &Option<WindowState>) -> &'static str {
        match self.outcome {
            Outcome::Finds if window.is_some() => "matches, and enough were counted",
            Outcome::Finds => "matches",
            Outcome::Counts => "matches, but too few were counted",
            Outcome::NoMatch => "does not match",
            Outcome::NoSubject => "matches, but names no subject, so it finds nothing",
            Outcome::NoKey => "matches, but lacks a field that is counted by, so it is not counted",
            Outcome::Late => "matches, but comes too late to be counted",
            Outcome::Off if self.clause.holds => "would match, but the rule is off",
            Outcome::Off => "would not match, and the rule is off",
        }
    }

    fn changes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = if self.clause.holds { "unless" } else { "to match" };
        if self.changes.is_empty() {
            let always =
                if self.clause.holds { "nothing: it matches every event" } else { "nothing would do" };
            return write!(f, "\n  {head:<9} {always}");
        }
        for (at, change) in self.changes.iter().enumerate() {
            let head = if at == 0 { head } else { "and" };
            let verb = match (self.clause.holds, change.holds) {
                (false, true) => "would have to hold",
                (false, false) => "would have to be false",
                (true, true) => "held",
                (true, false) => "were false",
            };
            write!(f, "\n  {head:<9} `{}` {verb}", change.test)?;
        }
        Ok(())
    }
}

fn clause(clause: &Clause, depth: usize, lines: &mut Vec<String>) {
    if lines.len() > SHOWN * 2 {
        return;
    }
    let indent = "  ".repeat(depth);
    let mark = if clause.holds { "yes" } else { "no" };
    let mut line = |text: &str| lines.push(format!("{mark:<4} {indent}{text}"));
    match &clause.says {
        Says::All(parts) => {
            line("all of");
            parts.iter().for_each(|part| self::clause(part, depth + 1, lines));
        }
        Says::Any(parts) => {
            line("any of");
            parts.iter().for_each(|part| self::clause(part, depth + 1, lines));
        }
        Says::Not(part) => {
            line("not");
            self::clause(part, depth + 1, lines);
        }
        Says::Test(test) => line(&format!("{}{}", test.test, values(test))),
    }
}

fn values(test: &Tested) -> String {
    let each: Vec<String> = test
        .values
        .iter()
        .map(|(field, value)| match value {
            Some(value) => format!("{field} is {value}"),
            None => format!("no {field}"),
        })
        .collect();
    if each.is_empty() { String::new() } else { format!("   ({})", each.join(", ")) }
}

impl fmt::Display for WindowState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, takes) = (&self.what, &self.takes);
        match (self.observed, takes.strip_prefix("at least ")) {
            (Some(observed), Some(least)) => write!(f, "{observed} of {least} {what}")?,
            (Some(observed), None) => write!(f, "{what} {observed}, and it takes {takes}")?,
            (None, _) => write!(f, "{what}, and it takes {takes},")?,
        }
        write!(f, " within {}, for", human::format(self.within))?;
        for (at, (field, value)) in self.key.iter().enumerate() {
            f.write_str(if at == 0 { " " } else { ", " })?;
            match value {
                Some(value) => write!(f, "{field} {value}")?,
                None => write!(f, "{field}, which the event lacks")?,
            }
        }
        if self.late { f.write_str("; the event is too late") } else { Ok(()) }
    }
}
