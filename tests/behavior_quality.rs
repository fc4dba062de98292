//! Behaviour analysis finds simulated attackers with fewer challenges than the plain score; `cargo bench --bench
//! behavior_quality` measures by how much. Synthetic, and small enough for a build without optimisation.

use autosec_core::behavior::Freeman;
use autosec_ml::simulate::{Attacker, Campaign, Simulation, SimulationBuilder};

use crate::support::challenges::{Analyzer, Scope, observe};

const USERS: u32 = 300;

fn people(seed: u64) -> SimulationBuilder {
    Simulation::builder().seed(seed).users(USERS).days(50)
}

#[test]
fn finds_attackers_with_half_of_the_challenges() {
    let scope = Scope { days: 25.0.., history: (12, u32::MAX), every: 3 };
    let simulation = people(51).build().unwrap();
    let scores = observe(&simulation, &scope, &mut [&mut Freeman::new(), &mut Analyzer::new()]);
    assert!(scores[0].honest.len() > 1_000, "{} logins are too few to tell", scores[0].honest.len());
    for attacker in [Attacker::Vpn, Attacker::Targeted] {
        let [plain, ours] = [0, 1].map(|method: usize| scores[method].challenges(attacker, 0.98));
        assert!(ours < 0.5 * plain, "{attacker}: {ours} beside {plain}");
        assert!(plain < 1.0, "a score that challenges everybody is none to compare with");
    }
}

/// As in the experiment of Wiefling et al. (2022): attackers are in everybody's history, and others of the kind are to be
/// found.
#[test]
fn attackers_in_the_histories_do_not_hide_others() {
    let scope = Scope { days: 25.0.., history: (12, u32::MAX), every: 3 };
    let campaign = Campaign::new(Attacker::Targeted).days(10.0, 50.0).per_day(f64::from(USERS) / 3.0);
    let (clean, poisoned) = (people(52).build().unwrap(), people(52).campaign(campaign).build().unwrap());
    let [before, after] = [clean, poisoned].map(|simulation| {
        let scores = observe(&simulation, &scope, &mut [&mut Analyzer::new()]);
        scores[0].challenges(Attacker::Targeted, 0.98)
    });
    // So few people and days are noisy; the bench asks for 1.5.
    assert!(after < 2.0 * before, "{before} before, {after} after");
}
