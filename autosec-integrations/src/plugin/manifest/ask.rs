use serde::Deserialize;

use super::template::Template;
use super::visible::is_hiding;

/// The most entries of one kind.
const MOST: usize = 64;

/// What a plugin asks for, or what a host gives: the same words for both.
///
/// Everything else is denied.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Asks {
    /// Requests over HTTP.
    pub http: Vec<HttpAsk>,
    /// Programs of the host.
    pub exec: Vec<ExecAsk>,
    /// Sessions on devices that the host logs into.
    pub session: Vec<SessionAsk>,
    /// Secrets that the host fills in.
    pub secret: Vec<SecretAsk>,
}

/// Requests to one host, or to several that are alike: `[[http]]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "HttpEntry")]
pub struct HttpAsk {
    /// Where to.
    pub to: Site,
    /// The methods, in capital letters.
    pub methods: Vec<String>,
    /// Patterns of paths: `*` within a segment, `**` over segments.
    pub paths: Vec<Template>,
    /// Whether `http://` will do as well; default only `https://`.
    pub tls: Tls,
    /// How many redirects are followed, each checked like a request of its own; default none.
    pub redirects: u8,
    /// The names of the secrets that may be filled in.
    pub secrets: Vec<String>,
    /// What for, for whoever grants it.
    pub why: String,
}

/// Where a request goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Site {
    /// A name, a pattern of names (`*` within a label, `**` over labels) or an address, and a port; the port is the scheme's
    /// own where there is none.
    Host(Template, Option<Template>),
    /// The scheme, host and port of a URL, whose path does not count: for a configuration that holds a URL.
    Origin(Template),
}

/// Whether a connection has to be encrypted.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Only `https://`.
    #[default]
    Required,
    /// `http://` will do as well.
    Optional,
}

/// A program with patterns of its arguments: `[[exec]]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "ExecEntry")]
pub struct ExecAsk {
    /// An absolute path.
    pub program: Template,
    /// One pattern an argument, at most one slot in each.
    pub args: Vec<Template>,
    /// Whether it may be given something to read; default not.
    pub stdin: bool,
    /// What for, for whoever grants it.
    pub why: String,
}

/// Lines for a session on a device: `[[session]]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "SessionEntry")]
pub struct SessionAsk {
    /// What plugin and host call it.
    pub name: String,
    /// Patterns of lines, word by word, at most one slot a word.
    pub lines: Vec<Vec<Template>>,
    /// What for, for whoever grants it.
    pub why: String,
}

/// A secret that the host fills in and the plugin never sees: `[[secret]]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "SecretEntry")]
pub struct SecretAsk {
    /// What the plugin calls it.
    pub name: String,
    /// Where it is put.
    pub slot: SecretSlot,
    /// What the host calls it, in a grant; by default `<plugin>-<name>`.
    pub from: Option<String>,
    /// What for, for whoever grants it.
    pub why: String,
}

