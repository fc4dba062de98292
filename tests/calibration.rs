//! Calibrations: files of theirs, and how often usual rows are flagged.

use autosec_ml::calibrate::{Conformal, Isotonic};
use autosec_ml::feature::FeatureSchema;
use autosec_ml::model::ModelError;
use proptest::prelude::*;

use crate::support::model::{any_damage, assert_golden};

fn schema() -> FeatureSchema {
    FeatureSchema::new("test", 1, ["a", "b"]).unwrap()
}

/// Scores that look random and are the same everywhere, from 0 to 1.
fn scores(count: u32) -> Vec<f64> {
    (0..count).map(|row| f64::from(row.wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 24)).collect()
}

fn conformal() -> Conformal {
    Conformal::calibrate(&scores(400)).unwrap()
}

fn isotonic() -> Isotonic {
    let scores = scores(60);
    let bad: Vec<bool> =
        scores.iter().enumerate().map(|(row, score)| (*score > 0.6) ^ (row % 9 == 0)).collect();
    Isotonic::calibrate(&scores, &bad).unwrap()
}

#[test]
fn files_are_those_of_the_format() {
    let (conformal, isotonic) = (conformal(), isotonic());
    assert_golden("conformal-1", &conformal.to_bytes(&schema()).unwrap(), |file| {
        assert_eq!(Conformal::from_bytes(file, &schema()).unwrap(), conformal);
    });
    assert_golden("isotonic-1", &isotonic.to_bytes(&schema()).unwrap(), |file| {
        assert_eq!(Isotonic::from_bytes(file, &schema()).unwrap(), isotonic);
    });
}

#[test]
fn one_kind_is_not_read_as_the_other() {
    let file = conformal().to_bytes(&schema()).unwrap();
    let error = Isotonic::from_bytes(&file, &schema()).unwrap_err();
    assert_eq!(error, ModelError::Algorithm { found: 7, wanted: 8 });
    let other = FeatureSchema::new("test", 2, ["a", "b"]).unwrap();
    assert!(matches!(Conformal::from_bytes(&file, &other).unwrap_err(), ModelError::Schema { .. }));
}

proptest! {
    #[test]
    fn bytes_that_were_changed_are_refused_or_answer(
        damage in any_damage(),
        steps: bool,
    ) {
        let file = if steps { isotonic().to_bytes(&schema()) } else { conformal().to_bytes(&schema()) };
        let file = damage.to(file.unwrap());
        let asked = [-1.0, 0.3, 0.999, 1e300, f64::INFINITY, f64::NAN];
        if let Ok(read) = Isotonic::from_bytes(&file, &schema()) {
            prop_assert!(asked.iter().all(|score| (0.0..=1.0).contains(&read.probability(*score))));
        }
        if let Ok(read) = Conformal::from_bytes(&file, &schema()) {
            for score in asked {
                let p = read.p_value(score);
                prop_assert!(p > 0.0 && p <= 1.0, "{}", p);
                prop_assert!((0.0..=Conformal::MOST_SURPRISE).contains(&read.surprise(score)));
            }
        }
    }

    #[test]
    fn whatever_the_scores_higher_is_rarer(
        scores in prop::collection::vec(prop_oneof![-5.0..5.0_f64, (-3..3_i8).prop_map(f64::from)], 1..300),
        low in -6.0..6.0_f64,
        by in 0.0..3.0_f64,
    ) {
        let calibration = Conformal::calibrate(&scores).unwrap();
        prop_assert!(calibration.p_value(low) >= calibration.p_value(low + by));
        prop_assert!(calibration.surprise(low) <= calibration.surprise(low + by));
        if let Some(threshold) = calibration.threshold(0.25) {
            prop_assert!(calibration.p_value(threshold) <= 0.25);
        }
        let file = calibration.to_bytes(&schema()).unwrap();
        prop_assert_eq!(&Conformal::from_bytes(&file, &schema()).unwrap(), &calibration);
    }
}
