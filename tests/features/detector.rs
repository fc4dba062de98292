//! Models wired to an engine: what they find, how sure and how bad it is, learning, replacing them under load.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use autosec_core::engine::Engine;
use autosec_core::entity::Entity;
use autosec_core::event::{Event, Schema, field};
use autosec_core::finding::{AnalyticKind, Detector, Evidence, Finding, Findings};
use autosec_core::measure::{Confidence, Severity};
use autosec_core::time::Timestamp;
use autosec_ml::anomaly::AnomalyModel;
use autosec_ml::calibrate::Conformal;
use autosec_ml::cluster::KMeans;
use autosec_ml::detector::{
    Calibration, DetectorError, ModelDetector, ModelDetectorBuilder, Reservoir, Threshold, Trained,
};
use autosec_ml::ensemble::Ensemble;
use autosec_ml::feature::{Column, FeatureExtractor, FeatureSet};
use autosec_ml::isolation::IsolationForest;
use autosec_ml::matrix::Matrix;
use autosec_ml::statistic::StatisticalModel;
use autosec_ml::temporal::SeasonalModel;

use super::{MORNING, fractions, login};

/// Scores a row by its second column.
#[derive(Debug)]
struct Second {
    name: &'static str,
    times: f64,
}

impl AnomalyModel for Second {
    fn name(&self) -> &'static str {
        self.name
    }

    fn columns(&self) -> usize {
        2
    }

    fn score(&self, row: &[f64]) -> f64 {
        row.get(1).copied().filter(|value| value.is_finite()).unwrap_or(0.0) * self.times
    }

    fn contributions(&self, row: &[f64]) -> Vec<f64> {
        vec![0.0, self.score(row)]
    }
}

/// The chance of a score s is 10^−s.
#[derive(Debug)]
struct Decades;

impl Calibration for Decades {
    fn p_value(&self, score: f64) -> f64 {
        10_f64.powf(-score)
    }
}

fn set() -> FeatureSet {
    let bytes = Column::Value("source.bytes".into());
    FeatureSet::new("sizes", 1, "user.name").with([Column::Count(Duration::from_secs(3_600)), bytes])
}

fn builder() -> ModelDetectorBuilder {
    let extractor = FeatureExtractor::new(&set(), &Schema::ecs()).unwrap();
    ModelDetector::builder("sizes", "Unusual sizes", extractor)
}

fn by_second() -> Trained {
    Trained::new(Second { name: "second", times: 1.0 }).calibrated(Decades)
}

fn sized(user: &str, bytes: i64) -> Event<'_> {
    Event::new(Timestamp::from_secs(MORNING)).with(field::USER_NAME, user).with(field::SOURCE_BYTES, bytes)
}

fn found(detector: &ModelDetector, event: &Event<'_>) -> Option<Finding> {
    let mut findings = Findings::default();
    detector.detect(event, &mut findings);
    assert!(findings.faults().is_empty() && findings.found().len() <= 1);
    findings.into_parts().0.pop()
}

fn contributions(finding: &Finding) -> Vec<(&str, f64)> {
    let parts = finding.evidence.iter().filter_map(|evidence| match evidence {
        Evidence::Contribution { what, adds, .. } => Some((&**what, *adds)),
        _ => None,
    });
    parts.collect()
}

#[test]
fn a_finding_is_as_grave_as_its_chance_is_low() {
    let graded = |gravest| builder().trained(by_second()).learning(0).gravest(gravest).build().unwrap();
    let (detector, mild) = (graded(Severity::Critical), graded(Severity::Low));
    let expected = [
        (2, None),
        (3, Some(Severity::Low)),
        (4, Some(Severity::Medium)),
        (5, Some(Severity::High)),
        (6, Some(Severity::Critical)),
        (90, Some(Severity::Critical)),
    ];
    for (bytes, severity) in expected {
        let seen = found(&detector, &sized("ann", bytes)).map(|finding| finding.severity);
        assert_eq!(seen, severity, "{bytes}");
        let mild = found(&mild, &sized("ann", bytes)).map(|finding| finding.severity);
        assert_eq!(mild, severity.map(|_| Severity::Low));
    }
    let finding = found(&detector, &sized("ann", 4)).unwrap();
    assert_eq!(finding.subject, Entity::User("ann".into()));
    assert_eq!(finding.analytic.kind, AnalyticKind::Learning);
    let shown: Vec<String> = finding.evidence.iter().map(ToString::to_string).collect();
    let wanted = [
        "second score = 4.0000, of which the chance is 1.00e-4",
        "value.source.bytes adds 4.00: is 4",
        "others adds 0.00: one column",
    ];
    assert_eq!(shown, wanted);
}

