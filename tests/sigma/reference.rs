//! A slow, obvious evaluator of Sigma detections. It shares nothing with the one it checks: detections are trees of its
//! own, written out as YAML for the other, and every question is answered by trying everything.

/// A detection: named search identifiers and a condition.
#[derive(Clone, Debug)]
pub struct Detection {
    pub selections: Vec<Selection>,
    pub condition: Formula,
}

#[derive(Clone, Debug)]
pub enum Selection {
    Map(Vec<Item>),
    Maps(Vec<Vec<Item>>),
    Keywords { values: Vec<String>, all: bool },
}

#[derive(Clone, Debug)]
pub struct Item {
    pub field: &'static str,
    pub place: Option<&'static str>,
    pub all: bool,
    pub cased: bool,
    pub values: Vec<Value>,
}

#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Number(i64),
    Text(String),
}

#[derive(Clone, Debug)]
pub enum Formula {
    Named(usize),
    AnyOfThem,
    AllOfThem,
    Not(Box<Formula>),
    And(Box<Formula>, Box<Formula>),
    Or(Box<Formula>, Box<Formula>),
}

/// Field names and their values as they are spelled; more than one for a list.
pub type Record = Vec<(&'static str, Vec<String>)>;

impl Detection {
    pub fn matches(&self, record: &Record) -> bool {
        self.condition.holds(self, record)
    }

    /// As the value of the key `detection`.
    pub fn yaml(&self) -> String {
        let selections = self.selections.iter().enumerate();
        let selections: String = selections.map(|(at, one)| format!("  s{at}:\n{}", one.yaml())).collect();
        format!("{selections}  condition: {}\n", self.condition.text())
    }
}

impl Selection {
    fn matches(&self, record: &Record) -> bool {
        match self {
            Selection::Map(items) => items.iter().all(|item| item.matches(record)),
            Selection::Maps(maps) => maps.iter().any(|items| items.iter().all(|item| item.matches(record))),
            Selection::Keywords { values, all } => {
                let everything: Vec<&String> = record.iter().flat_map(|(_, values)| values).collect();
                let found = |keyword: &String| {
                    everything
                        .iter()
                        .any(|value| like(&tokens(&format!("*{}*", closed(keyword))), value, false))
                };
                if *all { values.iter().all(found) } else { values.iter().any(found) }
            }
        }
    }

    fn yaml(&self) -> String {
        let map = |items: &[Item], first: &str| -> String {
            let lines = items.iter().enumerate();
            lines
                .map(|(at, item)| format!("{}{}", if at == 0 { first } else { "      " }, item.yaml()))
                .collect()
        };
        match self {
            Selection::Map(items) => map(items, "      "),
            Selection::Maps(maps) => maps.iter().map(|items| map(items, "    - ")).collect(),
            Selection::Keywords { values, all: true } => {
                let values: Vec<_> = values.iter().map(|value| quoted(value)).collect();
                format!("      '|all': [{}]\n", values.join(", "))
            }
            Selection::Keywords { values, .. } => {
                values.iter().map(|value| format!("    - {}\n", quoted(value))).collect()
            }
        }
    }
}

impl Item {
    fn matches(&self, record: &Record) -> bool {
        let held = record.iter().find(|(name, _)| *name == self.field).map(|(_, values)| values);
        let one = |value: &Value| match (value, held) {
            (Value::Null, held) => held.is_none(),
            (_, None) => false,
            (Value::Number(number), Some(held)) => self.any(held, &number.to_string()),
            (Value::Text(text), Some(held)) => self.any(held, text),
        };
        if self.all { self.values.iter().all(one) } else { self.values.iter().any(one) }
    }

    fn any(&self, held: &[String], text: &str) -> bool {
        let text = closed(text);
        let pattern = match self.place {
            Some("startswith") => format!("{text}*"),
            Some("endswith") => format!("*{text}"),
            Some("contains") => format!("*{text}*"),
            _ => text,
        };
        held.iter().any(|value| like(&tokens(&pattern), value, self.cased))
    }

    fn yaml(&self) -> String {
        let place = self.place.map(|place| format!("|{place}")).unwrap_or_default();
        let all = if self.all { "|all" } else { "" };
        let cased = if self.cased { "|cased" } else { "" };
        let values: Vec<_> = self.values.iter().map(Value::yaml).collect();
        format!("{}{place}{all}{cased}: [{}]\n", self.field, values.join(", "))
    }
}

impl Value {
    fn yaml(&self) -> String {
        match self {
            Value::Null => "null".to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Text(text) => quoted(text),
        }
    }
}

impl Formula {
    fn holds(&self, detection: &Detection, record: &Record) -> bool {
        let all = &detection.selections;
        match self {
            Formula::Named(at) => all[at % all.len()].matches(record),
            Formula::AnyOfThem => all.iter().any(|selection| selection.matches(record)),
            Formula::AllOfThem => all.iter().all(|selection| selection.matches(record)),
            Formula::Not(part) => !part.holds(detection, record),
            Formula::And(left, right) => left.holds(detection, record) && right.holds(detection, record),
            Formula::Or(left, right) => left.holds(detection, record) || right.holds(detection, record),
        }
    }

    /// With as few parentheses as precedence allows for `not`, and all of them elsewhere.
    fn text(&self) -> String {
        match self {
            Formula::Named(at) => format!("s{}", at % 3),
            Formula::AnyOfThem => "1 of them".to_owned(),
            Formula::AllOfThem => "all of s*".to_owned(),
            Formula::Not(part) => format!("not {}", part.text()),
            Formula::And(left, right) => format!("({} and {})", left.text(), right.text()),
            Formula::Or(left, right) => format!("({} or {})", left.text(), right.text()),
        }
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// With a backslash at the end doubled, so that what is put behind it is not escaped.
fn closed(text: &str) -> String {
    let open = text.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1;
    if open { format!("{text}\\") } else { text.to_owned() }
}

#[derive(Clone, Copy, Debug)]
enum Token {
    Char(char),
    One,
    Many,
}

fn tokens(pattern: &str) -> Vec<Token> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let escaped = chars[at] == '\\' && chars.get(at + 1).is_some_and(|next| "*?\\".contains(*next));
        tokens.push(match chars[at] {
            '\\' if escaped => Token::Char(chars[at + 1]),
            '*' => Token::Many,
            '?' => Token::One,
            other => Token::Char(other),
        });
        at += if escaped { 2 } else { 1 };
    }
    tokens
}

fn like(pattern: &[Token], value: &str, cased: bool) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return value.is_empty() };
    let mut chars = value.chars();
    match first {
        Token::Many => {
            let mut tails = value.char_indices().map(|(at, _)| &value[at..]).chain(std::iter::once(""));
            tails.any(|tail| like(rest, tail, cased))
        }
        Token::One => chars.next().is_some() && like(rest, chars.as_str(), cased),
        Token::Char(wanted) => {
            let same = |c: char| c == *wanted || !cased && c.to_lowercase().eq(wanted.to_lowercase());
            chars.next().is_some_and(same) && like(rest, chars.as_str(), cased)
        }
    }
}