/// Where a secret is put. There is none in a URL, which logs show, and none in a body, which the plugin writes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SecretSlot {
    /// In a header: `use = "header:authorization"`, with `format = "Bearer {}"`.
    Header {
        /// The header's name, in small letters.
        name: String,
        /// What stands before the secret.
        before: String,
        /// What stands behind it.
        after: String,
    },
    /// As the password of a user, in the header `authorization`: `use = "basic"`, with `user`. Without a user the secret is
    /// `user:password`.
    Basic {
        /// The user.
        user: Option<Template>,
    },
    /// As the key of a signature after AWS's version 4, of `access-key-id:secret-access-key` or these with
    /// `:session-token`: `use = "sigv4"`, with `service` and `region`.
    SigV4 {
        /// The service as signatures name it: `wafv2`.
        service: Template,
        /// The region.
        region: Template,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpEntry {
    host: Option<Template>,
    port: Option<Port>,
    origin: Option<Template>,
    methods: Vec<String>,
    paths: Vec<Template>,
    #[serde(default)]
    tls: Tls,
    #[serde(default)]
    redirects: u8,
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    why: String,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a port must be a number, or a text such as `{config.port|8443}`")]
enum Port {
    Number(u16),
    Template(Template),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExecEntry {
    program: Template,
    args: Vec<Template>,
    #[serde(default)]
    stdin: bool,
    #[serde(default)]
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionEntry {
    name: String,
    lines: Vec<String>,
    #[serde(default)]
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretEntry {
    name: String,
    r#use: String,
    format: Option<String>,
    user: Option<Template>,
    service: Option<Template>,
    region: Option<Template>,
    from: Option<String>,
    #[serde(default)]
    why: String,
}

impl TryFrom<HttpEntry> for HttpAsk {
    type Error = String;

    fn try_from(entry: HttpEntry) -> Result<Self, String> {
        let port = match entry.port {
            Some(Port::Number(number)) => Some(Template::try_from(number.to_string())?),
            Some(Port::Template(template)) => Some(template),
            None => None,
        };
        let to = match (entry.host, port, entry.origin) {
            (Some(host), port, None) => Site::Host(host, port),
            (None, None, Some(origin)) => Site::Origin(origin),
            _ => {
                return Err(
                    "neither one `host` nor one `origin`; write one, and a port beside `host` only".into()
                );
            }
        };
        if entry.methods.is_empty() || entry.paths.is_empty() {
            return Err("an entry that allows nothing; name `methods` and `paths`".into());
        }
        let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
        if let Some(strange) = entry.methods.iter().find(|method| !known.contains(&method.as_str())) {
            return Err(format!("the method `{}`; there are {}", cut(strange), known.join(", ")));
        }
        let rooted = |path: &&Template| !path.text().starts_with(['/', '{']) && path.text() != "**";
        if let Some(path) = entry.paths.iter().find(rooted) {
            return Err(format!("the path `{path}`, which does not begin with `/`; write `/{path}`"));
        }
        let templates = entry.paths.iter().chain(match &to {
            Site::Host(host, port) => [Some(host), port.as_ref()].into_iter().flatten(),
            Site::Origin(origin) => [Some(origin), None].into_iter().flatten(),
        });
        no_slots(templates)?;
        few(entry.methods.len().max(entry.paths.len()).max(entry.secrets.len()))?;
        entry.secrets.iter().try_for_each(|name| named(name))?;
        if entry.redirects > 10 {
            return Err("more than 10 redirects; write fewer".into());
        }
        let HttpEntry { methods, paths, tls, redirects, secrets, why, .. } = entry;
        Ok(Self { to, methods, paths, tls, redirects, secrets, why: reason(why)? })
    }
}

impl TryFrom<ExecEntry> for ExecAsk {
    type Error = String;

    fn try_from(entry: ExecEntry) -> Result<Self, String> {
        let ExecEntry { program, args, stdin, why } = entry;
        no_slots([&program].into_iter())?;
        if !is_absolute(program.text()) {
            return Err(format!("the program `{program}`; write an absolute path without `.` and `..`"));
        }
        few(args.len())?;
        args.iter().try_for_each(one_slot)?;
        Ok(Self { program, args, stdin, why: reason(why)? })
    }
}

impl TryFrom<SessionEntry> for SessionAsk {
    type Error = String;

    fn try_from(entry: SessionEntry) -> Result<Self, String> {
        named(&entry.name)?;
        few(entry.lines.len())?;
        let lines: Result<Vec<_>, String> = entry.lines.iter().map(|line| words(line)).collect();
        Ok(Self { name: entry.name, lines: lines?, why: reason(entry.why)? })
    }
}

impl TryFrom<SecretEntry> for SecretAsk {
    type Error = String;

    fn try_from(entry: SecretEntry) -> Result<Self, String> {
        named(&entry.name)?;
        no_slots([&entry.user, &entry.service, &entry.region].into_iter().flatten())?;
        let slot = match (entry.r#use.as_str(), entry.format, entry.user, entry.service, entry.region) {
            ("basic", None, user, None, None) => SecretSlot::Basic { user },
            ("sigv4", None, None, Some(service), Some(region)) => SecretSlot::SigV4 { service, region },
            (place, format, None, None, None) if place.starts_with("header:") => {
                header(place.trim_start_matches("header:"), format.as_deref().unwrap_or("{}"))?
            }
            _ => {
                return Err("no use of a secret; write `use = \"header:x-key\"` with `format` if need be, \
                     `use = \"basic\"` with `user`, or `use = \"sigv4\"` with `service` and `region`"
                    .into());
            }
        };
        let SecretEntry { name, from, why, .. } = entry;
        Ok(Self { name, slot, from, why: reason(why)? })
    }
}

fn header(name: &str, format: &str) -> Result<SecretSlot, String> {
    let token = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if name.is_empty() || name.len() > 64 || !name.bytes().all(token) {
        return Err(format!("the header `{}`; write small letters, digits and hyphens", cut(name)));
    }
    // What frames a request, or says whom it is for, is no place for a secret.
    if ["host", "connection", "content-length", "transfer-encoding", "te", "upgrade"].contains(&name) {
        return Err(format!("the header `{name}`, which is the host's own; use another"));
    }
    let plain = format.len() <= 128 && format.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    let split = format.split_once("{}").filter(|(_, after)| plain && !after.contains("{}"));
    let (before, after) = split.ok_or("a format without one `{}`; write it where the secret stands")?;
    Ok(SecretSlot::Header { name: name.to_owned(), before: before.to_owned(), after: after.to_owned() })
}

fn words(line: &str) -> Result<Vec<Template>, String> {
    let words: Vec<_> =
        line.split(' ').map(|word| Template::try_from(word.to_owned())).collect::<Result<_, _>>()?;
    few(words.len())?;
    words.iter().try_for_each(one_slot)?;
    Ok(words)
}

/// A name that plugin, manifest and host give something: small letters, digits, `-` and `_`.
pub(super) fn named(name: &str) -> Result<(), String> {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    let fits =
        name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= 64 && name.bytes().all(inner);
    if fits {
        Ok(())
    } else {
        Err(format!("the name `{}`; write small letters, digits, `-` and `_`", cut(name)))
    }
}

fn is_absolute(path: &str) -> bool {
    let mut parts = path.split('/');
    parts.next() == Some("") && parts.all(|part| !["", ".", ".."].contains(&part))
}

fn no_slots<'t>(mut templates: impl Iterator<Item = &'t Template>) -> Result<(), String> {
    let found = templates.find(|template| template.slots() > 0);
    found.map_or(Ok(()), |found| Err(format!("a slot in `{found}`; slots stand in arguments and lines only")))
}

fn one_slot(template: &Template) -> Result<(), String> {
    if template.slots() <= 1 {
        return Ok(());
    }
    Err(format!("more than one slot in `{template}`; there is one a word, so that it can be read in one way"))
}

fn few(number: usize) -> Result<(), String> {
    if number <= MOST { Ok(()) } else { Err(format!("more than {MOST} items in one list; write fewer")) }
}

fn reason(why: String) -> Result<String, String> {
    let plain = why.len() <= 300 && !why.chars().any(is_hiding);
    if plain {
        Ok(why)
    } else {
        Err("a reason of more than 300 bytes, of several lines or with marks that hide text; write a sentence".into())
    }
}

fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

/// An item of a list that has at most 64.
pub(super) fn at_most<T>(items: Vec<T>) -> Result<Vec<T>, String> {
    few(items.len()).map(|()| items)
}