#[test]
fn a_finding_is_as_sure_as_its_row_is_complete() {
    let set = FeatureSet::new("a", 1, "user.name")
        .with([Column::Value("destination.bytes".into()), Column::Value("source.bytes".into())]);
    let extractor = FeatureExtractor::new(&set, &Schema::ecs()).unwrap();
    let detector = ModelDetector::builder("a", "A", extractor)
        .trained(by_second())
        .confidence(Confidence::clamped(0.8))
        .learning(0)
        .build()
        .unwrap();
    let gap = found(&detector, &sized("ann", 7)).unwrap();
    let whole = found(&detector, &sized("ann", 7).with(field::DESTINATION_BYTES, 1_i64)).unwrap();
    assert_eq!((gap.confidence.value(), whole.confidence.value()), (0.4, 0.8));
}

#[test]
fn whoever_is_new_is_learnt_first() {
    let detector = builder().trained(by_second()).learning(3).build().unwrap();
    let shadows: Vec<bool> = (0..5).map(|_| found(&detector, &sized("ann", 9)).unwrap().shadow).collect();
    assert_eq!(shadows, [true, true, true, false, false]);
    let dry = builder().trained(by_second()).learning(0).shadow(true).build().unwrap();
    assert!(found(&dry, &sized("ann", 9)).unwrap().shadow);
}

#[test]
fn models_that_do_not_fit_are_refused() {
    let detector = builder().build().unwrap();
    assert!(found(&detector, &sized("ann", 9)).is_none(), "without a model nothing is found");
    let bare = || Trained::new(Second { name: "second", times: 1.0 });
    assert_eq!(detector.replace(bare()).unwrap_err(), DetectorError::Uncalibrated);
    let rows = Matrix::new(&[1.0, 2.0, 3.0], 3).unwrap();
    let wide = Trained::new(StatisticalModel::fit(rows)).calibrated(Decades);
    assert_eq!(detector.replace(wide).unwrap_err(), DetectorError::Columns { model: 3, rows: 2 });
    assert!(detector.current().is_none(), "nothing changed");
    assert_eq!(builder().trained(bare()).build().unwrap_err(), DetectorError::Uncalibrated);
    let few: Vec<f64> = (0..99).map(f64::from).collect();
    let coarse = bare().calibrated(Conformal::calibrate(&few).unwrap());
    let refused = builder().trained(coarse).build().unwrap_err();
    assert_eq!(refused, DetectorError::Coarse { least: 0.01, bound: 0.001 });
    for chance in [0.0, -0.1, 1.1] {
        let refused = builder().threshold(Threshold::Chance(chance)).build().unwrap_err();
        assert_eq!(refused, DetectorError::Threshold(chance));
    }
    assert!(builder().threshold(Threshold::Score(f64::NAN)).build().is_err());
    assert!(builder().threshold(Threshold::Score(1.0)).trained(bare()).build().is_ok());
}

/// A model that goes wrong must not make a detector find everything, or nothing that adds up.
#[test]
fn calibrations_that_go_wrong_find_nothing() {
    #[derive(Debug)]
    struct Wrong(f64);
    impl Calibration for Wrong {
        fn p_value(&self, score: f64) -> f64 {
            if score == f64::MAX { 0.0 } else { self.0 }
        }
    }
    for (chance, finds) in [(f64::NAN, false), (f64::INFINITY, false), (7.0, false), (-1.0, true)] {
        let trained = Trained::new(Second { name: "second", times: 1.0 }).calibrated(Wrong(chance));
        let detector = builder().trained(trained).learning(0).build().unwrap();
        assert_eq!(found(&detector, &sized("ann", 9)).is_some(), finds, "{chance}");
    }
}

