/// Why bytes are not the image of a rule set that can be used here.
///
/// ```
/// use autosec_core::event::Schema;
/// use autosec_core::rule::{ImageError, RuleSet};
///
/// let schema = Schema::ecs();
/// let mut image = RuleSet::builder(&schema).starter().build()?.image()?;
/// *image.last_mut().unwrap() ^= 1;
/// let refused = RuleSet::builder(&schema).image("rules.img", &image).unwrap_err();
/// assert_eq!(refused, ImageError::Damaged);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The bytes begin with something else.
    #[error("this is no image of a rule set: it begins with other bytes")]
    Foreign,
    /// It was written in another format, by a newer or an older version.
    #[error("the image has the format {found}, and this version reads {known}: write it anew from the rules")]
    Version {
        /// The format of the image.
        found: u32,
        /// The format that this version reads and writes.
        known: u32,
    },
    /// Some of it is missing, or something follows it.
    #[error(
        "the image is to have {expected} bytes and has {found}: it was cut short, or something was added"
    )]
    Length {
        /// How many bytes it says it has.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// It is larger than an image may be.
    #[error("the image would have {found} bytes, and the limit is {limit}: make several rule sets")]
    Large {
        /// How many bytes it has.
        found: u64,
        /// The most an image may have.
        limit: u64,
    },
    /// The checksum is another: a byte has changed.
    #[error("the image is damaged: its checksum is not that of its bytes; write it anew from the rules")]
    Damaged,
    /// The checksum is right, yet it says what no version ever writes.
    #[error("the image was made by something else: at byte {at} of its body there is {what}")]
    Malformed {
        /// Where in the body.
        at: usize,
        /// What stands there.
        what: &'static str,
    },
    /// A rule counts over a window that cannot be kept with the limits that are given here, such as the lateness.
    #[error("a rule of the image counts over a window that cannot be kept here: {reason}")]
    Window {
        /// What is wrong with it.
        reason: String,
    },
    /// A rule asks for a list under a name that stands for one of another kind.
    #[error("a rule of the image asks for the list `{name}` of {wanted}, and another for one of {held}")]
    List {
        /// The name.
        name: String,
        /// What the rule takes it to hold.
        wanted: &'static str,
        /// What another one does.
        held: &'static str,
    },
    /// A rule reads a field that the schema lacks, or that holds another kind of value there.
    #[error("a rule of the image reads the field `{name}`, {problem}")]
    Field {
        /// The field.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
}
