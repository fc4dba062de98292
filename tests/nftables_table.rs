//! Whose table it is, with the kernel: ours is marked, another's is left alone, loopback is spared.

use std::net::{IpAddr, TcpListener, TcpStream};
use std::time::Duration;

use autosec_core::enforce::{EnforceError, FirewallIntegration};
use autosec_integrations::firewall::nftables::NftablesConfig;

use crate::lab::{Lab, SERVER};
use crate::nftables::{block, blocks, net};

/// The table of an earlier version, or of a kernel that keeps no mark, with one block in force.
const UNMARKED: &str = "set v4_24 { type ipv4_addr; flags timeout; elements = { 198.18.7.0 }\n }\n\
     chain prerouting { type filter hook prerouting priority -300; policy accept;\n\
     ip saddr & 255.255.255.0 @v4_24 counter drop\n }";

fn load(lab: &Lab, table: &str) {
    lab.nft(&format!("-f - <<'END'\ntable inet autosec {{\n{table}\n}}\nEND"));
}

#[tokio::test]
async fn a_table_that_is_not_ours_is_refused_and_untouched() {
    let Some(lab) = Lab::new() else { return };
    let guard = "type filter hook prerouting priority 0; policy";
    let ours = "type filter hook prerouting priority -310; policy accept";
    let set = "set v4_32 { type ipv4_addr; flags timeout\n }";
    for foreign in [
        format!("chain prerouting {{ {guard} accept; ip saddr 203.0.113.1 accept\n }}"),
        format!("chain prerouting {{ {guard} drop; }}"),
        "chain guard { type filter hook input priority 0; }".to_owned(),
        "set v4_32 { type ipv4_addr; flags interval\n }".to_owned(),
        "set mine { type ipv4_addr\n }".to_owned(),
        "counter mine { packets 0 bytes 0\n }".to_owned(),
        format!("{set}\nchain prerouting {{ {ours}; ip saddr @v4_32 counter accept\n }}"),
        format!("{set}\nchain prerouting {{ {ours}; ip saddr != @v4_32 counter drop\n }}"),
        format!("{set}\nchain prerouting {{ {ours}; ip daddr @v4_32 counter drop\n }}"),
        format!("{set}\nchain prerouting {{ {ours}; iifname \"eth0\" accept\n }}"),
        format!("comment \"another\"\n{UNMARKED}\n chain more {{ }}"),
    ] {
        load(&lab, &foreign);
        let before = lab.nft("list ruleset");
        let firewall = lab.firewall(NftablesConfig::default());
        let health = firewall.health().await.unwrap();
        assert!(!health.enforcing && health.detail.contains("something else"), "{foreign}: {health:?}");
        for refused in [
            firewall.block(&blocks(&["203.0.113.1"], None)).await.map(drop),
            firewall.block(&[]).await.map(drop),
            firewall.unblock(&[net("198.18.7.0/24")]).await.map(drop),
            firewall.blocked().await.map(drop),
            firewall.release(),
        ] {
            let refused = refused.expect_err(&foreign);
            assert!(matches!(refused, EnforceError::Rejected { .. }) && !refused.is_transient(), "{refused}");
            let text = refused.to_string();
            assert!(text.contains("`inet autosec`") && text.contains("a table of its own"), "{text}");
        }
        assert_eq!(lab.nft("list ruleset"), before, "{foreign}");
        lab.nft("delete table inet autosec");
        // The same adapter goes on once it is gone.
        block(&firewall, &["203.0.113.1"], None).await;
        firewall.release().unwrap();
    }
}

