use std::fmt;

use autosec_core::rule::Diagnostic;
use serde::Deserialize;

use super::ask::{Asks, ExecAsk, HttpAsk, SecretAsk, SessionAsk, at_most, named};
use super::limits::LimitAsks;
use super::read;
use super::visible::is_hiding;

/// What a plugin says of itself before it runs: the file `plugin.toml`.
///
/// ```
/// use autosec_integrations::plugin::manifest::{Manifest, PluginKind};
///
/// let manifest = Manifest::parse("plugin.toml", r#"
/// [plugin]
/// id = "fence"
/// version = "1.2.0"
/// api = "autosec:firewall@0.1"
/// kind = "wasm"
/// file = "fence.wasm"
/// sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
///
/// [limits]
/// memory = "16MiB"
/// deadline = "5s"
/// http_calls = 20
///
/// [[http]]
/// host = "{config.host}"
/// methods = ["GET", "POST"]
/// paths = ["/api/v1/**"]
/// secrets = ["key"]
/// why = "the fence is managed over its REST interface"
///
/// [[secret]]
/// name = "key"
/// use = "header:authorization"
/// format = "Bearer {}"
/// why = "the fence knows administrators by a token"
/// "#).unwrap();
/// assert_eq!((manifest.id.as_str(), manifest.kind), ("fence", PluginKind::Wasm));
///
/// let refused = Manifest::parse("plugin.toml", "[plugin]\nid = 'Fence'\n").unwrap_err();
/// assert_eq!((refused.code(), refused.position()), ("P005", Some((2, 6))));
/// ```
///
/// # The file
/// | section | keys |
/// |---|---|
/// | `[plugin]` | `id`, `version`, `api`, `kind` (`wasm`, `native`), `file`, `sha256`, `description` |
/// | `[limits]` | see [`Limits`](super::Limits) |
/// | `[[http]]` | `host` and `port`, or `origin`; `methods`, `paths`; `tls` (`required`, `optional`), `redirects`, `secrets`, `why` |
/// | `[[exec]]` | `program`, `args`; `stdin`, `why` |
/// | `[[session]]` | `name`, `lines`; `why` |
/// | `[[secret]]` | `name`, `use` (`header:…` with `format`, `basic` with `user`, `sigv4` with `service` and `region`); `why` |
///
/// Texts may have places that are filled in: see [`Template`](super::Template).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Manifest {
    /// What the plugin is known by: small letters, digits, `-` and `_`, at most 64.
    pub id: String,
    /// Its own version.
    pub version: String,
    /// Which interface it speaks.
    pub api: Api,
    /// What it is made of.
    pub kind: PluginKind,
    /// The name of its file, which lies beside the manifest.
    pub file: String,
    /// The SHA-256 of its file.
    pub sha256: Sha256,
    /// What it is, in a sentence; may be empty.
    pub description: String,
    /// What it wants to reach.
    pub asks: Asks,
    /// How much it wants to use.
    pub limits: LimitAsks,
}

/// What a plugin is made of.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum PluginKind {
    /// A WebAssembly component.
    Wasm,
    /// A library of this machine.
    Native,
}

/// The version of the interface `autosec:firewall`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct Api {
    /// Must be the host's.
    pub major: u16,
    /// Must not be higher than the host's.
    pub minor: u16,
}

impl Api {
    /// What this host speaks.
    pub const HOST: Api = Api { major: 0, minor: 1 };
}

