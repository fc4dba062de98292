use std::sync::Arc;

use autosec_core::intel::{BaseScore, Decay};

/// How events are read.
#[derive(Clone, Debug)]
pub struct MispSettings {
    /// The source of the indicators: the name of the feed or server.
    pub source: Arc<str>,
    /// Whether attributes that are not meant for detection (`to_ids` is false) are read as well; false unless set.
    pub context_too: bool,
    /// What an indicator is worth by its tags; 50 unless set. Divided by 100 it is the confidence.
    pub score: BaseScore,
    /// How indicators lose weight; not at all unless set.
    pub decay: Decay,
    /// What a document may ask for.
    pub limits: MispLimits,
}

/// What a document may ask for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MispLimits {
    /// Its length in bytes; 256 MiB.
    pub bytes: u64,
    /// Its parts: events, attributes, tags and whatever else is an object of JSON; 1,000,000. Each may take some 500 bytes
    /// of memory.
    pub parts: u64,
    /// How many rejects are kept; 100. The others are counted.
    pub rejects: usize,
}

impl MispSettings {
    /// The usual for a source of this name.
    pub fn new(source: impl Into<Arc<str>>) -> Self {
        Self {
            source: source.into(),
            context_too: false,
            score: BaseScore::new(50.0),
            decay: Decay::None,
            limits: MispLimits::default(),
        }
    }
}

impl Default for MispLimits {
    fn default() -> Self {
        Self { bytes: 256 << 20, parts: 1_000_000, rejects: 100 }
    }
}