/// What is found of one event comes of one model, though they change all the time.
#[test]
fn a_model_is_replaced_under_load() {
    let trained = |name, times| Trained::new(Second { name, times }).calibrated(Decades);
    let detector = builder().trained(trained("one", 4.0)).learning(0).build().unwrap();
    let (detector, done) = (Arc::new(detector), AtomicBool::new(false));
    let engine = Engine::builder().detector(Arc::clone(&detector)).build().unwrap();
    let seen = std::thread::scope(|scope| {
        let looking = (0..2).map(|_| {
            scope.spawn(|| {
                let mut seen: HashMap<String, u32> = HashMap::new();
                while !done.load(Ordering::Relaxed) {
                    let verdict = engine.process(sized("ann", 1));
                    assert!(verdict.faults.is_empty());
                    let finding = verdict.findings().next().unwrap().clone();
                    let Evidence::Field { name, .. } = &finding.evidence[0] else { unreachable!() };
                    let wanted = if &**name == "one score" { 4.0 } else { 5.0 };
                    assert_eq!(contributions(&finding).iter().map(|(_, adds)| adds).sum::<f64>(), wanted);
                    *seen.entry(name.to_string()).or_default() += 1;
                }
                seen
            })
        });
        let looking: Vec<_> = looking.collect();
        for round in 0..2_000 {
            let next = if round % 2 == 0 { trained("two", 5.0) } else { trained("one", 4.0) };
            assert!(detector.replace(next).unwrap().is_some());
            std::thread::yield_now();
        }
        done.store(true, Ordering::Relaxed);
        looking
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .fold(0, |sum, seen| sum + seen.values().sum::<u32>())
    });
    assert!(seen > 0);
    assert_eq!(detector.extractor().entities(), 1);
}

/// The whole way: look, keep rows, train, score, explain. Twice, with the same result.
#[test]
fn a_stream_is_learnt_and_watched() {
    let runs = [(), ()].map(|()| {
        let extractor = FeatureExtractor::new(&FeatureSet::login(), &Schema::ecs()).unwrap();
        let detector = ModelDetector::builder("logins", "Unusual logins", extractor)
            .threshold(Threshold::Score(0.62))
            .tags(["attack.t1078"])
            .collect(600, 5)
            .build()
            .unwrap();
        let detector = Arc::new(detector);
        let engine = Engine::builder().detector(Arc::clone(&detector)).build().unwrap();
        for (seconds, user, source) in ordinary(2_000) {
            assert!(engine.process(login(seconds, &user, &source, "success")).is_quiet());
        }
        let kept = detector.collected().unwrap();
        assert_eq!((kept.seen(), kept.rows().unwrap().rows()), (2_000 - 8 * 10, 600));
        let forest = IsolationForest::builder().seed(3).fit(kept.rows().unwrap()).unwrap();
        detector.replace(Trained::new(forest)).unwrap();
        let later = 2_000 * 450;
        let quiet = (0..200).filter(|number| {
            let (_, user, source) = &ordinary(200)[*number];
            engine.process(login(later + 450 * *number as i64, user, source, "success")).is_quiet()
        });
        let quiet = quiet.count();
        // Somebody tries passwords of one user from elsewhere, in the night.
        let night = later + 86_400 + 18 * 3_600;
        let mut last = None;
        for number in 0..40_i64 {
            let source = format!("203.0.113.{number}");
            let verdict = engine.process(login(night + number, "user-1", &source, "failure"));
            last = verdict.findings().next().cloned().or(last);
        }
        (quiet, last.unwrap())
    });
    assert_eq!(runs[0], runs[1], "a replay finds the same");
    let (quiet, finding) = &runs[0];
    assert!(*quiet >= 196, "{quiet} of 200 ordinary logins are quiet");
    assert_eq!(finding.subject, Entity::User("user-1".into()));
    assert_eq!(&*finding.analytic.tags[0], "attack.t1078");
    let parts = contributions(finding);
    assert_eq!((parts.len(), parts.last().unwrap().0), (6, "others"));
    let named: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
    for wanted in ["burst.1h", "surprise.source.ip"] {
        assert!(named.contains(&wanted), "{named:?}");
    }
}

/// A model of one kind with its calibration, trained on every other row and calibrated with the rest.
fn train(kind: &str, kept: &Reservoir, columns: usize) -> Trained {
    let [known, new] = kept.halves();
    let (known, new) = (Matrix::new(&known, columns).unwrap(), Matrix::new(&new, columns).unwrap());
    let model: Arc<dyn AnomalyModel> = match kind {
        "forest" => Arc::new(IsolationForest::builder().seed(3).fit(known).unwrap()),
        "k-means" => Arc::new(KMeans::builder().seed(3).fit(known).unwrap()),
        "statistical" => Arc::new(StatisticalModel::fit(known)),
        "seasonal" => Arc::new(SeasonalModel::fit(known, columns - 1).unwrap()),
        _ => {
            let ensemble = Ensemble::builder().seed(3).time(columns - 1).fit(kept.rows().unwrap());
            return Trained::from(ensemble.unwrap());
        }
    };
    let scores: Vec<f64> = new.iter().map(|row| model.score(row)).collect();
    Trained::shared(model).calibrated(Conformal::calibrate(&scores).unwrap())
}

