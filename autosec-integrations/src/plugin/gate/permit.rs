//! Whether something that a plugin asks for is in its manifest and in every grant.

use super::target::Target;
use crate::plugin::manifest::Capabilities;
use crate::plugin::manifest::Tls;
use crate::plugin::manifest::rule::{ExecRule, HttpRule, Rules, Scheme, SessionRule};
use crate::plugin::manifest::slot::all_match;

/// The longest line that is typed, in bytes.
const LONGEST_LINE: usize = 2 << 10;

/// What a request that may be made may do besides.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Permit {
    /// How many redirects may be followed.
    pub(super) redirects: u8,
}

/// How far a request came with the rule that it came farthest with, and so what it lacks.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Lacks {
    Host,
    Port,
    Tls,
    Method,
    Path,
    Secret,
}

/// Whether a request may be made with these secrets.
///
/// # Errors
/// Why not.
pub(super) fn http(
    capabilities: &Capabilities,
    method: &str,
    target: &Target,
    secrets: &[String],
) -> Result<Permit, String> {
    let mut redirects = u8::MAX;
    each(capabilities, |rules, whose| {
        let rule = find(&rules.http, method, target, secrets).map_err(|lacks| whose.lacks(lacks.text()))?;
        redirects = redirects.min(rule.redirects);
        Ok(())
    })?;
    Ok(Permit { redirects })
}

/// Whether a program may be run.
///
/// # Errors
/// Why not.
pub(super) fn exec(
    capabilities: &Capabilities,
    program: &str,
    args: &[String],
    has_input: bool,
) -> Result<(), String> {
    let fits = |rule: &ExecRule| {
        rule.program == program
            && (rule.stdin || !has_input)
            && all_match(&rule.args, args.iter().map(String::as_str))
    };
    each(capabilities, |rules, whose| {
        let known = rules.exec.iter().any(|rule| rule.program == program);
        let lacks = if known { "these arguments" } else { "this program" };
        rules.exec.iter().any(fits).then_some(()).ok_or_else(|| whose.lacks(lacks))
    })
}

/// Whether a line may be typed into a session.
///
/// # Errors
/// Why not.
pub(super) fn line(capabilities: &Capabilities, session: &str, line: &str) -> Result<(), String> {
    if line.len() > LONGEST_LINE {
        return Err(format!("a line has at most {LONGEST_LINE} bytes"));
    }
    let words: Vec<&str> = line.split(' ').collect();
    let fits = |rule: &&SessionRule| rule.lines.iter().any(|line| all_match(line, words.iter().copied()));
    each(capabilities, |rules, whose| {
        let mut named = rules.session.iter().filter(|rule| rule.name == session).peekable();
        let lacks = if named.peek().is_some() { "this line" } else { "this session" };
        named.any(|rule| fits(&rule)).then_some(()).ok_or_else(|| whose.lacks(lacks))
    })
}

/// Whose word it is.
#[derive(Clone, Copy)]
enum Whose {
    Manifest,
    Grant,
}

impl Whose {
    fn lacks(self, what: &str) -> String {
        match self {
            Whose::Manifest => format!("the manifest does not ask for {what}"),
            Whose::Grant => format!("{what} is not granted"),
        }
    }
}

/// Asks the manifest and every grant; no grant at all is a refusal.
fn each(
    capabilities: &Capabilities,
    mut check: impl FnMut(&Rules, Whose) -> Result<(), String>,
) -> Result<(), String> {
    check(capabilities.asked(), Whose::Manifest)?;
    if capabilities.granted().is_empty() {
        return check(&Rules::default(), Whose::Grant);
    }
    capabilities.granted().iter().try_for_each(|granted| check(&granted.rules, Whose::Grant))
}

fn find<'r>(
    rules: &'r [HttpRule],
    method: &str,
    target: &Target,
    secrets: &[String],
) -> Result<&'r HttpRule, Lacks> {
    let mut nearest = Lacks::Host;
    let host = target.host.to_string();
    for rule in rules {
        match missing(rule, method, (target, &host), secrets) {
            None => return Ok(rule),
            Some(lacks) => nearest = nearest.max(lacks),
        }
    }
    Err(nearest)
}

fn missing(
    rule: &HttpRule,
    method: &str,
    (target, host): (&Target, &str),
    secrets: &[String],
) -> Option<Lacks> {
    let plain = target.scheme == Scheme::Http;
    // What is cheap comes first: paths are only looked at where the rest is right.
    if !rule.host.matches(host) {
        Some(Lacks::Host)
    } else if target.port != rule.port.unwrap_or(target.scheme.port()) {
        Some(Lacks::Port)
    } else if plain && rule.tls == Tls::Required || rule.scheme.is_some_and(|s| s != target.scheme) {
        Some(Lacks::Tls)
    } else if !rule.methods.iter().any(|known| known == method) {
        Some(Lacks::Method)
    } else if !takes_path(rule, target) {
        Some(Lacks::Path)
    } else if !secrets.iter().all(|secret| rule.secrets.contains(secret)) {
        Some(Lacks::Secret)
    } else {
        None
    }
}

/// A server that decodes a path must find it allowed, and so must one that does not.
fn takes_path(rule: &HttpRule, target: &Target) -> bool {
    let (sent, decoded) = (target.path.as_bytes(), target.decoded.as_slice());
    rule.paths.iter().any(|glob| glob.matches(sent) && (sent == decoded || glob.matches(decoded)))
}

impl Lacks {
    fn text(self) -> &'static str {
        match self {
            Lacks::Host => "this host",
            Lacks::Port => "this port",
            Lacks::Tls => "this host without TLS",
            Lacks::Method => "this method",
            Lacks::Path => "this path",
            Lacks::Secret => "this secret for this host",
        }
    }
}
