//! What the example prints: readable by a person, at most 100 columns wide.

use std::fmt::Write as _;

use autosec_core::enforce::{Block, EnforceError, Enforcement, Outcome, Status};
use autosec_core::net;
use autosec_integrations::plugin::firewall::Plan;
use autosec_integrations::plugin::registry::{
    PluginHealth, PluginMetrics, PluginRegistry, PluginState, RegistryError,
};

use super::layout::{clipped, clipped_start, columns, wrap};

#[derive(Default)]
pub struct Report(String);

impl Report {
    pub fn head(&mut self, title: &str) {
        let gap = if self.0.is_empty() { "" } else { "\n" };
        let _ = writeln!(self.0, "{gap}{title}");
    }

    pub fn plugins(&mut self, plugins: &PluginRegistry) {
        self.head("Plugins");
        for plugin in plugins.list() {
            let about = &plugin.about;
            let what = format!("{} {}", about.version, about.kind);
            let head = format!("  {:<10} {:<11} ", clipped(&plugin.name, 24), what.trim());
            match &plugin.state {
                PluginState::Refused { why } => columns(&mut self.0, &head, &format!("refused: {why}")),
                state => columns(&mut self.0, &head, &state.to_string()),
            }
            if let Some(folder) = &about.folder {
                let folder = clipped_start(&folder.display().to_string(), 60);
                columns(&mut self.0, "             from        ", &folder);
            }
            about.asked.iter().for_each(|asked| columns(&mut self.0, "             asks for    ", asked));
            about
                .granted
                .iter()
                .for_each(|granted| columns(&mut self.0, "             is granted  ", granted));
        }
    }

    pub fn mistake(&mut self, configured: &Result<(), RegistryError>) {
        self.head("A mistake in its configuration");
        match configured {
            Ok(()) => self.row("", "it was taken"),
            Err(error) => self.row("", &error.to_string()),
        }
    }

    pub fn plan(&mut self, plans: &[Plan]) {
        self.head("What it would do, and does not");
        for plan in plans {
            let would = match &plan.status {
                Status::Observed => "it would be blocked".to_owned(),
                Status::Done => "it is blocked already".to_owned(),
                other => format!("{other:?}"),
            };
            self.row(&net::display(plan.target), &would);
        }
    }

    pub fn enforced(&mut self, enforcement: &Enforcement, held: &[Block]) {
        self.head("A decision of the engine");
        enforcement.to_string().lines().for_each(|line| wrap(&mut self.0, "  ", line));
        for block in held {
            self.row(&net::display(block.target), "is on the device");
        }
    }

    pub fn answer(&mut self, what: &str, answer: &Result<Vec<Outcome>, EnforceError>) {
        match answer {
            Err(error) => self.row(what, &error.to_string()),
            Ok(outcomes) => {
                for outcome in outcomes {
                    let words = match &outcome.status {
                        Status::Done => "done".to_owned(),
                        Status::Rejected(why) | Status::Unsupported(why) => why.clone(),
                        other => format!("{other:?}"),
                    };
                    self.row(what, &words);
                }
            }
        }
    }

    pub fn asked(&mut self, asked: &[String]) {
        self.row("the device was asked", &asked.join(", "));
    }

    pub fn health(&mut self, all: &[PluginHealth]) {
        self.head("How it is afterwards");
        for PluginHealth { name, health } in all {
            match health {
                Ok(health) => self.row(name, &format!("enforcing {}: {}", health.enforcing, health.detail)),
                Err(error) => self.row(name, &error.to_string()),
            }
        }
    }

    pub fn metrics(&mut self, all: &[PluginMetrics]) {
        self.head("What was counted");
        for one in all {
            let PluginMetrics { calls, failures, crashes, denials, items, .. } = one;
            let counts = format!(
                "{calls} calls with {items} items; {failures} failed, {crashes} broke off; {denials} requests were denied"
            );
            self.row(&one.name, &counts);
            if let (Some(half), Some(all)) = (one.times.quantile(0.5), one.times.quantile(1.0)) {
                self.row(
                    "",
                    &format!("half of the calls took less than {half:?}, all of them less than {all:?}"),
                );
            }
        }
    }

    pub fn text(self) -> String {
        self.0
    }

    fn row(&mut self, head: &str, last: &str) {
        columns(&mut self.0, &format!("  {head:<32} "), last);
    }
}
