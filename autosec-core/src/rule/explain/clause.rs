use serde::Serialize;

/// A part of a rule's condition, and whether it holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Clause {
    /// Whether the event satisfies it.
    pub holds: bool,
    /// What it says.
    #[serde(flatten)]
    pub says: Says,
}

/// What a clause says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Says {
    /// All of these hold.
    All(Vec<Clause>),
    /// At least one of these holds.
    Any(Vec<Clause>),
    /// This does not hold.
    Not(Box<Clause>),
    /// Something about the event's values.
    Test(Tested),
}

/// A test of an event's values.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Tested {
    /// What is asked, as a person would write it: `source.port < 1024`, `Image|endswith: '\cmd.exe'`. Long texts and
    /// long lists are cut.
    pub test: String,
    /// The fields it looked at and what they hold, cut and free of control characters; `None` of a field the event lacks.
    /// A keyword that is found names where; one that is not looked everywhere and names nothing.
    pub values: Vec<(String, Option<String>)>,
    /// The same for tests that ask the same.
    #[serde(skip)]
    pub(super) id: usize,
}

impl Clause {
    /// The tests in it, from left to right; one that stands there twice comes twice.
    pub(super) fn tests(&self) -> Vec<&Clause> {
        match &self.says {
            Says::All(parts) | Says::Any(parts) => parts.iter().flat_map(Clause::tests).collect(),
            Says::Not(part) => part.tests(),
            Says::Test(_) => vec![self],
        }
    }
}
