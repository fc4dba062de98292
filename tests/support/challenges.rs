//! How often honest users would be challenged by a score that finds a given share of the attacks: on the simulator, so all
//! of it is synthetic.

#![allow(dead_code, reason = "the bench and the test use a part each")]

use std::collections::HashMap;
use std::ops::RangeFrom;

use autosec_core::behavior::signal::{Group, Kind, Limits, Nats, Signals, Source, combine};
use autosec_core::behavior::{BehaviorAnalyzer, BehaviorConfig, Challenge, Freeman};
use autosec_core::event::Event;
use autosec_core::finding::{Detector, Findings};
use autosec_core::measure::RiskScore;
use autosec_ml::simulate::{Attacker, Login, Simulation};

/// Who knows the password; each of them is tried on each honest login.
pub const ATTACKERS: [Attacker; 5] =
    [Attacker::Naive, Attacker::Vpn, Attacker::Targeted, Attacker::VeryTargeted, Attacker::Poisoning];

/// A method that scores logins; the higher the stranger.
pub trait Judge {
    /// One score, or one for each variant of the method.
    fn scores(&self, event: &Event<'_>) -> Vec<f64>;
    /// Takes note of what happened; who it truly was only counts where the user is asked for proof.
    fn learn(&mut self, event: &Event<'_>, login: &Login);
}

impl Judge for Freeman {
    fn scores(&self, event: &Event<'_>) -> Vec<f64> {
        self.score(event).into_iter().collect()
    }

    fn learn(&mut self, event: &Event<'_>, login: &Login) {
        if login.succeeded() {
            Freeman::learn(self, event);
        }
    }
}

/// The analyzer as it is by default, with a fixed seed.
pub struct Analyzer {
    analyzer: BehaviorAnalyzer,
    /// Whoever looks riskier than this is asked for proof, and only the user has it; nobody is if there is none.
    challenge: Option<RiskScore>,
    /// Scores without each of these kinds of signals come after the whole score.
    without: Vec<Kind>,
}

impl Analyzer {
    pub fn new() -> Self {
        Self::with(BehaviorConfig::default(), None)
    }

    /// One whose host challenges from these log-odds on, and tells it how that went.
    pub fn challenging(log_odds: f64) -> Self {
        let challenge = RiskScore::clamped(1.0 / (1.0 + (-log_odds).exp()));
        let base = BehaviorConfig::default();
        let report = if challenge < base.report { challenge } else { base.report };
        Self::with(BehaviorConfig { challenge, report, ..base }, Some(challenge))
    }

    pub fn without(self, without: &[Kind]) -> Self {
        Self { without: without.to_vec(), ..self }
    }

    fn with(config: BehaviorConfig, challenge: Option<RiskScore>) -> Self {
        let analyzer = BehaviorAnalyzer::builder().config(config).seed(1).build().expect("it is in range");
        Self { analyzer, challenge, without: Vec::new() }
    }

    /// How many findings the event makes.
    pub fn findings(&mut self, event: &Event<'_>) -> usize {
        let mut findings = Findings::default();
        self.analyzer.detect(event, &mut findings);
        findings.found().len()
    }
}

impl Judge for Analyzer {
    fn scores(&self, event: &Event<'_>) -> Vec<f64> {
        let Some(assessment) = self.analyzer.score(event) else { return Vec::new() };
        let mut scores = vec![assessment.log_odds()];
        scores.extend(self.without.iter().map(|left_out| {
            let mut signals = Signals::new();
            for part in assessment.combined().contributions() {
                if let Source::Signal(signal) = part.source
                    && signal.kind() != *left_out
                {
                    signals.add(signal);
                }
            }
            combine(&signals, [Nats::ZERO; Group::ALL.len()], &Limits::default()).log_odds().value()
        }));
        scores
    }

    fn learn(&mut self, event: &Event<'_>, login: &Login) {
        let asked = self.challenge.filter(|_| login.succeeded()).is_some_and(|challenge| {
            self.analyzer.score(event).is_some_and(|assessment| assessment.risk() >= challenge)
        });
        self.findings(event);
        if asked {
            let honest = login.attacker().is_none();
            self.analyzer.resolve(event, if honest { Challenge::Passed } else { Challenge::Failed });
        }
    }
}

/// Which logins are scored.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Days since the beginning.
    pub days: RangeFrom<f64>,
    /// How many logins the user has made before, at least and at most.
    pub history: (u32, u32),
    /// Every so many users one.
    pub every: u32,
}

/// What one method said of honest logins, and of attacks at the same moments on the same users.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    pub honest: Vec<f64>,
    pub attacks: [Vec<f64>; ATTACKERS.len()],
}

/// Lets methods see the whole stream, and asks them for scores before they learn. The scores of each method and each of its
/// variants, in order.
pub fn observe(simulation: &Simulation, scope: &Scope, judges: &mut [&mut dyn Judge]) -> Vec<Scores> {
    let mut all = Vec::new();
    let mut histories: HashMap<u32, u32> = HashMap::new();
    let (mut logins, mut first) = (simulation.logins(), None);
    while let Some(login) = logins.next() {
        let first = *first.get_or_insert(login.time());
        let day = login.time().since(first).as_secs_f64() / 86_400.0;
        let event = login.event();
        let history = histories.entry(login.user()).or_default();
        let (least, most) = scope.history;
        let user = login.user().is_multiple_of(scope.every) && (least..=most).contains(history);
        let honest = login.attacker().is_none() && login.succeeded();
        if honest && user && scope.days.contains(&day) {
            let attacks =
                ATTACKERS.map(|attacker| logins.attack(attacker, login.user(), u64::from(*history)));
            let attacks: Vec<Event<'_>> = attacks.iter().flatten().map(Login::event).collect();
            note(&mut all, judges, &event, &attacks);
        }
        *history += u32::from(honest);
        judges.iter_mut().for_each(|judge| judge.learn(&event, &login));
    }
    all
}

fn note(all: &mut Vec<Scores>, judges: &[&mut dyn Judge], honest: &Event<'_>, attacks: &[Event<'_>]) {
    let scores =
        |event: &Event<'_>| judges.iter().flat_map(|judge| judge.scores(event)).collect::<Vec<f64>>();
    let of_honest = scores(honest);
    all.resize_with(of_honest.len(), Scores::default);
    all.iter_mut().zip(of_honest).for_each(|(scores, score)| scores.honest.push(score));
    for (place, attack) in attacks.iter().enumerate() {
        let of_attack = scores(attack);
        assert_eq!(of_attack.len(), all.len(), "who has a history has a score");
        all.iter_mut().zip(of_attack).for_each(|(scores, score)| scores.attacks[place].push(score));
    }
}

impl Scores {
    /// The share of honest logins that score at least as high as the threshold at which this share of the attacks is found.
    pub fn challenges(&self, attacker: Attacker, found: f64) -> f64 {
        let threshold = self.threshold(attacker, found);
        let challenged = self.honest.iter().filter(|score| **score >= threshold).count();
        challenged as f64 / self.honest.len() as f64
    }

    /// The highest score that at least this share of the attacks has.
    pub fn threshold(&self, attacker: Attacker, found: f64) -> f64 {
        let of = ATTACKERS.iter().position(|other| *other == attacker).expect("it is tried");
        let mut scores = self.attacks[of].clone();
        scores.sort_unstable_by(|left, right| right.total_cmp(left));
        let rank = (found * scores.len() as f64).ceil() as usize;
        scores[rank.clamp(1, scores.len()) - 1]
    }
}

/// Mean, and the sample's standard deviation.
pub fn mean(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (values.len() as f64 - 1.0).max(1.0)).sqrt())
}
