//! What can be wrong, and its stable code. A code is what documentation, tests and editors refer to, so it is never
//! given another meaning: a new kind of mistake gets a new number at the end of its group (`E0` expressions, `E1` the file,
//! `E2` the rule, `E3` settings, `E4` Sigma, `E5` what a rule is given besides: tests,
//! exceptions, simple types, lists).

use std::ops::Range;

/// What is wrong with a rule or a configuration: see [`CODES`] for what each says.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Code {
    Syntax,
    UnknownField,
    Mismatch,
    UnknownOperator,
    UnclosedText,
    BadEscape,
    BadAddress,
    BadNumber,
    BadRegex,
    UnknownList,
    StrangeCharacter,
    LongExpression,
    DeepExpression,
    LargeSet,
    EmptySet,
    ReversedRange,
    EmptyExpression,
    UnclosedBracket,
    NotYaml,
    UnknownKey,
    MissingKey,
    WrongType,
    BadValue,
    UnknownWord,
    DuplicateKey,
    LargeSource,
    ManyRules,
    Stopped,
    BadId,
    DuplicateId,
    TwoStates,
    EmptyBy,
    BadBy,
    BadWindow,
    BadThreshold,
    LongLateness,
    BadSubject,
    BadDuration,
    BadStep,
    BadSpan,
    BadQuantile,
    BadSetting,
    UnknownModifier,
    ModifierMix,
    ModifierValue,
    SigmaCondition,
    UnknownSelection,
    NoSelection,
    SigmaPipe,
    Placeholder,
    EmptySelection,
    SigmaShape,
    LargeSigma,
    SigmaField,
    NotDetection,
    UnknownRule,
    AmbiguousRule,
    Circle,
    BadTimespan,
    BadCorrelation,
    BadAlias,
    PipelinePart,
    SeveralNames,
    BadTest,
    UnknownException,
    BadException,
    BadClassic,
    BadList,
}

