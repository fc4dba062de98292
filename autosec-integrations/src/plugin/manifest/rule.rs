//! Asks whose places are filled in: what is compared with a request, and with other rules.

use serde_json::Value;

use super::ask::{Asks, ExecAsk, HttpAsk, SecretAsk, SecretSlot, SessionAsk, Site, Tls};
use super::glob::Glob;
use super::host::HostName;
use super::slot::{Word, all_cover};
use super::template::{FillError, Template};

/// What is allowed, with nothing left to fill in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) http: Vec<HttpRule>,
    pub(crate) exec: Vec<ExecRule>,
    pub(crate) session: Vec<SessionRule>,
    pub(crate) secret: Vec<SecretRule>,
}

#[derive(Clone, Debug)]
pub(crate) struct HttpRule {
    /// Only this scheme, where an origin names it.
    pub(crate) scheme: Option<Scheme>,
    pub(crate) host: Glob,
    /// The port of the scheme where there is none.
    pub(crate) port: Option<u16>,
    pub(crate) tls: Tls,
    pub(crate) methods: Vec<String>,
    pub(crate) paths: Vec<Glob>,
    pub(crate) redirects: u8,
    pub(crate) secrets: Vec<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(crate) fn port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }

    pub(crate) fn text(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct ExecRule {
    pub(crate) program: String,
    pub(crate) args: Vec<Word>,
    pub(crate) stdin: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct SessionRule {
    pub(crate) name: String,
    pub(crate) lines: Vec<Vec<Word>>,
}

#[derive(Clone, Debug)]
pub(crate) struct SecretRule {
    pub(crate) name: String,
    pub(crate) slot: FilledSlot,
}

/// Where a secret is put.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum FilledSlot {
    Header { name: String, before: String, after: String },
    Basic { user: Option<String> },
    SigV4 { service: String, region: String },
}

impl Rules {
    pub(crate) fn fill(asks: &Asks, config: &Value) -> Result<Self, FillError> {
        Ok(Self {
            http: asks.http.iter().map(|ask| HttpRule::fill(ask, config)).collect::<Result<_, _>>()?,
            exec: asks.exec.iter().map(|ask| ExecRule::fill(ask, config)).collect::<Result<_, _>>()?,
            session: asks
                .session
                .iter()
                .map(|ask| SessionRule::fill(ask, config))
                .collect::<Result<_, _>>()?,
            secret: asks.secret.iter().map(|ask| SecretRule::fill(ask, config)).collect::<Result<_, _>>()?,
        })
    }

    /// What of these rules the others do not allow, as sentences.
    pub(crate) fn beyond(&self, granted: &Self) -> Vec<String> {
        let mut beyond = Vec::new();
        for ask in &self.http {
            beyond.extend(ask.beyond(&granted.http));
        }
        let exec = self.exec.iter().filter(|ask| !granted.exec.iter().any(|rule| rule.covers(ask)));
        beyond.extend(exec.map(|ask| format!("`{}`", ask.shown())));
        for ask in &self.session {
            let lines = ask.lines.iter().filter(|line| {
                let same = granted.session.iter().filter(|rule| rule.name == ask.name);
                !same.flat_map(|rule| &rule.lines).any(|granted| all_cover(granted, line))
            });
            beyond.extend(lines.map(|line| format!("`{}` in session `{}`", shown(line), ask.name)));
        }
        let secret = self.secret.iter().filter(|ask| !granted.secret.iter().any(|rule| rule.covers(ask)));
        beyond.extend(secret.map(|ask| format!("the secret `{}`", ask.name)));
        beyond
    }
}

impl HttpRule {
    fn fill(ask: &HttpAsk, config: &Value) -> Result<Self, FillError> {
        let (scheme, host, port) = match &ask.to {
            Site::Host(host, port) => {
                let port = port.as_ref().map(|port| number(port, config)).transpose()?;
                (None, host_glob(host, config)?, port)
            }
            Site::Origin(origin) => origin_parts(origin, ask.tls, config)?,
        };
        let paths = ask.paths.iter().map(|path| path.glob(b'/', config)).collect::<Result<_, _>>()?;
        Ok(Self {
            scheme,
            host,
            port,
            tls: ask.tls,
            methods: ask.methods.clone(),
            paths,
            redirects: ask.redirects,
            secrets: ask.secrets.clone(),
        })
    }

    /// What of this rule none of the others allows. Each method with each path has to be in one of them.
    fn beyond(&self, granted: &[Self]) -> Vec<String> {
        let mut beyond = Vec::new();
        for method in &self.methods {
            for path in &self.paths {
                if !granted.iter().any(|rule| rule.covers(self, method, path)) {
                    let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
                    let scheme = self.only_scheme().unwrap_or(Scheme::Http);
                    beyond.push(format!("`{method} {}://{}{port}{path}`", scheme.text(), self.host));
                }
            }
        }
        beyond
    }

    fn covers(&self, ask: &Self, method: &String, path: &Glob) -> bool {
        let scheme = self.scheme.is_none() || self.scheme == ask.scheme;
        let tls = self.tls == Tls::Optional || ask.tls == Tls::Required;
        let port = match self.port {
            None => ask.port.is_none() || ask.port == ask.only_scheme().map(Scheme::port),
            Some(port) => ask.port.or(ask.only_scheme().map(Scheme::port)) == Some(port),
        };
        scheme
            && tls
            && port
            && self.host.covers(&ask.host)
            && self.methods.contains(method)
            && self.paths.iter().any(|granted| granted.covers(path))
            && self.redirects >= ask.redirects
            && ask.secrets.iter().all(|secret| self.secrets.contains(secret))
    }

    fn only_scheme(&self) -> Option<Scheme> {
        self.scheme.or((self.tls == Tls::Required).then_some(Scheme::Https))
    }
}

fn host_glob(host: &Template, config: &Value) -> Result<Glob, FillError> {
    let needed = "a host: a name, a pattern of names, or an address, without a port";
    let filled = host.fill(config)?;
    if let Ok(known) = HostName::parse(&filled).or_else(|_| HostName::parse(&format!("[{filled}]"))) {
        let mut glob = Glob::empty(b'.');
        glob.push_literal(&known.to_string());
        return Ok(glob);
    }
    // A pattern: with letters in place of its stars it has to be a name.
    let name = filled.replace('*', "x");
    let is_pattern =
        host.text().contains('*') && (filled.trim_matches('*').is_empty() || HostName::parse(&name).is_ok());
    if !is_pattern {
        return Err(host.unfit_whole(needed));
    }
    host.to_lowercase().glob(b'.', config)
}

fn number(port: &Template, config: &Value) -> Result<u16, FillError> {
    let filled = port.fill(config)?;
    let number = filled.parse().ok().filter(|port| *port != 0);
    number.ok_or_else(|| port.unfit_whole("a port from 1 to 65535"))
}

type Origin = (Option<Scheme>, Glob, Option<u16>);

fn origin_parts(origin: &Template, tls: Tls, config: &Value) -> Result<Origin, FillError> {
    let filled = origin.fill(config)?;
    let unfit = |needed| origin.unfit_whole(needed);
    let url = "a URL such as `https://fw.example:8443`";
    let (scheme, rest) = match filled.split_once("://") {
        Some(("https", rest)) => (Scheme::Https, rest),
        Some(("http", rest)) => (Scheme::Http, rest),
        _ => return Err(unfit(url)),
    };
    if (scheme, tls) == (Scheme::Http, Tls::Required) {
        return Err(unfit("`https://`, which the plugin requires"));
    }
    let authority = rest.split('/').next().unwrap_or_default();
    let (host, port) = split_port(authority).ok_or_else(|| unfit(url))?;
    let host = HostName::parse(host).map_err(|_| unfit(url))?;
    let mut glob = Glob::empty(b'.');
    glob.push_literal(&host.to_string());
    Ok((Some(scheme), glob, Some(port.unwrap_or(scheme.port()))))
}

/// A host and the port behind it.
pub(crate) fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let colon =
        authority.rfind(':').filter(|colon| !authority.get(*colon..).unwrap_or_default().contains(']'));
    let Some((host, port)) = colon.and_then(|colon| authority.split_at_checked(colon)) else {
        return Some((authority, None));
    };
    let digits = port.get(1..)?;
    let plain =
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    if plain { Some((host, Some(digits.parse().ok()?))) } else { None }
}

