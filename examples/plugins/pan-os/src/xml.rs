use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// Elements inside each other; answers have eight.
const DEPTH_LIMIT: usize = 32;
/// Elements of one answer: a page of 500 addresses with 32 tags each has 17,000.
const ELEMENT_LIMIT: usize = 100_000;
/// Attributes of one element; answers have three.
const ATTRIBUTE_LIMIT: usize = 32;

/// An element of an answer with all that is in it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
    text: String,
}

/// Reads a document. Of an answer that was cut off, is no XML, or is larger than any answer, the words say what is wrong.
pub(crate) fn read(body: &[u8]) -> Result<Element, &'static str> {
    let text = std::str::from_utf8(body).map_err(|_| "it is not UTF-8")?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut elements = 0;
    loop {
        let ended = match reader.read_event().map_err(|_| "it is not well-formed XML")? {
            Event::Start(start) => {
                elements += 1;
                if open.len() == DEPTH_LIMIT || elements > ELEMENT_LIMIT {
                    return Err("it is larger than any answer of a firewall");
                }
                open.push(Element::begun(&start)?);
                continue;
            }
            Event::Empty(start) => {
                elements += 1;
                if elements > ELEMENT_LIMIT {
                    return Err("it is larger than any answer of a firewall");
                }
                Element::begun(&start)?
            }
            Event::End(_) => open.pop().ok_or("it is not well-formed XML")?,
            Event::Eof => return Err("it ends too early"),
            // No answer has one, and what it could declare is nothing to be believed.
            Event::DocType(_) => return Err("it has a document type"),
            other => {
                add_text(&mut open, other)?;
                continue;
            }
        };
        match open.last_mut() {
            Some(parent) => parent.children.push(ended),
            None => return Ok(ended),
        }
    }
}

fn add_text(open: &mut [Element], event: Event<'_>) -> Result<(), &'static str> {
    match event {
        Event::Text(text) if open.is_empty() && !text.trim().is_empty() => return Err("it is not XML"),
        Event::Text(text) => append(open, &text.into_inner()),
        Event::CData(text) => append(open, &text.into_inner()),
        Event::GeneralRef(reference) => {
            let mut buffer = [0; 4];
            let character = reference.resolve_char_ref().map_err(|_| "it is not well-formed XML")?;
            let named = || resolve_predefined_entity(&reference);
            let meant = character.map(|character| &*character.encode_utf8(&mut buffer)).or_else(named);
            append(open, meant.ok_or("it names an entity that XML does not know")?);
        }
        _ => {}
    }
    Ok(())
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

impl Element {
    fn begun(start: &BytesStart<'_>) -> Result<Self, &'static str> {
        let mut attributes = Vec::new();
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| "it is not well-formed XML")?;
            if attributes.len() == ATTRIBUTE_LIMIT {
                return Err("it is larger than any answer of a firewall");
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|_| "it is not well-formed XML")?;
            attributes.push((attribute.key.into_inner().to_owned(), value.into_owned()));
        }
        Ok(Self { name: start.name().into_inner().to_owned(), attributes, ..Self::default() })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.trim())
    }

    /// Its text without the blanks around it; what is in its children is not part of it.
    pub(crate) fn text(&self) -> &str {
        self.text.trim()
    }

    /// The children of this name.
    pub(crate) fn children<'e>(&'e self, name: &str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first at the end of this path of names.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Element> {
        match path.split_first() {
            None => Some(self),
            Some((name, rest)) => self.children(name).find_map(|child| child.at(rest)),
        }
    }

    /// Hands every text in it to `each`, in order.
    pub(crate) fn texts<'e>(&'e self, each: &mut impl FnMut(&'e str)) {
        if !self.text().is_empty() {
            each(self.text());
        }
        for child in &self.children {
            child.texts(each);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_firewalls_write() {
        let body = b"<?xml version=\"1.0\"?>\n<response status = 'error' code = '403'><result><msg>a &amp; b&#x21; \
                     <![CDATA[<c>]]></msg><entry ip=\"192.0.2.1\" message=\"it&apos;s &lt;gone&gt;\"/></result></response>";
        let read = read(body).unwrap();
        assert_eq!((read.name(), read.attribute("status")), ("response", Some("error")));
        assert_eq!(read.at(&["result", "msg"]).unwrap().text(), "a & b! <c>");
        assert_eq!(read.at(&["result", "entry"]).unwrap().attribute("message"), Some("it's <gone>"));
        let mut texts = Vec::new();
        read.texts(&mut |text| texts.push(text.to_owned()));
        assert_eq!(texts, ["a & b! <c>"]);
    }

    #[test]
    fn refuses_what_no_firewall_writes() {
        let deep = "<a>".repeat(DEPTH_LIMIT + 1);
        let wide = format!("<a>{}</a>", "<b/>".repeat(ELEMENT_LIMIT));
        let crowded = format!("<a {}/>", "b='c' ".repeat(ATTRIBUTE_LIMIT + 1));
        for (body, why) in [
            ("", "it ends too early"),
            ("busy", "it is not XML"),
            ("<response><result>", "it ends too early"),
            ("<a></b>", "it is not well-formed XML"),
            ("</a>", "it is not well-formed XML"),
            ("<a>&bomb;</a>", "it names an entity that XML does not know"),
            ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "it has a document type"),
            (&deep, "it is larger than any answer of a firewall"),
            (&wide, "it is larger than any answer of a firewall"),
            (&crowded, "it is larger than any answer of a firewall"),
        ] {
            assert_eq!(read(body.as_bytes()).unwrap_err(), why, "{}", body.get(..60).unwrap_or(body));
        }
        assert_eq!(read(b"<a>\xff</a>").unwrap_err(), "it is not UTF-8");
    }
}
