//! Whether a rule read back is one that we declare.

use super::declare::{ACCEPT, DROP, INPUT_NAME, LOOPBACK, NETWORK_HEADER, PROTOCOL_FAMILY};
use super::slot::Slot;
use crate::firewall::netlink::{Attributes, attributes};

/// An expression's name and its attributes.
type Expression<'a> = (&'a str, Attributes<'a>);

/// Whether the rule does what one of ours does, and nothing else. What the kernel adds, such as a counter's count,
/// makes no difference.
pub(super) fn is_ours(rule: Attributes<'_>) -> bool {
    let expressions: Vec<Expression<'_>> = rule
        .inside(4)
        .map(|(_, expression)| attributes(expression))
        .map(|expression| (expression.text(1).unwrap_or_default(), expression.inside(2)))
        .collect();
    match expressions.as_slice() {
        [("meta", meta), ("cmp", compare), ("immediate", end)] => {
            only(*meta, *compare, INPUT_NAME, LOOPBACK) && ends_with(*end, ACCEPT)
        }
        [
            ("meta", meta),
            ("cmp", compare),
            ("payload", payload),
            cut @ ..,
            ("lookup", lookup),
            ("counter", _),
            ("immediate", end),
        ] => lookup.text(1).and_then(Slot::parse).is_some_and(|slot| {
            only(*meta, *compare, PROTOCOL_FAMILY, &[slot.family()])
                && loads_source(*payload, slot)
                && cuts(cut, slot)
                && lookup.number(5).unwrap_or_default() == 0
                && ends_with(*end, DROP)
        }),
        _ => false,
    }
}

fn only(meta: Attributes<'_>, compare: Attributes<'_>, key: u32, value: &[u8]) -> bool {
    meta.number(2) == Some(key) && compare.number(2) == Some(0) && compare.inside(3).find(1) == Some(value)
}

fn loads_source(payload: Attributes<'_>, slot: Slot) -> bool {
    payload.number(2) == Some(NETWORK_HEADER)
        && payload.number(3) == Some(slot.source())
        && payload.number(4) == Some(u32::from(slot.key_length()))
}

/// Whether the address is cut to the slot's length.
fn cuts(between: &[Expression<'_>], slot: Slot) -> bool {
    match (between, slot.mask()) {
        ([], None) => true,
        ([("bitwise", bitwise)], Some(mask)) => {
            let flips = bitwise.inside(5).find(1).is_some_and(|xor| xor.iter().any(|byte| *byte != 0));
            bitwise.inside(4).find(1) == Some(mask.bytes()) && !flips
        }
        _ => false,
    }
}

fn ends_with(immediate: Attributes<'_>, code: u32) -> bool {
    immediate.inside(2).inside(2).number(1) == Some(code)
}