impl ExecRule {
    fn fill(ask: &ExecAsk, config: &Value) -> Result<Self, FillError> {
        let program = ask.program.fill(config)?;
        // What the configuration fills in may not lead elsewhere.
        if program.split('/').any(|part| part == "." || part == "..") {
            return Err(ask.program.unfit_whole("a path without `.` and `..`"));
        }
        let args = ask.args.iter().map(|arg| arg.word(config)).collect::<Result<_, _>>()?;
        Ok(Self { program, args, stdin: ask.stdin })
    }

    fn covers(&self, ask: &Self) -> bool {
        self.program == ask.program && (self.stdin || !ask.stdin) && all_cover(&self.args, &ask.args)
    }

    fn shown(&self) -> String {
        format!("{} {}", self.program, shown(&self.args)).trim_end().to_owned()
    }
}

fn shown(words: &[Word]) -> String {
    words.iter().map(Word::to_string).collect::<Vec<_>>().join(" ")
}

impl SessionRule {
    fn fill(ask: &SessionAsk, config: &Value) -> Result<Self, FillError> {
        let line =
            |words: &Vec<Template>| words.iter().map(|word| word.word(config)).collect::<Result<_, _>>();
        Ok(Self { name: ask.name.clone(), lines: ask.lines.iter().map(line).collect::<Result<_, _>>()? })
    }
}

impl SecretRule {
    fn fill(ask: &SecretAsk, config: &Value) -> Result<Self, FillError> {
        let slot = match &ask.slot {
            SecretSlot::Header { name, before, after } => {
                FilledSlot::Header { name: name.clone(), before: before.clone(), after: after.clone() }
            }
            SecretSlot::Basic { user } => {
                let filled = user.as_ref().map(|user| user.fill(config)).transpose()?;
                let has_colon = filled.as_ref().is_some_and(|filled| filled.contains(':'));
                if let Some(user) = user.as_ref().filter(|_| has_colon) {
                    return Err(user.unfit_whole("a user without a colon"));
                }
                FilledSlot::Basic { user: filled }
            }
            SecretSlot::SigV4 { service, region } => {
                FilledSlot::SigV4 { service: scope(service, config)?, region: scope(region, config)? }
            }
        };
        Ok(Self { name: ask.name.clone(), slot })
    }

    fn covers(&self, ask: &Self) -> bool {
        self.name == ask.name && self.slot == ask.slot
    }
}

/// A part of a signature's scope, in which `/` would shift the others.
fn scope(template: &Template, config: &Value) -> Result<String, FillError> {
    let filled = template.fill(config)?;
    let plain = filled.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if plain && !filled.is_empty() {
        return Ok(filled);
    }
    Err(template.unfit_whole("small letters, digits and hyphens"))
}
