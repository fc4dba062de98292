use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::glob::Glob;
use super::slot::{Slot, Word};

/// The longest template, and the longest value that is filled in, in bytes.
const LONGEST: usize = 512;

/// A text with places that are filled in: `{config.host}` from the plugin's configuration, which is its operator's word,
/// `{config.region|eu-west-1}` with what stands there otherwise, and, in arguments and lines, slots such as `{ip}`. A brace
/// that stands for itself is written twice.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct Template {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Piece {
    Text(String),
    Config { path: String, otherwise: Option<String> },
    Slot(Slot),
}

/// A template cannot be filled in.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FillError {
    /// The configuration lacks what the template asks for.
    #[error("`{template}` needs `{path}`, which the configuration lacks")]
    Missing {
        /// The template.
        template: String,
        /// Where in the configuration.
        path: String,
    },
    /// What the configuration has there does not fit.
    #[error("`{template}` cannot be filled in with `{path}` of the configuration: it is not {needed}")]
    Unfit {
        /// The template.
        template: String,
        /// Where in the configuration.
        path: String,
        /// What it would have to be.
        needed: &'static str,
    },
    /// The whole is not what is needed at its place. What came of it is not shown: a template can name any setting, and some
    /// hold secrets.
    #[error("`{template}`, filled in with the configuration, is not {needed}")]
    Whole {
        /// The template.
        template: String,
        /// What it would have to be.
        needed: &'static str,
    },
}

impl Template {
    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many slots there are.
    pub(crate) fn slots(&self) -> usize {
        self.pieces.iter().filter(|piece| matches!(piece, Piece::Slot(_))).count()
    }

    /// The same with its own text in small letters.
    pub(crate) fn to_lowercase(&self) -> Self {
        let lower = |piece: &Piece| match piece {
            Piece::Text(text) => Piece::Text(text.to_ascii_lowercase()),
            other => other.clone(),
        };
        Self { text: self.text.clone(), pieces: self.pieces.iter().map(lower).collect() }
    }

    /// The text, filled in.
    pub(crate) fn fill(&self, config: &Value) -> Result<String, FillError> {
        let mut filled = String::new();
        for piece in &self.pieces {
            filled.push_str(&self.value(piece, config)?);
        }
        Ok(filled)
    }

    /// The pattern, filled in: stars are wildcards where the template has them, not where the configuration does.
    pub(crate) fn glob(&self, separator: u8, config: &Value) -> Result<Glob, FillError> {
        let mut glob = Glob::empty(separator);
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => glob.push_pattern(text),
                other => glob.push_literal(&self.value(other, config)?),
            }
        }
        if glob.is_too_long() {
            return Err(self.unfit_whole("a pattern of at most 512 bytes"));
        }
        Ok(glob)
    }

    /// The patterns of the words, filled in.
    pub(crate) fn word(&self, config: &Value) -> Result<Word, FillError> {
        let mut word = Word { before: String::new(), slot: None, after: String::new() };
        for piece in &self.pieces {
            match piece {
                Piece::Slot(slot) => word.slot = Some(*slot),
                other if word.slot.is_none() => word.before.push_str(&self.value(other, config)?),
                other => word.after.push_str(&self.value(other, config)?),
            }
        }
        Ok(word)
    }

    pub(crate) fn unfit_whole(&self, needed: &'static str) -> FillError {
        FillError::Whole { template: self.text.clone(), needed }
    }

    fn value(&self, piece: &Piece, config: &Value) -> Result<String, FillError> {
        let (path, otherwise) = match piece {
            Piece::Text(text) => return Ok(text.clone()),
            Piece::Slot(slot) => return Ok(format!("{{{}}}", slot.text())),
            Piece::Config { path, otherwise } => (path, otherwise),
        };
        let unfit = |needed| FillError::Unfit { template: self.text.clone(), path: path.clone(), needed };
        let found = path.split('.').try_fold(config, |value, key| value.get(key));
        let value = match (found, otherwise) {
            (Some(Value::String(text)), _) => text.clone(),
            (Some(Value::Number(number)), _) if number.is_u64() => number.to_string(),
            (None | Some(Value::Null), Some(otherwise)) => otherwise.clone(),
            (None | Some(Value::Null), None) => {
                return Err(FillError::Missing { template: self.text.clone(), path: path.clone() });
            }
            _ => return Err(unfit("a text or a whole number")),
        };
        let plain = value.len() <= LONGEST && value.chars().all(|c| c.is_ascii_graphic());
        if plain { Ok(value) } else { Err(unfit("of at most 512 printable ASCII characters without spaces")) }
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.is_empty() || text.len() > LONGEST {
            return Err("an empty text, or one of more than 512 bytes; write a shorter one".into());
        }
        if !text.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
            return Err("a character that is not printable ASCII; write names of hosts in punycode".into());
        }
        let pieces = pieces(&text)?;
        Ok(Self { text, pieces })
    }
}

fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        plain.push_str(before);
        if let Some(after) = brace.strip_prefix("{{").or_else(|| brace.strip_prefix("}}")) {
            plain.push_str(brace.get(..1).unwrap_or_default());
            rest = after;
            continue;
        }
        let inside = brace.strip_prefix('{').and_then(|inside| inside.split_once('}'));
        let (name, after) = inside.ok_or("a brace without its counterpart; write `{{` for `{`")?;
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        pieces.push(place(name)?);
        rest = after;
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

fn place(name: &str) -> Result<Piece, String> {
    if let Some(slot) = Slot::ALL.into_iter().find(|slot| slot.text() == name) {
        return Ok(Piece::Slot(slot));
    }
    let Some(config) = name.strip_prefix("config.") else {
        let shown: String = name.chars().take(40).collect();
        return Err(format!(
            "`{{{shown}}}` is nothing known; write `{{config.…}}`, or in arguments and lines {{ip}}, {{cidr}}, {{name}} or {{int}}"
        ));
    };
    let (path, otherwise) = match config.split_once('|') {
        Some((path, otherwise)) => (path, Some(otherwise.to_owned())),
        None => (config, None),
    };
    let is_key = |key: &str| {
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    if !path.split('.').all(is_key) {
        return Err("no path of keys behind `config.`; write `{config.host}` or `{config.edge.host}`".into());
    }
    Ok(Piece::Config { path: path.to_owned(), otherwise })
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(text: &str) -> Template {
        Template::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn takes_values_from_the_configuration() {
        let config = json!({ "host": "fw.example", "edge": { "port": 8443 }, "none": null, "star": "*" });
        for (text, filled) in [
            ("{config.host}", "fw.example"),
            ("{config.host}:{config.edge.port}", "fw.example:8443"),
            ("wafv2.{config.region|eu-west-1}.amazonaws.com", "wafv2.eu-west-1.amazonaws.com"),
            ("{config.none|x}", "x"),
            ("{{config.host}}", "{config.host}"),
        ] {
            assert_eq!(template(text).fill(&config).as_deref(), Ok(filled));
        }
        let glob = template("/{config.star}/*").glob(b'/', &config).unwrap();
        assert!(glob.matches("/*/a") && !glob.matches("/b/a"));
    }

    #[test]
    fn says_what_the_configuration_lacks() {
        let config = json!({ "list": [], "space": "a b", "line": "a\nb", "negative": -1 });
        for text in [
            "{config.host}",
            "{config.list}",
            "{config.space}",
            "{config.line}",
            "{config.negative}",
            "{config.list.0}",
        ] {
            assert!(template(text).fill(&config).is_err(), "{text}");
        }
        let error = template("https://{config.host}/").fill(&config).unwrap_err();
        assert_eq!(error.to_string(), "`https://{config.host}/` needs `host`, which the configuration lacks");
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for text in
            ["", "{", "}", "{config.host", "{env.HOME}", "{config.}", "{config.a..b}", "{}", "ä", "a\nb"]
        {
            assert!(Template::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
