use std::fmt;
use std::net::IpAddr;

use autosec_plugin::{Entry, HttpResponse, words};
use ipnet::IpNet;

use crate::fault::Fault;
use crate::xml::{self, Element};

/// How an answer is read.
pub(crate) type Reading = fn(&HttpResponse) -> Result<Element, Fault>;

/// What PAN-OS objects to in a message, of one address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Complaint {
    /// Whether it is about giving the tag, not about taking it.
    pub(crate) registering: bool,
    /// Which address or prefix, where that can be read.
    pub(crate) target: Option<IpNet>,
    pub(crate) about: About,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum About {
    /// It has the tag already; what was asked for besides, such as its time, is ignored.
    AlreadyThere,
    /// It does not have the tag.
    NotThere,
    /// Something else, in PAN-OS's words.
    Other(String),
}

/// A page of what carries the tag.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Page {
    /// How many entries it has, also those that are not ours to read.
    pub(crate) entries: usize,
    /// The first of them, as it stands there.
    pub(crate) first: Option<String>,
    /// What carries the tag, with the seconds left where the firewall says them.
    pub(crate) tagged: Vec<(IpNet, Option<u32>)>,
}

/// Which firewall it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct System {
    model: String,
    version: String,
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with PAN-OS {}", self.model, self.version)
    }
}

/// A success.
pub(crate) fn read(response: &HttpResponse) -> Result<Element, Fault> {
    let (answer, fault) = read_all(response)?;
    fault.map_or(Ok(answer), Err)
}

/// A message that changed tags and was heard, though PAN-OS may complain about single addresses of it.
pub(crate) fn read_change(response: &HttpResponse) -> Result<Element, Fault> {
    let (answer, fault) = read_all(response)?;
    match fault {
        Some(Fault::Refused(_)) if !complaints(&answer).is_empty() => Ok(answer),
        fault => fault.map_or(Ok(answer), Err),
    }
}

/// An answer of PAN-OS, and what it says is wrong.
fn read_all(response: &HttpResponse) -> Result<(Element, Option<Fault>), Fault> {
    let answer = xml::read(&response.body);
    if let Some(fault) = Fault::of_status(response) {
        let said = answer.ok().and_then(|answer| Fault::of_answer(&answer));
        // PAN-OS tells a key it does not know from a user without rights, which HTTP does not.
        return Err(match (fault, said) {
            (Fault::Unknown(_), Some(said @ (Fault::Forbidden(_) | Fault::Unknown(_)))) => said,
            (fault, _) => fault,
        });
    }
    let answer = answer.map_err(|why| Fault::Broken(format!("its answer cannot be read: {why}")))?;
    let fault = Fault::of_answer(&answer);
    Ok((answer, fault))
}

/// What PAN-OS complains about in a message that changed tags.
pub(crate) fn complaints(answer: &Element) -> Vec<Complaint> {
    // It stands in the result of a success, and in the message of an error.
    let said = ["result", "uid-response", "payload"];
    let refused = ["msg", "line", "uid-response", "payload"];
    let Some(payload) = answer.at(&said).or_else(|| answer.at(&refused)) else { return Vec::new() };
    let section = |name: &'static str| {
        let entries = payload.children(name).flat_map(|section| section.children("entry"));
        entries.filter_map(move |entry| {
            let said = entry.attribute("message")?;
            let about = match said {
                _ if said.contains("already exists") => About::AlreadyThere,
                _ if said.contains("does not exist") => About::NotThere,
                _ => About::Other(words(said)),
            };
            let target = entry.attribute("ip").and_then(target);
            Some(Complaint { registering: name == "register", target, about })
        })
    };
    section("unregister").chain(section("register")).collect()
}

/// What carries the tag on this page. Others' tags of the same address are theirs, and ranges are not ours: we write none.
pub(crate) fn page(answer: &Element, tag: &str) -> Result<Page, Fault> {
    // Nothing at all is not the same as no entry: what is there would be taken for gone.
    let nothing = || Fault::Broken("it lists nothing, not even no entry".to_owned());
    let result = answer.at(&["result"]).ok_or_else(nothing)?;
    if result.at(&["msg", "line", "outfile"]).is_some() {
        return Err(Fault::Refused("it lists into a file; PAN-OS 8.0 and later list in pages".to_owned()));
    }
    let mut page = Page::default();
    for entry in result.children("entry") {
        page.entries += 1;
        let address = entry.attribute("ip").unwrap_or_default();
        page.first.get_or_insert_with(|| words(address));
        let mut members = entry.children("tag").flat_map(|tags| tags.children("member"));
        let Some(member) = members.find(|member| member.text() == tag) else { continue };
        let seconds = member.attribute("timeout").and_then(|text| text.parse().ok()).filter(|left| *left > 0);
        page.tagged.extend(target(address).map(|target| (target, seconds)));
    }
    Ok(page)
}

