use super::math::{amount, trust};
use super::{Kind, Reason, Signal};

/// Fields of one device depend on one another: together they count as half as many independent ones.
const DEPENDENCE: f64 = 0.5;
/// Events at which a history is half as sure as it gets.
const SURE: f64 = 5.0;
/// At most as many fields are read.
const FIELDS: usize = 32;

/// A field by which a device is known again.
///
/// Each has two chances, of agreement with a known device if it is that device, and if it is somebody else's. They
/// are estimates, not measurements: a browser's version changes every four weeks, its language hardly ever.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum DeviceField {
    /// Fingerprint of the TLS handshake, such as JA4: 0.8 and 0.05.
    Fingerprint,
    /// Operating system: 0.95 and 0.35.
    System,
    /// Browser or client program: 0.93 and 0.4.
    Browser,
    /// Its version: 0.5 and 0.1.
    Version,
    /// Size of the screen: 0.9 and 0.1.
    Screen,
    /// Preferred languages: 0.97 and 0.4.
    Language,
    /// Time zone: 0.95 and 0.3.
    TimeZone,
    /// Telephone, tablet, desktop: 0.95 and 0.5.
    Class,
}

/// How a field of a device compares.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Agreement {
    /// Both have it, and it is the same.
    Same,
    /// Both have it, and it differs.
    Different,
    /// One of them lacks it: no evidence.
    Missing,
}

impl DeviceField {
    /// The chances of agreement: with the same device, with somebody else's.
    const fn chances(self) -> (f64, f64) {
        match self {
            DeviceField::Fingerprint => (0.8, 0.05),
            DeviceField::System => (0.95, 0.35),
            DeviceField::Browser => (0.93, 0.4),
            DeviceField::Version => (0.5, 0.1),
            DeviceField::Screen => (0.9, 0.1),
            DeviceField::Language => (0.97, 0.4),
            DeviceField::TimeZone => (0.95, 0.3),
            DeviceField::Class => (0.95, 0.5),
        }
    }
}

/// A device beside the most similar one that is known: `llr = ½ Σ ln(u/m)` over fields that agree and
/// `½ Σ ln((1−u)/(1−m))` over those that differ, the weights of record linkage (Fellegi and Sunter 1969), where m and u
/// are the chances of agreement for the same device and somebody else's. The half is for their dependence.
///
/// `novelty` is the chance that the entity comes with a new device, as [`novelty`](super::novelty) tells it: then its
/// fields agree like somebody else's, `m' = (1 − novelty)·m + novelty·u`. `history` is how many events its devices
/// rest on. None if no field was compared.
///
/// ```
/// use autosec_core::behavior::signal::{Agreement, DeviceField, device};
///
/// let updated = [
///     (DeviceField::System, Agreement::Same),
///     (DeviceField::Browser, Agreement::Same),
///     (DeviceField::Version, Agreement::Different),
///     (DeviceField::Language, Agreement::Same),
///     (DeviceField::Screen, Agreement::Missing),
/// ];
/// let other = updated.map(|(field, _)| (field, Agreement::Different));
/// assert_eq!(device(updated, 0.05, 30.0).unwrap().llr().to_string(), "-1.04");
/// assert_eq!(device(other, 0.05, 30.0).unwrap().llr().to_string(), "+4.33");
/// assert_eq!(device(other, 0.9, 30.0).unwrap().llr().to_string(), "+0.21", "who always comes with another");
/// ```
pub fn device(
    fields: impl IntoIterator<Item = (DeviceField, Agreement)>,
    novelty: f64,
    history: f64,
) -> Option<Signal> {
    let novelty = amount(novelty).min(1.0);
    let (mut agree, mut differ, mut missing, mut sum) = (0, 0, 0, 0.0);
    for (field, agreement) in fields.into_iter().take(FIELDS) {
        let (same, other) = field.chances();
        let same = (1.0 - novelty) * same + novelty * other;
        match agreement {
            Agreement::Same => (agree, sum) = (agree + 1, sum + libm::log(other / same)),
            Agreement::Different => {
                (differ, sum) = (differ + 1, sum + libm::log((1.0 - other) / (1.0 - same)))
            }
            Agreement::Missing => missing += 1,
        }
    }
    let reason = Reason::Device { agree, differ, missing };
    (agree + differ > 0).then(|| Signal::new(Kind::Device, DEPENDENCE * sum, trust(history, SURE), reason))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::behavior::signal::Nats;

    const ALL: [DeviceField; 8] = [
        DeviceField::Fingerprint,
        DeviceField::System,
        DeviceField::Browser,
        DeviceField::Version,
        DeviceField::Screen,
        DeviceField::Language,
        DeviceField::TimeZone,
        DeviceField::Class,
    ];

    #[test]
    fn one_field_by_hand() {
        // ½·ln(0.1/0.9) = -1.098612, ½·ln(0.9/0.1) = 1.098612.
        let screen = |agreement| device([(DeviceField::Screen, agreement)], 0.0, 5.0);
        assert!((screen(Agreement::Same).unwrap().llr().value() + 1.098_612).abs() < 1e-6);
        assert!((screen(Agreement::Different).unwrap().llr().value() - 1.098_612).abs() < 1e-6);
        assert_eq!(screen(Agreement::Same).unwrap().confidence().value(), 0.5);
        assert!(screen(Agreement::Missing).is_none());
    }

    #[test]
    fn only_new_devices_make_all_fields_worthless() {
        let all = ALL.map(|field| (field, Agreement::Different));
        assert_eq!(device(all, 1.0, 5.0).unwrap().llr(), Nats::ZERO);
    }

    #[test]
    fn agreement_speaks_for_the_entity() {
        for field in ALL {
            let (same, other) = field.chances();
            assert!(other < same && same < 1.0 && other > 0.0, "{field:?}");
        }
    }

    #[test]
    fn bits_are_golden() {
        let mixed = ALL.map(|field| {
            let same =
                !matches!(field, DeviceField::Fingerprint | DeviceField::Screen | DeviceField::Version);
            (field, if same { Agreement::Same } else { Agreement::Different })
        });
        assert_eq!(device(mixed, 0.2, 9.0).unwrap().llr().value(), -0.607_621_192_932_128_9);
    }

    fn fields() -> impl Strategy<Value = Vec<(DeviceField, Agreement)>> {
        let agreement =
            prop_oneof![Just(Agreement::Same), Just(Agreement::Different), Just(Agreement::Missing)];
        prop::collection::vec(((0..8usize).prop_map(|index| ALL[index]), agreement), 0..50)
    }

    proptest! {
        #[test]
        fn a_difference_never_speaks_for_the_entity(fields in fields(), at in 0..50usize, novelty in 0.0..1.0) {
            let mut more = fields.clone();
            if let Some(slot) = more.get_mut(at) {
                slot.1 = Agreement::Different;
                let before = device(fields, novelty, 9.0).map_or(Nats::ZERO, |signal| signal.llr());
                let after = device(more, novelty, 9.0).map_or(Nats::ZERO, |signal| signal.llr());
                prop_assert!(after >= before || at >= FIELDS);
            }
        }

        #[test]
        fn any_number_has_an_answer(fields in fields(), novelty: u64, history: u64) {
            let (least, most) = Kind::Device.caps();
            if let Some(signal) = device(fields, f64::from_bits(novelty), f64::from_bits(history)) {
                prop_assert!((least..=most).contains(&signal.llr()));
            }
        }
    }
}
