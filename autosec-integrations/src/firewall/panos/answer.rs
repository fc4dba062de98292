use std::net::IpAddr;
use std::time::Duration;

use http::Response;
use http::header::RETRY_AFTER;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};

use super::fault::{Fault, cut};
use super::xml::{self, Element};

/// What PAN-OS objects to in a message, of one address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Complaint {
    /// Whether it is about giving the tag, not about taking it.
    pub(super) registering: bool,
    /// Which address or prefix, where that can be read.
    pub(super) target: Option<IpNet>,
    pub(super) about: About,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum About {
    /// It has the tag already; what was asked for besides, such as its time, is ignored.
    AlreadyThere,
    /// It does not have the tag.
    NotThere,
    /// Something else, in PAN-OS's words.
    Other(String),
}

/// A page of what carries the tag.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Page {
    /// How many entries it has, also those that are not ours to read.
    pub(super) entries: usize,
    /// The first of them, as it stands there.
    pub(super) first: Option<String>,
    /// What carries the tag, with the time left where the firewall says it.
    pub(super) tagged: Vec<(IpNet, Option<Duration>)>,
}

/// Which firewall it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct System {
    pub(super) model: String,
    pub(super) version: String,
    /// The size that a virtual one is licensed for, if it says so.
    pub(super) size: Option<String>,
}

/// A success. Of this and all that it says, what the request held as a secret is left out.
pub(super) fn read(response: &Response<Vec<u8>>, secret: &SecretString) -> Result<Element, Fault> {
    let (answer, fault) = read_all(response, secret)?;
    fault.map_or(Ok(answer), Err)
}

/// A message that changed tags and was heard, though PAN-OS may complain about single addresses of it.
pub(super) fn read_change(response: &Response<Vec<u8>>, secret: &SecretString) -> Result<Element, Fault> {
    let (answer, fault) = read_all(response, secret)?;
    match fault {
        Some(Fault::Refused(_)) if !complaints(&answer).is_empty() => Ok(answer),
        fault => fault.map_or(Ok(answer), Err),
    }
}