/// A SHA-256, written as 64 hexadecimal digits.
#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct Sha256(pub [u8; 32]);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    plugin: Plugin,
    #[serde(default)]
    limits: LimitAsks,
    #[serde(default)]
    http: Vec<HttpAsk>,
    #[serde(default)]
    exec: Vec<ExecAsk>,
    #[serde(default)]
    session: Vec<SessionAsk>,
    #[serde(default)]
    secret: Vec<SecretAsk>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plugin {
    id: Id,
    version: Version,
    api: Api,
    kind: PluginKind,
    file: FileName,
    sha256: Sha256,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Id(String);

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Version(String);

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct FileName(String);

impl Manifest {
    /// Reads a manifest; `name` (the file's path, say) appears in the diagnostic.
    ///
    /// # Errors
    /// What is wrong: a [code](super::CODES), the place, and what would be right.
    pub fn parse(name: &str, text: &str) -> Result<Self, Diagnostic> {
        let document: Document = read::value(name, text)?;
        let Document { plugin, limits, http, exec, session, secret } = document;
        let asks = asks(name, text, Asks { http, exec, session, secret })?;
        Ok(Self {
            id: plugin.id.0,
            version: plugin.version.0,
            api: plugin.api,
            kind: plugin.kind,
            file: plugin.file.0,
            sha256: plugin.sha256,
            description: plugin.description.chars().filter(|c| !is_hiding(*c)).take(300).collect(),
            asks,
            limits,
        })
    }
}

/// The most patterns of paths, and the most bytes that they have together. Each request may be held against all of them.
const MOST_PATHS: usize = 256;
const PATHS_LIMIT: usize = 8 << 10;

/// What is asked for, with each name once and each secret that is used declared.
pub(super) fn asks(name: &str, text: &str, asks: Asks) -> Result<Asks, Diagnostic> {
    let wrong = |needle: &str, title, help| Err(read::contradiction(name, text, needle, title, help));
    let many = "the text has more than 64 entries of one kind".to_owned();
    let Asks { http, exec, session, secret } = asks;
    let counted = (|| {
        Ok::<_, String>(Asks {
            http: at_most(http)?,
            exec: at_most(exec)?,
            session: at_most(session)?,
            secret: at_most(secret)?,
        })
    })();
    let Ok(asks) = counted else { return wrong("", many, "join entries that are alike") };
    let paths = || asks.http.iter().flat_map(|http| &http.paths);
    if paths().count() > MOST_PATHS || paths().map(|path| path.text().len()).sum::<usize>() > PATHS_LIMIT {
        let title = "the text has more than 256 paths, or paths of more than 8 KiB together".to_owned();
        return wrong("", title, "join paths that are alike");
    }
    let mut names: Vec<&str> = asks.secret.iter().map(|secret| secret.name.as_str()).collect();
    names.sort_unstable();
    if let Some(twice) =
        names.windows(2).find(|pair| pair.first() == pair.last()).and_then(|pair| pair.first())
    {
        return wrong(twice, format!("the secret `{twice}` is there twice"), "give each a name of its own");
    }
    let unknown =
        asks.http.iter().flat_map(|http| &http.secrets).find(|used| !names.contains(&used.as_str()));
    if let Some(unknown) = unknown {
        let help = "add a `[[secret]]` of this name, or take it out of `secrets`";
        return wrong(unknown, format!("there is no `[[secret]]` named `{unknown}`"), help);
    }
    Ok(asks)
}

impl TryFrom<String> for Id {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        named(&text).map(|()| Self(text))
    }
}

impl TryFrom<String> for Version {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || b".+-".contains(&byte);
        let fits =
            text.starts_with(|c: char| c.is_ascii_digit()) && text.len() <= 64 && text.bytes().all(inner);
        if fits { Ok(Self(text)) } else { Err("no version; write one such as `1.2.0`") }
    }
}

impl TryFrom<String> for FileName {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let fits = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.len() <= 128;
        if fits && text.bytes().all(inner) {
            return Ok(Self(text));
        }
        Err(
            "no name of a file beside the manifest; write letters, digits, `.`, `_` and `-`, without a folder",
        )
    }
}

impl TryFrom<String> for Api {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let read = || {
            let mut parts = text.strip_prefix("autosec:firewall@")?.split('.');
            let (major, minor) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            let _patch: Option<u16> = parts.next().map(str::parse).transpose().ok()?;
            parts.next().is_none().then_some(Self { major, minor })
        };
        let shown: String = text.chars().take(60).collect();
        let host = Self::HOST;
        let api = read().ok_or_else(|| format!("no interface in `{shown}`; write `{host}`"))?;
        if api.major == host.major && api.minor <= host.minor {
            return Ok(api);
        }
        Err(format!("the interface `{shown}`, which this host does not speak; it speaks `{host}`"))
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "autosec:firewall@{}.{}", self.major, self.minor)
    }
}

impl TryFrom<String> for Sha256 {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let wrong = "no SHA-256; write 64 hexadecimal digits, as `sha256sum` prints them";
        let mut digits = text.chars();
        let mut digit = || digits.next().and_then(|digit| digit.to_digit(16)).ok_or(wrong);
        let mut bytes = [0; 32];
        for byte in &mut bytes {
            *byte = u8::try_from(digit()? << 4 | digit()?).map_err(|_| wrong)?;
        }
        if digits.next().is_none() { Ok(Self(bytes)) } else { Err(wrong) }
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
