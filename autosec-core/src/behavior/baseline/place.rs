/// Degrees of latitude in a step.
const LATITUDE: f64 = 90.0 / 32_767.0;
/// Degrees of longitude in a step.
const LONGITUDE: f64 = 180.0 / 32_767.0;

/// Where and when somebody last was, to 300 m north and 600 m east.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::behavior) struct Place {
    /// Seconds since 1970.
    pub(in crate::behavior) at: u32,
    /// In steps from the equator.
    pub(in crate::behavior) north: i16,
    /// In steps from Greenwich.
    pub(in crate::behavior) east: i16,
    /// How well it is known, in kilometres.
    pub(in crate::behavior) radius: u16,
    /// The autonomous system's hash; 0 if it is not known.
    pub(in crate::behavior) network: u32,
    /// The address belongs to something that hides where its users are.
    pub(in crate::behavior) hidden: bool,
}

impl Place {
    /// A place in degrees and kilometres; none if the numbers name no place on Earth.
    #[expect(clippy::cast_possible_truncation, reason = "within ±32,767, and `as` saturates")]
    #[expect(clippy::cast_sign_loss, reason = "a negative radius, and none, are 0")]
    pub(in crate::behavior) fn new(latitude: f64, longitude: f64, radius: f64) -> Option<Self> {
        let on_earth = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        on_earth.then(|| Self {
            at: 0,
            north: libm::round(latitude / LATITUDE) as i16,
            east: libm::round(longitude / LONGITUDE) as i16,
            radius: radius as u16,
            network: 0,
            hidden: false,
        })
    }

    /// Degrees north of the equator.
    pub(in crate::behavior) fn latitude(&self) -> f64 {
        f64::from(self.north) * LATITUDE
    }

    /// Degrees east of Greenwich.
    pub(in crate::behavior) fn longitude(&self) -> f64 {
        f64::from(self.east) * LONGITUDE
    }

    /// The cell of about 0.7 by 1.4 degrees that it lies in: what makes two places the same one.
    fn cell(&self) -> u32 {
        let cell = |steps: i16| u32::from((steps >> 8).cast_unsigned() & 0xff);
        cell(self.north) << 8 | cell(self.east)
    }

    /// A value for this place and another, in either order; none if they are the same one.
    pub(in crate::behavior) fn route(&self, other: &Self) -> Option<u64> {
        let (low, high) = (self.cell().min(other.cell()), self.cell().max(other.cell()));
        (low != high).then(|| spread(u64::from(low) << 16 | u64::from(high)))
    }
}

/// Spreads what differs in any bits over the highest, of which baselines keep some.
pub(in crate::behavior) const fn spread(value: u64) -> u64 {
    let mixed = (value ^ value >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_somewhere_or_nowhere() {
        let vienna = Place::new(48.208, 16.372, 20.0).unwrap();
        assert!((vienna.latitude() - 48.208).abs() < 0.002);
        assert!((vienna.longitude() - 16.372).abs() < 0.004);
        assert_eq!(vienna.radius, 20);
        for (latitude, longitude) in [(90.1, 0.0), (0.0, -180.5), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert_eq!(Place::new(latitude, longitude, 1.0), None);
        }
        assert_eq!(Place::new(0.0, 0.0, f64::NAN).unwrap().radius, 0);
        assert_eq!(Place::new(-90.0, -180.0, 1e9).unwrap().radius, u16::MAX);
    }

    #[test]
    fn routes_have_no_direction() {
        let place = |latitude, longitude| Place::new(latitude, longitude, 0.0).unwrap();
        let (vienna, lisbon, near) = (place(48.2, 16.4), place(38.7, -9.1), place(48.21, 16.41));
        assert_eq!(vienna.route(&lisbon), lisbon.route(&vienna));
        assert_ne!(vienna.route(&lisbon), vienna.route(&place(38.7, 9.1)));
        assert_eq!(vienna.route(&near), None);
    }
}