/// Every code with what it means. Codes are never reused.
pub const CODES: &[(&str, &str)] = &[
    ("E001", "the expression is not of the form the language has"),
    ("E002", "no field has this name"),
    ("E003", "the field's kind does not go with the operator or the value"),
    ("E004", "no operator has this name"),
    ("E005", "a text has no closing quote"),
    ("E006", "a text holds an escape sequence that means nothing"),
    ("E007", "not an IP address or a prefix in CIDR notation"),
    ("E008", "not a number that can be held"),
    ("E009", "the regular expression is malformed or compiles to more than 1 MiB"),
    ("E010", "no list has this name"),
    ("E011", "a character that starts nothing in the language"),
    ("E012", "the expression is longer than 64 KiB"),
    ("E013", "the expression is nested deeper than 64 levels"),
    ("E014", "a set holds more than 10,000 members"),
    ("E015", "a set holds nothing"),
    ("E016", "a range ends before it begins"),
    ("E017", "the expression is empty"),
    ("E018", "a bracket is not closed"),
    ("E101", "the source is not YAML (or not TOML), or too deep or too repetitive to be read"),
    ("E102", "a rule has no such key"),
    ("E103", "a key is missing"),
    ("E104", "a value has another type than its key needs"),
    ("E105", "a value has the right type but is out of range or malformed"),
    ("E106", "a word is not one of those that are possible here"),
    ("E107", "a key is given twice"),
    ("E108", "a source is larger than 1 MiB"),
    ("E109", "there are more rules than the set may hold, 100,000 unless the host says otherwise"),
    ("E110", "the host stopped the loading of the rules"),
    ("E201", "a rule's id is not in kebab case, or longer than 64 bytes"),
    ("E202", "two rules have the same id"),
    ("E203", "a rule has two operators, such as `count` and `distinct`"),
    ("E204", "`by` or `of` names no field"),
    ("E205", "`by` or `of` names more than eight fields, or one of them twice"),
    ("E206", "`within`, or the timespan of a correlation, is not between 1 ms and 31 days"),
    ("E207", "a threshold is missing, 0, not finite, not reachable, or more than 1,000,000 for `distinct`"),
    ("E208", "the window is too short for the lateness that is allowed"),
    ("E209", "a field of this kind cannot name a subject or a key"),
    ("E210", "a response lasts less than a second, or more than a year"),
    ("E211", "the steps of a sequence are too few or too many, or one of them is absent where it cannot be"),
    ("E212", "`learn` or `forget` is out of range"),
    ("E213", "`q` is not between 0 and 1"),
    ("E301", "a setting of the configuration is out of range, or contradicts another"),
    ("E401", "Sigma has no modifier of this name"),
    ("E402", "modifiers that do not go together, or not in this order"),
    ("E403", "a value that does not go with its modifiers"),
    ("E404", "the condition is not of the form that Sigma has"),
    ("E405", "the detection has no search identifier of this name"),
    ("E406", "no search identifier is of this pattern"),
    ("E407", "a condition with an aggregation, which Sigma 2 writes as a correlation"),
    ("E408", "a value names a placeholder that has no values"),
    ("E409", "a detection, a search identifier or a list of values holds nothing"),
    ("E410", "a part of the Sigma rule is of another shape than it can have here"),
    ("E411", "the Sigma source is nested too deeply, or holds or repeats too much"),
    ("E412", "the name of a field is empty or longer than 128 bytes, or there are too many fields"),
    ("E413", "a Sigma document that is not a detection rule, nor a correlation or a filter"),
    ("E414", "no Sigma rule of the set has this id or name, or none that can be meant here"),
    ("E415", "several Sigma rules have this name, or a rule is named twice"),
    ("E416", "correlations that refer to each other in a circle"),
    ("E417", "a timespan is a number and one of the units s, m, h, d, w, M and y"),
    ("E418", "the condition of a correlation is not one that its type can have"),
    ("E419", "an alias that does not go with the rules of its correlation"),
    ("E420", "a part of a pipeline that is not supported"),
    ("E421", "a correlation needs one name for a field that pipelines give several"),
    ("E501", "a test of a rule holds no events or too many, or a value that its field cannot have"),
    ("E502", "an exception names a rule that is not in the set"),
    ("E503", "an exception names no rule"),
    ("E504", "`type`, `value` and `field` of a rule do not go together, or a value is not of its type"),
    ("E505", "a list of a source has no usable name, is given twice, or holds values of different kinds"),
];

impl Code {
    /// The stable code, such as `E001`.
    pub(crate) fn text(self) -> &'static str {
        CODES.get(self as usize).map_or("E000", |(code, _)| code)
    }
}

/// Something wrong with an expression or another text of a rule; spans are byte ranges of that text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Issue {
    pub(crate) code: Code,
    pub(crate) title: String,
    pub(crate) labels: Vec<(Range<usize>, String)>,
    pub(crate) help: Option<String>,
}

impl Issue {
    pub(crate) fn new(
        code: Code,
        title: impl Into<String>,
        span: Range<usize>,
        label: impl Into<String>,
    ) -> Self {
        Self { code, title: title.into(), labels: vec![(span, label.into())], help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With a help line if there is one.
    pub(crate) fn help_if(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }
}

/// The user's text as it is quoted in a message: at most 64 characters.
pub(crate) fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(64).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("`{short}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_line_up_with_their_table() {
        assert_eq!(Code::Syntax.text(), "E001");
        assert_eq!(Code::UnclosedBracket.text(), "E018");
        assert_eq!(Code::NotYaml.text(), "E101");
        assert_eq!(Code::Stopped.text(), "E110");
        assert_eq!(Code::BadId.text(), "E201");
        assert_eq!(Code::BadSubject.text(), "E209");
        assert_eq!(Code::BadSetting.text(), "E301");
        assert_eq!(Code::UnknownModifier.text(), "E401");
        assert_eq!(Code::BadTest.text(), "E501");
        assert_eq!(CODES.len(), Code::BadList as usize + 1);
    }
}
