use std::collections::HashMap;
use std::fmt;

use crate::event::{Event, field};

/// Which names mean the same user.
///
/// One person is `CORP\ann` to Windows, `ann@corp.example` to a mail server, a SID to an audit log and `Ann` to a form. All of them
/// become one name, `ann@corp.example`, by these rules:
///
/// 1. `user.name` counts, else `user.email`, else `user.id`.
/// 2. A domain is what stands before a backslash, after the last `@`, or in `user.domain`, in this order. `.` is none.
/// 3. A domain the host has [named otherwise](Aliases::with_domain), such as a NetBIOS name, is that other domain. One that
///    nobody named stays as it is: `CORP\ann` is `ann@corp`, and somebody else than `ann@corp.example`.
/// 4. A name without a domain belongs to the [home domain](Aliases::with_home), if there is one. Without, it is a
///    user of its own: equal short names of different domains are never put together.
/// 5. Names and domains are in small letters, as directories and mail servers compare them: else `ANN` would be a stranger.
///    Where `Ann` and `ann` are two users, as on Unix, say so: [`with_case`](Aliases::with_case).
/// 6. A `user.id` is whom the host has [linked](Aliases::with_link) it to, else a user of that name.
///
/// ```
/// use autosec_core::behavior::Aliases;
///
/// let aliases = Aliases::new()
///     .with_domain("CORP", "corp.example")
///     .with_link("S-1-5-21-7-1104", "ann@corp.example");
/// for name in ["CORP\\Ann", "ann@corp.example", "Ann@CORP", "S-1-5-21-7-1104"] {
///     assert_eq!(aliases.unify(name, None), "ann@corp.example");
/// }
/// assert_eq!(aliases.unify("Ann", Some("CORP")), "ann@corp.example");
/// assert_eq!(aliases.unify("OTHER\\Ann", None), "ann@other");
/// assert_eq!(aliases.unify("Ann", None), "ann");
/// assert_eq!(aliases.with_case().unify("Ann", None), "Ann");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Aliases {
    /// By what is written, in small letters.
    domains: HashMap<String, String>,
    links: HashMap<String, String>,
    home: Option<String>,
    /// Names without a domain keep their letters.
    cased: bool,
}

impl Aliases {
    /// No domains, no links.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, where the domain that is written `alias` (a NetBIOS name, the suffix of a UPN) is `domain`. Case does not
    /// matter. An alias of an alias is not followed.
    #[must_use]
    pub fn with_domain(mut self, alias: &str, domain: &str) -> Self {
        self.domains.insert(alias.to_lowercase(), domain.to_lowercase());
        self
    }

    /// The same, where names without a domain belong to `domain`.
    #[must_use]
    pub fn with_home(mut self, domain: &str) -> Self {
        self.home = Some(domain.to_lowercase());
        self
    }

    /// The same, where names that have no domain, and no home domain either, keep their letters: `Ann` is somebody else
    /// than `ann`. Call it before [`with_link`](Aliases::with_link).
    #[must_use]
    pub fn with_case(mut self) -> Self {
        self.cased = true;
        self
    }

    /// The same, where `id` (a SID, a subject) is the user called `name`. Name domains first.
    #[must_use]
    pub fn with_link(mut self, id: &str, name: &str) -> Self {
        let name = self.unify(name, None);
        self.links.insert(id.to_owned(), name);
        self
    }

    /// The one name of a user who is called `name`, in `domain` if that is known apart from it.
    pub fn unify(&self, name: &str, domain: Option<&str>) -> String {
        let mut unified = String::new();
        // Writing to a text cannot fail.
        let _ = self.write(name, domain, &mut unified);
        unified
    }

    /// Writes the one name of the event's user; false if it has none.
    pub(super) fn write_user(&self, event: &Event<'_>, to: &mut impl fmt::Write) -> bool {
        let known = |id| event.text(id).filter(|text| !text.is_empty());
        let named = known(field::USER_NAME).or_else(|| known(field::USER_EMAIL));
        let written = match named {
            Some(name) => self.write(name, known(field::USER_DOMAIN), to),
            None => match known(field::USER_ID) {
                Some(id) => self.write(id, None, to),
                None => return false,
            },
        };
        written.is_ok()
    }

