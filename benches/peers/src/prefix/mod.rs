//! Longest-prefix match beside iptrie's level-compressed trie and prefix-trie: the same prefixes in the same shuffled
//! order, the same addresses, and the same answers before any time is taken.

mod list;
mod measure;
mod oracle;

use crate::bar::{Asks, bar, skipped};
use crate::random::Random;

pub(crate) fn run() {
    let mut random = Random::new(1);
    for (count, name) in [(10, "10"), (1_000, "1k"), (100_000, "100k")] {
        let list = list::blocklist(count, &mut random);
        measure::v4(&format!("{name} blocklist-like"), &list, &mut random);
        measure::v6(&format!("{name} synthetic"), &list::clients(count, &mut random), &mut random);
    }
    let million = measure::v4("1M blocklist-like", &list::blocklist(1_000_000, &mut random), &mut random);
    bar("rules/prefix-vs-iptrie", million.against_iptrie, "ratio", Asks::AtLeast(3.0));
    bar("rules/prefix-bytes", million.bytes, "bytes", Asks::AtMost(32.0));
    let million = measure::v6("1M synthetic", &list::clients(1_000_000, &mut random), &mut random);
    bar("rules/prefix-ipv6-vs-iptrie", million.against_iptrie, "ratio", Asks::AtLeast(1.0));
    bar("rules/prefix-ipv6-bytes", million.bytes, "bytes", Asks::AtMost(32.0));
    match list::bgp(&mut random) {
        Ok((v4, v6)) => {
            oracle::check(&v4, &v6, &mut random);
            measure::v4("BGP", &v4, &mut random);
            measure::v6("BGP", &v6, &mut random);
        }
        Err(why) => skipped("rules/prefix-bgp", why),
    }
}