/// An answer of PAN-OS, and what it says is wrong.
fn read_all(response: &Response<Vec<u8>>, secret: &SecretString) -> Result<(Element, Option<Fault>), Fault> {
    let mut answer = xml::read(response.body());
    // A shorter one is none, and would be found in words that PAN-OS means.
    let secret = Some(secret.expose_secret()).filter(|secret| secret.len() > 3);
    if let (Ok(answer), Some(secret)) = (&mut answer, secret) {
        answer.hide(secret);
    }
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    if let Some(fault) = Fault::of_status(response.status(), retry_after) {
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
pub(super) fn complaints(answer: &Element) -> Vec<Complaint> {
    let Some(payload) = user_id(answer).and_then(|message| message.at(&["payload"])) else {
        return Vec::new();
    };
    let section = |name: &'static str| {
        let entries = payload.children(name).flat_map(|section| section.children("entry"));
        entries.filter_map(move |entry| {
            let said = entry.attribute("message")?;
            let about = match said {
                _ if said.contains("already exists") => About::AlreadyThere,
                _ if said.contains("does not exist") => About::NotThere,
                _ => About::Other(cut(said)),
            };
            let target = entry.attribute("ip").and_then(target);
            Some(Complaint { registering: name == "register", target, about })
        })
    };
    section("unregister").chain(section("register")).collect()
}

/// It stands in the result of a success, and in the message of an error.
fn user_id(answer: &Element) -> Option<&Element> {
    answer.at(&["result", "uid-response"]).or_else(|| answer.at(&["msg", "line", "uid-response"]))
}

/// What carries the tag on this page. Others' tags of the same address are theirs, and ranges are not ours: we write none.
pub(super) fn page(answer: &Element, tag: &str) -> Result<Page, Fault> {
    // Nothing at all is not the same as no entry: what is there would be taken for gone.
    let result = answer
        .at(&["result"])
        .ok_or_else(|| Fault::Broken("it lists nothing, not even no entry".to_owned()))?;
    if result.at(&["msg", "line", "outfile"]).is_some() {
        return Err(Fault::Refused("it lists into a file; PAN-OS 8.0 and later list in pages".to_owned()));
    }
    let mut page = Page::default();
    for entry in result.children("entry") {
        page.entries += 1;
        let address = entry.attribute("ip").unwrap_or_default();
        page.first.get_or_insert_with(|| address.to_owned());
        let mut members = entry.children("tag").flat_map(|tags| tags.children("member"));
        let Some(member) = members.find(|member| member.text() == tag) else { continue };
        let seconds = member.attribute("timeout").and_then(|text| text.parse().ok()).filter(|left| *left > 0);
        page.tagged.extend(target(address).map(|target| (target, seconds.map(Duration::from_secs))));
    }
    Ok(page)
}

/// A key that was asked for.
pub(super) fn key(answer: &Element) -> Option<&str> {
    answer.at(&["result", "key"]).map(Element::text).filter(|key| !key.is_empty())
}

/// Its state in a pair, if it is one of a pair.
pub(super) fn pair(answer: &Element) -> Option<String> {
    let result = answer.at(&["result"])?;
    if result.at(&["enabled"]).is_some_and(|enabled| enabled.text() == "no") {
        return None;
    }
    let own = result.at(&["group", "local-info", "state"]).or_else(|| result.at(&["local-info", "state"]))?;
    Some(cut(own.text()))
}

/// Whether a firewall in this state of a pair lets traffic through: `active`, `active-primary`, `primary-active`.
pub(super) fn is_active(state: &str) -> bool {
    state.split('-').any(|part| part.eq_ignore_ascii_case("active"))
}

pub(super) fn system(answer: &Element) -> Result<System, Fault> {
    let text = |name| answer.at(&["result", "system", name]).map(|found| cut(found.text()));
    let silent = || Fault::Broken("it does not say which model and version it is".to_owned());
    let (model, version) = text("model").zip(text("sw-version")).ok_or_else(silent)?;
    // That a virtual one calls itself so is confirmed; that its size stands here in this spelling is not.
    let size = text("vm-license").filter(|_| model == "PA-VM");
    Ok(System { model, version, size })
}

/// An address or prefix as PAN-OS writes it.
fn target(text: &str) -> Option<IpNet> {
    let target = text.parse::<IpAddr>().map(IpNet::from).or_else(|_| text.parse::<IpNet>()).ok()?;
    (target.trunc() == target).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(body: &str) -> Element {
        xml::read(body.as_bytes()).unwrap()
    }

    #[test]
    fn reads_what_is_complained_about() {
        let body = "<response status=\"error\"><msg><line><uid-response><version>2.0</version><payload>\
                    <unregister><entry ip=\"192.0.2.9\" message=\"ip 192.0.2.9 does not exist, ignore unreg\"/></unregister>\
                    <register><entry ip=\"192.0.2.1\" message=\"tag autosec-block already exists, ignore\"/>\
                    <entry ip=\"300.0.0.1\" message=\"invalid ip\"/></register>\
                    </payload></uid-response></line></msg></response>";
        let response = Response::new(body.into());
        assert!(matches!(read(&response, &"key".into()), Err(Fault::Refused(_))), "it is no success");
        let answer = read_change(&response, &"key".into()).unwrap();
        let net = |text: &str| Some(text.parse().unwrap());
        assert_eq!(
            complaints(&answer),
            [
                Complaint { registering: false, target: net("192.0.2.9/32"), about: About::NotThere },
                Complaint { registering: true, target: net("192.0.2.1/32"), about: About::AlreadyThere },
                Complaint { registering: true, target: None, about: About::Other("invalid ip".to_owned()) },
            ]
        );
    }

    #[test]
    fn reads_a_page_of_ours_among_others() {
        let body = "<response status=\"success\"><result>\
                    <entry ip=\"192.0.2.1\" from_agent=\"0\" persistent=\"1\"><tag><member>theirs</member>\
                    <member timeout=\"59\">autosec-block</member></tag></entry>\
                    <entry ip=\"198.51.100.0/24\"><tag><member timeout=\"0\">autosec-block</member></tag></entry>\
                    <entry ip=\"2001:db8::1\"><tag><member>autosec-block</member></tag></entry>\
                    <entry ip=\"192.0.2.7\"><tag><member>autosec-block-2</member></tag></entry>\
                    <entry ip=\"10.0.0.1-10.0.0.9\"><tag><member>autosec-block</member></tag></entry>\
                    <entry ip=\"10.0.0.1/24\"><tag><member>autosec-block</member></tag></entry>\
                    <count>6</count></result></response>";
        let page = page(&element(body), "autosec-block").unwrap();
        let tagged: Vec<_> = page.tagged.iter().map(|(target, left)| (target.to_string(), *left)).collect();
        let wanted = [("192.0.2.1/32", Some(59)), ("198.51.100.0/24", None), ("2001:db8::1/128", None)];
        let wanted = wanted.map(|(target, left)| (target.to_owned(), left.map(Duration::from_secs)));
        assert_eq!((page.entries, tagged), (6, wanted.to_vec()));
    }

    #[test]
    fn knows_who_of_a_pair_is_active() {
        let state = |inner: &str| {
            pair(&element(&format!("<response status='success'><result>{inner}</result></response>")))
        };
        assert_eq!(state("<enabled>no</enabled>"), None);
        let one = "<enabled>yes</enabled><group><local-info><state>passive</state></local-info><peer-info>\
                   <state>active</state></peer-info></group>";
        assert_eq!(state(one).as_deref(), Some("passive"));
        assert_eq!(
            state("<local-info><state>primary-active</state></local-info>").as_deref(),
            Some("primary-active")
        );
        for (state, active) in [
            ("active", true),
            ("active-secondary", true),
            ("primary-active", true),
            ("secondary-passive", false),
            ("non-functional", false),
        ] {
            assert_eq!(is_active(state), active, "{state}");
        }
    }
}
