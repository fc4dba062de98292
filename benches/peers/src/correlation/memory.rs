//! How many bytes a key takes, each side in a process of its own.

use std::any::Any;

use super::EVENTS;
use super::logins::Logins;
use super::sides::{Kind, Ours, Peer, Voice};
use crate::heap::in_child;

pub(super) fn run() {
    for kind in ["count", "distinct"] {
        for keys in ["1000", "100000"] {
            let weigh = |side| bytes(side, kind, keys).unwrap_or_else(|why| why);
            println!(
                "{kind}, {keys} keys, {EVENTS} events: ours {} a key, rsigma {}",
                weigh("ours"),
                weigh("rsigma")
            );
        }
    }
}

/// What the side keeps more after the events than before, a key.
fn bytes(side: &str, kind: &str, keys: &str) -> Result<String, String> {
    let number: f64 = keys.parse().map_err(|_| format!("{keys} is no number"))?;
    let full = in_child("correlation-heap", &[side, kind, keys, &EVENTS.to_string()])?;
    let empty = in_child("correlation-heap", &[side, kind, keys, "0"])?;
    Ok(format!("{:.0} bytes", (full - empty) / number))
}

/// In the child: a side after so many events.
pub(crate) fn load(arguments: &[String]) -> Box<dyn Any> {
    let [side, kind, keys, events] = arguments else { panic!("side, kind, keys and events are to be given") };
    let kind = if kind == "count" { Kind::Count } else { Kind::Distinct };
    let [keys, events] = [keys, events].map(|text| text.parse::<u32>().unwrap_or_else(|_| panic!("{text}")));
    let logins: Vec<_> = Logins::new(keys).take(events as usize).collect();
    if side == "ours" {
        let ours = Ours::new(kind);
        ours.turn(&logins);
        Box::new(ours.0)
    } else {
        let mut peer = Peer::new(kind, Voice::Quiet).unwrap_or_else(|why| panic!("{why}"));
        peer.turn(&logins);
        Box::new(peer.0)
    }
}