    fn write(&self, name: &str, domain: Option<&str>, to: &mut impl fmt::Write) -> fmt::Result {
        if let Some(linked) = self.links.get(name) {
            return to.write_str(linked);
        }
        let (name, within) = split(name);
        let domain = within.or(domain).filter(|domain| !matches!(*domain, "" | "."));
        let Some(domain) = domain else {
            return match &self.home {
                Some(home) => {
                    write_small(name, to)?;
                    to.write_char('@')?;
                    to.write_str(home)
                }
                None if self.cased => to.write_str(name),
                None => write_small(name, to),
            };
        };
        write_small(name, to)?;
        to.write_char('@')?;
        // Only a domain that has capitals, or that nobody named, is written letter by letter.
        match self.domain(domain) {
            Some(known) => to.write_str(known),
            None => write_small(domain, to),
        }
    }

    /// The domain the host means by this one.
    fn domain(&self, written: &str) -> Option<&str> {
        if self.domains.is_empty() {
            return None;
        }
        let known = match written.chars().any(char::is_uppercase) {
            true => self.domains.get(&written.to_lowercase()),
            false => self.domains.get(written),
        };
        known.map(String::as_str)
    }
}

/// A name, and the domain written with it.
fn split(name: &str) -> (&str, Option<&str>) {
    if let Some((domain, name)) = name.split_once('\\').filter(|(_, name)| !name.is_empty()) {
        return (name, Some(domain));
    }
    match name.rsplit_once('@') {
        Some((short, domain)) if !short.is_empty() && !domain.is_empty() => (short, Some(domain)),
        _ => (name, None),
    }
}

fn write_small(text: &str, to: &mut impl fmt::Write) -> fmt::Result {
    if !text.chars().any(char::is_uppercase) {
        return to.write_str(text);
    }
    text.chars().flat_map(char::to_lowercase).try_for_each(|letter| to.write_char(letter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn user(aliases: &Aliases, event: Event<'_>) -> Option<String> {
        let mut name = String::new();
        aliases.write_user(&event, &mut name).then_some(name)
    }

    #[test]
    fn takes_the_name_before_the_address_before_the_id() {
        let aliases = Aliases::new().with_domain("CORP", "corp.example").with_link("S-1", "CORP\\Ann");
        let event = || Event::new(Timestamp::EPOCH);
        assert_eq!(user(&aliases, event()), None);
        assert_eq!(user(&aliases, event().with(field::USER_NAME, "")), None);
        let by_id = event().with(field::USER_ID, "S-1");
        assert_eq!(user(&aliases, by_id.clone()).unwrap(), "ann@corp.example");
        assert_eq!(user(&aliases, by_id.with(field::USER_EMAIL, "eve@x.example")).unwrap(), "eve@x.example");
        let named = event().with(field::USER_NAME, "ann").with(field::USER_DOMAIN, "Corp");
        assert_eq!(user(&aliases, named).unwrap(), "ann@corp.example");
    }

    #[test]
    fn never_puts_two_domains_together() {
        let aliases = Aliases::new().with_domain("CORP", "corp.example");
        let names = ["root", "CORP\\root", "LAB\\root", "root@lab.example"];
        let unified: std::collections::HashSet<String> =
            names.iter().map(|name| aliases.unify(name, None)).collect();
        assert_eq!(unified.len(), names.len());
        assert_eq!(aliases.unify("ROOT", None), "root");
        assert_eq!(aliases.clone().with_case().unify("ROOT", None), "ROOT");
        assert_eq!(aliases.clone().with_case().unify("CORP\\ROOT", None), "root@corp.example");
        let at_home = aliases.with_home("corp.example");
        assert_eq!(at_home.unify("Root", None), at_home.unify("CORP\\root", None));
    }

    #[test]
    fn odd_names_stay_names() {
        let aliases = Aliases::new();
        for name in ["\\", "@", "a@", "@a", "corp\\", ""] {
            assert_eq!(aliases.unify(name, None), name);
        }
        assert_eq!(aliases.unify(".\\ann", None), "ann");
        assert_eq!(aliases.unify("a@b@C", None), "a@b@c");
    }
}