/// Synthetic. Every kind of model learns the same stream, leaves more of it alone, and finds the attack in it.
#[test]
fn every_kind_of_model_is_a_detector() {
    let set = FeatureSet::login().with([Column::HourOfWeek]);
    for kind in ["forest", "k-means", "statistical", "seasonal", "ensemble"] {
        let extractor = FeatureExtractor::new(&set, &Schema::ecs()).unwrap();
        let columns = extractor.columns();
        let detector = ModelDetector::builder(kind, kind, extractor)
            .threshold(Threshold::Chance(0.01))
            .learning(50)
            .collect(3_000, 5)
            .build()
            .unwrap();
        let detector = Arc::new(detector);
        let engine = Engine::builder().detector(Arc::clone(&detector)).build().unwrap();
        let stream = ordinary(6_000);
        let mut false_alarms = 0;
        for (number, (seconds, user, source)) in stream.iter().enumerate() {
            if number == 4_000 {
                let kept = detector.collected().unwrap();
                detector.replace(train(kind, &kept, columns)).unwrap();
            }
            let verdict = engine.process(login(*seconds, user, source, "success"));
            false_alarms += verdict.findings().count();
        }
        let night = 6_000 * 450 + 3_600;
        let alarms = (0..40_i64).filter(|number| {
            let source = format!("203.0.113.{number}");
            !engine.process(login(night + number, "user-1", &source, "failure")).is_quiet()
        });
        let alarms = alarms.count();
        println!("note model/detector-{kind} {false_alarms} of 2000 ordinary, {alarms} of 40 of an attack");
        assert!(false_alarms <= 100, "{kind}: {false_alarms} of 2000");
        assert!(alarms >= 30, "{kind}: {alarms} of 40");
    }
}

/// What a finding says of its parts is what the model says, to the last bit.
#[test]
fn contributions_add_up_to_those_of_the_model() {
    let values: Vec<f64> = fractions(4).take(2_000).collect();
    let rows = Matrix::new(&values, 2).unwrap();
    let forest: Arc<dyn AnomalyModel> = Arc::new(IsolationForest::builder().fit(rows).unwrap());
    let statistical: Arc<dyn AnomalyModel> = Arc::new(StatisticalModel::fit(rows));
    for model in [forest, statistical] {
        let trained = Trained::shared(Arc::clone(&model));
        let threshold = Threshold::Score(0.0);
        let detector = builder().trained(trained).threshold(threshold).reasons(1).build().unwrap();
        let extractor = FeatureExtractor::new(&set(), &Schema::ecs()).unwrap();
        for bytes in 0..60 {
            let mut row = [0.0; 2];
            extractor.extract(&sized("ann", bytes), &mut row).unwrap();
            let finding = found(&detector, &sized("ann", bytes)).unwrap();
            let sum: f64 = contributions(&finding).iter().map(|(_, adds)| adds).sum();
            assert_eq!(sum, model.contributions(&row).iter().sum::<f64>(), "{}", model.name());
        }
    }
}

#[test]
fn rows_that_are_findings_are_not_learnt() {
    let detector = builder().trained(by_second()).learning(0).collect(100, 1).build().unwrap();
    (0..10).for_each(|bytes| drop(found(&detector, &sized("ann", bytes))));
    let kept = detector.collected().unwrap();
    assert_eq!(kept.seen(), 3, "0, 1 and 2 are ordinary");
    assert!(builder().build().unwrap().collected().is_none());
}

/// Logins of some users by day, each from one or two addresses.
fn ordinary(count: usize) -> Vec<(i64, String, String)> {
    let mut chance = fractions(5);
    let one = |number: usize| {
        let user = (chance.next().unwrap() * 8.0) as u32;
        let own = u32::from(chance.next().unwrap() < 0.1);
        (number as i64 * 450, format!("user-{user}"), format!("198.51.100.{}", 2 * user + own))
    };
    (0..count).map(one).collect()
}
