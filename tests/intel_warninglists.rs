//! The warninglists that MISP publishes, which lie beside the repository.

use std::path::{Path, PathBuf};

use autosec_core::intel::warninglist::{Effect, Warninglist, WarninglistError, Warninglists};
use autosec_core::intel::{Observable, ObservableKind};

fn files() -> Option<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/misp/warninglists");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: {} is absent", folder.display());
        return None;
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    Some(files)
}

#[test]
fn all_of_misps_lists_are_read() {
    let Some(files) = files() else { return };
    let (mut lists, mut empty) = (Vec::new(), 0);
    for file in &files {
        match Warninglist::read(&std::fs::read(file).unwrap()) {
            Ok(list) => lists.push(list),
            Err(WarninglistError::Empty) => empty += 1,
            Err(error) => panic!("{}: {error}", file.display()),
        }
    }
    assert_eq!(lists.len() + empty, files.len());
    let entries: usize = lists.iter().map(Warninglist::len).sum();
    let lists = Warninglists::new(lists);
    assert_eq!(lists.members() + lists.unread(), entries);
    assert!(lists.unread() * 10_000 < entries, "{} of {entries} are not understood", lists.unread());

    let on = |kind, text: &str| {
        let listings = lists.lookup(&Observable::new(kind, text).unwrap());
        listings.iter().map(|listing| listing.effect).max()
    };
    use ObservableKind::{Domain, Email, Hostname, Md5, Network, Url};
    assert_eq!(on(Network, "8.8.8.8"), Some(Effect::Suppress));
    assert_eq!(on(Network, "192.168.7.0/24"), Some(Effect::Suppress));
    assert_eq!(on(Network, "192.0.0.0/8"), None, "a prefix is on a list that holds all of it");
    assert_eq!(on(Network, "fe80::7"), Some(Effect::Suppress));
    assert_eq!(on(Hostname, "www.google.com"), Some(Effect::Suppress));
    assert_eq!(on(Domain, "CO.UK"), Some(Effect::Suppress));
    assert_eq!(on(Url, "https://www.google.com/x"), Some(Effect::Suppress));
    assert_eq!(on(Md5, "d41d8cd98f00b204e9800998ecf8427e"), Some(Effect::Suppress));
    assert_eq!(on(Email, "noc@example.org"), Some(Effect::Suppress));
    assert_eq!(on(Hostname, "evil.autosec.example"), None);
    assert_eq!(on(Network, "198.18.7.7"), Some(Effect::Suppress));
    assert_eq!(on(Network, "2a0e:97c0::77"), None);
}

#[test]
fn every_type_is_compared_in_its_way() {
    let list = |name: &str, matching: &str, member: &str, attributes: &str| {
        let json = format!(
            r#"{{"name": "{name}", "type": "{matching}", "list": ["{member}"], "matching_attributes": [{attributes}]}}"#
        );
        Warninglist::read(json.as_bytes()).unwrap()
    };
    let lists = Warninglists::new([
        list("exact", "string", "WWW.Example.org", "\"hostname\""),
        list("below", "hostname", ".Example.net", "\"domain|ip\", \"url\""),
        list("inside", "substring", "mail", "\"email-src\""),
        list("around", "cidr", "::ffff:192.0.2.0/120", "\"ip-src\""),
        list("like", "regex", "/^NOC@/i", "\"email-dst\""),
        list("other", "string", "www.example.org", "\"md5\""),
    ]);
    let on = |kind, text: &str| -> Vec<String> {
        lists
            .lookup(&Observable::new(kind, text).unwrap())
            .iter()
            .map(|listing| listing.list.to_string())
            .collect()
    };
    use ObservableKind::{Email, FileName, Hostname, Network, Url};
    assert_eq!(on(Hostname, "www.example.org"), ["exact"]);
    assert_eq!(on(Hostname, "a.www.example.org"), [""; 0]);
    assert_eq!(on(Hostname, "a.b.example.net"), ["below"]);
    assert_eq!(on(Hostname, "notexample.net"), [""; 0]);
    assert_eq!(on(Url, "http://a.example.net/x"), ["below"]);
    assert_eq!(on(Email, "eve@Mailer.example"), ["inside"]);
    assert_eq!(on(Email, "noc@mailer.example"), ["inside", "like"]);
    assert_eq!(on(Network, "192.0.2.9"), ["around"]);
    assert_eq!(on(Network, "192.0.2.0/23"), [""; 0]);
    assert_eq!(on(FileName, "www.example.org"), [""; 0]);
}

#[test]
fn what_is_no_list_is_said() {
    let refusals = [
        ("", "the warninglist is empty"),
        ("  \n", "the warninglist is empty"),
        ("<html>", "the warninglist is not in MISP's format: expected value at line 1 column 1"),
        ("{\"name\": \"x\"", "the warninglist is not in MISP's format: EOF"),
        (
            r#"{"name": "x", "type": "magic", "list": []}"#,
            "the warninglist is not in MISP's format: unknown variant `magic`",
        ),
    ];
    for (json, expected) in refusals {
        let told = Warninglist::read(json.as_bytes()).unwrap_err().to_string();
        assert!(told.starts_with(expected), "{told}");
    }
    let odd =
        Warninglist::read(br#"{"name": "x", "type": "cidr", "list": ["192.0.2.0/33", "", "192.0.2.1"]}"#)
            .unwrap();
    let lists = Warninglists::new([odd]);
    assert_eq!((lists.members(), lists.unread()), (1, 2));
}
