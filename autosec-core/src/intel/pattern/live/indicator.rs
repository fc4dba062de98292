use std::sync::Arc;

use ipnet::{IpNet, Ipv6Net};

use super::super::error::PatternError;
use super::super::matcher::Matcher;
use super::super::record::Pattern;
use crate::intel::{Indicator, IndicatorValue};

/// An indicator whose pattern needs observations.
#[derive(Clone, Debug)]
pub struct PatternIndicator {
    /// The pattern.
    pub pattern: Pattern,
    /// The pattern, ready to run.
    pub matcher: Arc<Matcher>,
    /// All else that is said of it; there are no `values`.
    pub about: Indicator,
}

impl PatternIndicator {
    /// A pattern of this id that a source says is bad: of medium severity and even confidence, valid for ever, without
    /// decay; `about` says otherwise.
    ///
    /// # Errors
    /// Something in the pattern can never work; see [`Matcher::new`].
    pub fn new(
        source: impl Into<Arc<str>>,
        id: impl Into<Arc<str>>,
        pattern: Pattern,
    ) -> Result<Self, PatternError> {
        let matcher = Arc::new(Matcher::new(&pattern)?);
        // An indicator is made with a value, which a pattern has not.
        let carrier = IndicatorValue::from(IpNet::V6(Ipv6Net::default()));
        let mut about = Indicator::new(source, carrier).with_id(id);
        about.values = Vec::new();
        Ok(Self { pattern, matcher, about })
    }
}