#[tokio::test]
async fn a_table_without_a_mark_is_taken_over_where_nothing_is_lost() {
    let Some(lab) = Lab::new() else { return };
    for (table, held) in
        [("", 0), (UNMARKED, 1), ("chain prerouting { type filter hook prerouting priority 0; }", 0)]
    {
        load(&lab, table);
        let firewall = lab.firewall(NftablesConfig::default());
        assert_eq!(firewall.blocked().await.unwrap().len(), held, "{table}");
        block(&firewall, &["203.0.113.1"], None).await;
        assert!(!lab.arrives("203.0.113.1") && lab.arrives("198.18.7.1") == (held == 0), "{table}");
        assert!(firewall.health().await.unwrap().enforcing, "{table}");
        // What we declare in it is known again, mark or not.
        let next = lab.firewall(NftablesConfig::default());
        block(&next, &["203.0.113.2", "2001:db8:1::/56"], None).await;
        assert_eq!(next.blocked().await.unwrap().len(), held + 3, "{table}");
        next.release().unwrap();
    }
}

#[tokio::test]
async fn the_mark_makes_a_table_ours_whatever_is_added() {
    let Some(lab) = Lab::new() else { return };
    let first = lab.firewall(NftablesConfig::default());
    block(&first, &["203.0.113.1"], None).await;
    assert!(lab.nft("list table inet autosec").contains("comment \"autosec\""));
    lab.nft("add chain inet autosec guard");
    lab.nft("add rule inet autosec prerouting ip saddr 203.0.113.9 drop");
    block(&first, &["203.0.113.2"], None).await;
    let second = lab.firewall(NftablesConfig::default());
    block(&second, &["203.0.113.3"], None).await;
    assert_eq!(second.blocked().await.unwrap().len(), 3);
    let listing = lab.nft("list table inet autosec");
    assert!(listing.contains("chain guard") && !listing.contains("203.0.113.9"), "{listing}");
}

#[tokio::test]
async fn a_table_that_another_process_owns_is_said_to_be_so() {
    use std::io::{BufRead, BufReader, Write};
    use std::process::Stdio;

    let Some(lab) = Lab::new() else { return };
    let mut owner =
        lab.server.command("nft").arg("-i").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut orders = owner.stdin.take().unwrap();
    orders.write_all(b"add table inet autosec { flags owner; }\nlist tables\n").unwrap();
    let mut said = String::new();
    let mut heard = BufReader::new(owner.stdout.take().unwrap());
    while !said.contains("table inet autosec") {
        assert!(heard.read_line(&mut said).unwrap() > 0, "nft owns no table: {said}");
    }
    let firewall = lab.firewall(NftablesConfig::default());
    let refused = firewall.block(&blocks(&["203.0.113.1"], None)).await.unwrap_err();
    let text = refused.to_string();
    assert!(matches!(refused, EnforceError::Rejected { .. }) && text.contains("another process"), "{text}");
    assert!(firewall.health().await.unwrap().detail.contains("another process"));
    drop(orders);
    owner.wait().unwrap();
    block(&firewall, &["203.0.113.1"], None).await;
}

#[tokio::test]
async fn what_the_host_sends_to_itself_is_never_cut() {
    let Some(lab) = Lab::new() else { return };
    let firewall = lab.firewall(NftablesConfig::default());
    lab.server
        .shell("ip address add 203.0.113.1/32 dev lo; ip address add 2001:db8:1::1/128 dev lo")
        .unwrap();
    let reaches_itself = |address: &str| {
        lab.server.inside(|| {
            let listener = TcpListener::bind((address.parse::<IpAddr>().unwrap(), 0)).unwrap();
            let to = listener.local_addr().unwrap();
            TcpStream::connect_timeout(&to, Duration::from_secs(1)).is_ok()
        })
    };
    let own = ["203.0.113.1", "2001:db8:1::1", SERVER[0], SERVER[1], "127.0.0.1", "::1"];
    block(&firewall, &["203.0.113.0/24", "2001:db8:1::/48", "127.0.0.0/8", "::1"], None).await;
    block(&firewall, &own, None).await;
    for address in own {
        assert!(reaches_itself(address), "{address}");
    }
    assert!(!lab.arrives("203.0.113.7") && !lab.arrives("2001:db8:1::7"), "from outside they are dropped");
    let listing = lab.nft("list chain inet autosec prerouting");
    let rules: Vec<&str> = listing.lines().map(str::trim).skip(3).collect();
    assert_eq!(rules.first(), Some(&"iifname \"lo\" accept"), "{listing}");
}
