//! What a request says, read by the simulator's own means.

use std::collections::BTreeMap;

/// The fields of a form.
pub fn fields(body: &[u8]) -> BTreeMap<String, String> {
    let text = std::str::from_utf8(body).unwrap();
    let pairs = text.split('&').map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), decoded(value))).collect()
}

fn decoded(value: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// One address of a message that changes tags.
#[derive(Clone, Debug)]
pub struct Entry {
    pub ip: String,
    pub persistent: bool,
    pub tag: String,
    /// In seconds.
    pub timeout: Option<u64>,
}

/// The addresses of one section; `None` if the message is none that PAN-OS would take.
pub fn section(command: &str, name: &str) -> Option<Vec<Entry>> {
    let Some((_, rest)) = command.split_once(&format!("<{name}>")) else { return Some(Vec::new()) };
    let (section, _) = rest.split_once(&format!("</{name}>"))?;
    section.split_inclusive("</entry>").map(entry).collect()
}

fn entry(text: &str) -> Option<Entry> {
    let inner = text.strip_prefix("<entry ip=\"")?.strip_suffix("</member></tag></entry>")?;
    let (ip, rest) = inner.split_once('"')?;
    let (attributes, member) = rest.split_once("><tag><member")?;
    let persistent = match attributes {
        "" | " persistent=\"1\"" => true,
        " persistent=\"0\"" => false,
        _ => return None,
    };
    let (timeout, tag) = member.split_once('>')?;
    let timeout = match timeout {
        "" => None,
        timeout => Some(timeout.strip_prefix(" timeout=\"")?.strip_suffix('"')?.parse().ok()?),
    };
    let is_plain = !tag.is_empty() && !tag.contains(['<', '>', '&']);
    is_plain.then(|| Entry { ip: ip.to_owned(), persistent, tag: tag.to_owned(), timeout })
}

/// What stands between two texts.
pub fn between<'c>(command: &'c str, from: &str, to: &str) -> Option<&'c str> {
    command.split_once(from)?.1.split_once(to).map(|(between, _)| between)
}
