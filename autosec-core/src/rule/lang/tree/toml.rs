use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Key, Node, Scalar, Tree};
use crate::rule::lang::issue::{Code, Issue};

/// Reads a TOML document as keys and values. Depth is bounded by the reader of TOML.
pub(crate) fn document(text: &str) -> Result<Node<'_>, Issue> {
    let root = DeTable::parse(text).map_err(|error| {
        let title = error.message().lines().next().unwrap_or_default().to_owned();
        Issue::new(Code::NotYaml, title, error.span().unwrap_or(0..0), "")
    })?;
    let span = root.span();
    Ok(Node { span, tree: table(root.into_inner()) })
}

fn table(table: DeTable<'_>) -> Tree<'_> {
    let mut entries: Vec<_> = table.into_iter().map(|(key, value)| entry(key, value)).collect();
    // In the order of the file, which the reader does not keep.
    entries.sort_by_key(|(key, _)| key.span.start);
    Tree::Map(entries)
}

fn entry<'a>(key: Spanned<Cow<'a, str>>, value: Spanned<DeValue<'a>>) -> (Key<'a>, Node<'a>) {
    let span = key.span();
    (Key { name: key.into_inner(), span }, node(value))
}

fn node<'a>(value: Spanned<DeValue<'a>>) -> Node<'a> {
    let span = value.span();
    let scalar = |text: Cow<'a, str>, plain| Tree::Scalar(Scalar { text, plain });
    let tree = match value.into_inner() {
        DeValue::String(text) => scalar(text, false),
        DeValue::Integer(integer) => {
            let number = i64::from_str_radix(integer.as_str(), integer.radix());
            scalar(
                number.map_or_else(|_| integer.as_str().to_owned(), |number| number.to_string()).into(),
                true,
            )
        }
        DeValue::Float(float) => scalar(float.as_str().to_owned().into(), true),
        DeValue::Boolean(truth) => scalar(truth.to_string().into(), true),
        DeValue::Datetime(time) => scalar(time.to_string().into(), false),
        DeValue::Array(items) => Tree::List(items.into_iter().map(node).collect()),
        DeValue::Table(entries) => table(entries),
    };
    Node { span, tree }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_kind_with_its_place() {
        let text = "[[rule]]\nid = 'a'\nport = 0x16\nshare = 0.5\non = true\nat = 2027-01-01\nby = [\"x\"]\n[rule.count]\nn = 1\n";
        let root = document(text).unwrap();
        let rule = &root.at("rule").unwrap().each()[0];
        for (key, value) in
            [("id", "a"), ("port", "22"), ("share", "0.5"), ("on", "true"), ("at", "2027-01-01")]
        {
            assert_eq!(rule.at(key).unwrap().scalar().unwrap().text, value);
        }
        assert_eq!(&text[rule.at("by").unwrap().each()[0].span.clone()], "\"x\"");
        assert_eq!(
            rule.at("count").unwrap().at("n").unwrap().scalar().unwrap().number().as_deref(),
            Some("1")
        );
    }

    #[test]
    fn says_where_it_is_no_toml() {
        let issue = document("[[rule]]\nid = \n").unwrap_err();
        assert_eq!((issue.code, issue.labels[0].0.start), (Code::NotYaml, 14), "{issue:?}");
        assert!(document(&format!("a = {}1{}", "[".repeat(10_000), "]".repeat(10_000))).is_err());
    }
}
