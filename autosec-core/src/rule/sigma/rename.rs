use super::node::{Node, Scalar};
use super::pipeline::Reading;
use crate::rule::lang::issue::{Code, Issue};

/// How a pipeline renames fields, and which.
#[derive(Debug)]
pub(super) struct Renaming {
    names: Names,
    only: Only,
}

#[derive(Debug)]
enum Names {
    /// Of one field several may come.
    Mapped(Vec<(String, Vec<String>)>),
    /// The same for the beginning of a name.
    Beginning(Vec<(String, Vec<String>)>),
    Prefix(String),
    Suffix(String),
}

/// Which fields: all of the tests, or any.
#[derive(Debug, Default)]
struct Only {
    tests: Vec<Test>,
    any: bool,
    negated: bool,
}

/// Whether a field is among some, or is not.
#[derive(Debug)]
struct Test {
    fields: Vec<String>,
    excludes: bool,
}

impl Renaming {
    /// Reads an item of a pipeline of the type `kind`; what is wrong is reported to `reading`.
    pub(super) fn read(kind: &str, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let names = match kind {
            "field_name_prefix" => Names::Prefix(reading.text(node, "prefix")?),
            "field_name_suffix" => Names::Suffix(reading.text(node, "suffix")?),
            "field_name_prefix_mapping" => Names::Beginning(mapping(node, reading)?),
            _ => Names::Mapped(mapping(node, reading)?),
        };
        let tests = node.at("field_name_conditions").map_or(&[][..], Node::each);
        let only = Only {
            tests: tests.iter().filter_map(|node| test(node, reading)).collect(),
            any: node.at("field_name_cond_op").is_some_and(|node| reading.either(node)),
            negated: node.at("field_name_cond_not").is_some_and(|node| reading.boolean(node)),
        };
        Some(Self { names, only })
    }

    /// What becomes of a name.
    pub(super) fn names(&self, name: &str) -> Vec<String> {
        if !self.only.means(name) {
            return vec![name.to_owned()];
        }
        let renamed = match &self.names {
            Names::Prefix(prefix) => Some(vec![format!("{prefix}{name}")]),
            Names::Suffix(suffix) => Some(vec![format!("{name}{suffix}")]),
            // Rules may write a field with spaces, which mean nothing.
            Names::Mapped(mapping) => mapping.iter().find(|(from, _)| from == name).map(|(_, to)| to.clone()),
            Names::Beginning(mapping) => mapping.iter().find_map(|(from, to)| {
                let rest = name.strip_prefix(from.as_str())?;
                Some(to.iter().map(|to| format!("{to}{rest}")).collect())
            }),
        };
        renamed.unwrap_or_else(|| vec![name.to_owned()])
    }
}

impl Only {
    fn means(&self, name: &str) -> bool {
        let holds = |test: &Test| test.fields.iter().any(|field| field == name) != test.excludes;
        let held = if self.any { self.tests.iter().any(holds) } else { self.tests.iter().all(holds) };
        self.tests.is_empty() || held != self.negated
    }
}

fn mapping(node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Vec<(String, Vec<String>)>> {
    let Some(entries) = node.at("mapping").and_then(Node::map) else {
        reading.wrong(Code::MissingKey, "missing key `mapping`".to_owned(), node, "names by names");
        return None;
    };
    let mut mapping = Vec::new();
    for (key, to) in entries {
        let names = texts(to);
        if key.name.is_empty() || names.is_empty() {
            let issue = Issue::new(
                Code::PipelinePart,
                "a name is mapped to one name or several",
                to.span.clone(),
                "none",
            );
            reading.issues.push(issue.help("keywords cannot be given a field, nor can a field be dropped"));
            continue;
        }
        mapping.push((without_spaces(&key.name), names));
    }
    Some(mapping)
}

fn test(node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Test> {
    let kind = reading.word(node, "type", &["exclude_fields", "include_fields"])?;
    reading.known(node, &["type", "fields", "mode"], &format!("a condition of the type `{kind}`"));
    if let Some(mode) = node.at("mode").filter(|mode| mode.scalar().is_none_or(|mode| mode.text != "plain")) {
        reading.wrong(
            Code::PipelinePart,
            "fields are named as they are".to_owned(),
            mode,
            "only `plain` is supported",
        );
    }
    let fields = node.at("fields").map(texts).unwrap_or_default();
    Some(Test { fields, excludes: kind == "exclude_fields" })
}

fn texts(node: &Node<'_>) -> Vec<String> {
    let scalars = node.each().iter().filter_map(Node::scalar).filter(|scalar| !Scalar::is_null(scalar));
    scalars.map(|scalar| without_spaces(&scalar.text)).filter(|text| !text.is_empty()).collect()
}

/// White space in names means nothing.
pub(super) fn without_spaces(name: &str) -> String {
    let mut name = name.to_owned();
    name.retain(|c| !c.is_whitespace());
    name
}