pub(crate) fn entry((target, left): &(IpNet, Option<u32>)) -> Entry {
    let target = target.to_string();
    Entry {
        idempotency_key: target.clone(),
        target,
        ttl_secs: *left,
        reason: String::new(),
        extra: Vec::new(),
    }
}

/// Its state in a pair, if it is one of a pair.
pub(crate) fn pair(answer: &Element) -> Option<String> {
    let result = answer.at(&["result"])?;
    if result.at(&["enabled"]).is_some_and(|enabled| enabled.text() == "no") {
        return None;
    }
    let own = result.at(&["group", "local-info", "state"]).or_else(|| result.at(&["local-info", "state"]))?;
    Some(words(own.text()))
}

/// Whether a firewall in this state of a pair lets traffic through: `active`, `active-primary`, `primary-active`.
pub(crate) fn is_active(state: &str) -> bool {
    state.split('-').any(|part| part.eq_ignore_ascii_case("active"))
}

pub(crate) fn system(answer: &Element) -> Result<System, Fault> {
    let text = |name| answer.at(&["result", "system", name]).map(|found| words(found.text()));
    let silent = || Fault::Broken("it does not say which model and version it is".to_owned());
    let (model, version) = text("model").zip(text("sw-version")).ok_or_else(silent)?;
    Ok(System { model, version })
}

/// An address or prefix as PAN-OS writes it.
fn target(text: &str) -> Option<IpNet> {
    let target = text.parse::<IpAddr>().map(IpNet::from).or_else(|_| text.parse::<IpNet>()).ok()?;
    (target.trunc() == target).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(body: &str) -> HttpResponse {
        HttpResponse { status: 200, headers: Vec::new(), body: body.into() }
    }

    #[test]
    fn reads_what_is_complained_about() {
        let body = "<response status=\"error\"><msg><line><uid-response><version>2.0</version><payload>\
                    <unregister><entry ip=\"192.0.2.9\" message=\"ip 192.0.2.9 does not exist, ignore unreg\"/></unregister>\
                    <register><entry ip=\"192.0.2.1\" message=\"tag autosec-block already exists, ignore\"/>\
                    <entry ip=\"300.0.0.1\" message=\"invalid ip\"/></register>\
                    </payload></uid-response></line></msg></response>";
        assert!(matches!(read(&response(body)), Err(Fault::Refused(_))), "it is no success");
        let answer = read_change(&response(body)).unwrap();
        let found: Vec<_> =
            complaints(&answer).into_iter().map(|said| (said.registering, said.about)).collect();
        let other = About::Other("invalid ip".to_owned());
        assert_eq!(found, [(false, About::NotThere), (true, About::AlreadyThere), (true, other)]);
    }

    #[test]
    fn reads_a_page_of_ours_among_others() {
        let body = "<response status=\"success\"><result>\
                    <entry ip=\"192.0.2.1\" persistent=\"1\"><tag><member>theirs</member>\
                    <member timeout=\"59\">autosec-block</member></tag></entry>\
                    <entry ip=\"198.51.100.0/24\"><tag><member timeout=\"0\">autosec-block</member></tag></entry>\
                    <entry ip=\"192.0.2.7\"><tag><member>autosec-block-2</member></tag></entry>\
                    <entry ip=\"10.0.0.1-10.0.0.9\"><tag><member>autosec-block</member></tag></entry>\
                    <count>4</count></result></response>";
        let page = page(&read(&response(body)).unwrap(), "autosec-block").unwrap();
        let entries: Vec<_> =
            page.tagged.iter().map(entry).map(|entry| (entry.target, entry.ttl_secs)).collect();
        let wanted = [("192.0.2.1/32", Some(59)), ("198.51.100.0/24", None)];
        assert_eq!((page.entries, entries), (4, wanted.map(|(ip, left)| (ip.to_owned(), left)).to_vec()));
    }

    #[test]
    fn knows_who_of_a_pair_is_active() {
        let state = |inner: &str| {
            let body = format!("<response status='success'><result>{inner}</result></response>");
            pair(&read(&response(&body)).unwrap())
        };
        assert_eq!(state("<enabled>no</enabled>"), None);
        let one = "<enabled>yes</enabled><group><local-info><state>passive</state></local-info></group>";
        assert_eq!(state(one).as_deref(), Some("passive"));
        assert!(is_active("primary-active") && !is_active("secondary-passive"));
    }
}
