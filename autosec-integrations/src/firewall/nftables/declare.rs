//! What stands in the kernel before the first block: table, chain with its rule for loopback, and a set with its rule
//! for each slot in use.

use super::batch::{Batch, Operation};
use super::config::NftablesConfig;
use super::slot::Slot;
use super::wire::{APPEND, CREATE, Encoder};

pub(super) const CHAIN: &str = "prerouting";
/// Hook prerouting sees traffic to the host, to be forwarded and to containers.
pub(super) const PREROUTING: u32 = 0;
/// Elements of such a set can have a timeout.
pub(super) const SET_TIMEOUT: u32 = 0x10;
/// A table's user data: a comment, for `nft list` to show, by which it is known as ours. A list of (type, length,
/// bytes) whose type 0 is the comment. Kernels before 5.10 keep no user data, and none of a table that is there.
pub(super) const MARK: &[u8] = b"\0\x08autosec\0";
/// Verdict and policy that let a packet pass.
pub(super) const ACCEPT: u32 = 1;
/// Verdict that drops a packet.
pub(super) const DROP: u32 = 0;
/// What a `meta` expression loads.
pub(super) const INPUT_NAME: u32 = 6;
pub(super) const PROTOCOL_FAMILY: u32 = 15;
/// The loopback interface's name as the kernel compares it.
pub(super) const LOOPBACK: &[u8; 16] = b"lo\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
pub(super) const NETWORK_HEADER: u32 = 1;

const FILTER: &str = "filter";
const REGISTER: u32 = 1;
/// The register that takes a verdict.
const VERDICT: u32 = 0;

/// The table; one that is there keeps what it holds, and is woken if it is dormant.
pub(super) fn table(batch: &mut Batch, config: &NftablesConfig) {
    batch.message(Operation::NewTable, CREATE, |new| {
        new.text(1, &config.table);
        new.number(2, 0);
        new.attribute(6, MARK);
    });
}

/// The chain, without rules. One that is `there` is replaced, which moves it to the hook and priority asked for.
pub(super) fn chain(batch: &mut Batch, config: &NftablesConfig, there: bool) {
    let table = config.table.as_str();
    if there {
        for operation in [Operation::DeleteRules, Operation::DeleteChain] {
            // Both name their table by attribute 1; the chain's name is attribute 2 of a rule and 3 of a chain.
            let name = if operation == Operation::DeleteRules { 2 } else { 3 };
            batch.message(operation, 0, |old| {
                old.text(1, table);
                old.text(name, CHAIN);
            });
        }
    }
    batch.message(Operation::NewChain, CREATE, |new| {
        new.text(1, table);
        new.text(3, CHAIN);
        new.nest(4, |hook| {
            hook.number(1, PREROUTING);
            hook.attribute(2, &config.priority.to_be_bytes());
        });
        new.number(5, ACCEPT);
        new.text(7, FILTER);
    });
}

/// A hash set with timeouts.
pub(super) fn set(batch: &mut Batch, config: &NftablesConfig, slot: Slot) {
    batch.message(Operation::NewSet, CREATE, |new| {
        new.text(1, &config.table);
        new.text(2, &slot.name());
        new.number(3, SET_TIMEOUT);
        // The type only tells `nft` how to print a key: 7 an IPv4 address, 8 an IPv6 address.
        new.number(4, if slot.ipv6() { 8 } else { 7 });
        new.number(5, u32::from(slot.key_length()));
        if let Some(capacity) = config.capacity {
            new.nest(9, |description| description.number(1, capacity));
        }
        new.number(10, slot.number());
    });
}

/// `iifname "lo" accept`: what the host sends to itself is let through whatever its source, so that a block of one of
/// the host's own addresses cuts no local service. It stands before the rules that drop.
pub(super) fn loopback(batch: &mut Batch, config: &NftablesConfig) {
    rule(batch, config, |expressions| {
        only(expressions, INPUT_NAME, LOOPBACK);
        verdict(expressions, ACCEPT);
    });
}

/// `ip saddr & <mask> @<set> counter drop`
pub(super) fn drops(batch: &mut Batch, config: &NftablesConfig, slot: Slot) {
    rule(batch, config, |expressions| {
        only(expressions, PROTOCOL_FAMILY, &[slot.family()]);
        source(expressions, slot);
        expression(expressions, "lookup", |lookup| {
            lookup.number(2, REGISTER);
            lookup.text(1, &slot.name());
        });
        expression(expressions, "counter", |_| {});
        verdict(expressions, DROP);
    });
}

/// A rule behind those the chain has.
fn rule(batch: &mut Batch, config: &NftablesConfig, expressions: impl FnOnce(&mut Encoder)) {
    batch.message(Operation::NewRule, CREATE | APPEND, |new| {
        new.text(1, &config.table);
        new.text(2, CHAIN);
        new.nest(4, expressions);
    });
}

/// Only packets of which `meta` loads this value.
fn only(expressions: &mut Encoder, key: u32, value: &[u8]) {
    expression(expressions, "meta", |meta| {
        meta.number(2, key);
        meta.number(1, REGISTER);
    });
    expression(expressions, "cmp", |compare| {
        compare.number(1, REGISTER);
        compare.number(2, 0);
        compare.nest(3, |compared| compared.attribute(1, value));
    });
}

fn verdict(expressions: &mut Encoder, code: u32) {
    expression(expressions, "immediate", |immediate| {
        immediate.number(1, VERDICT);
        immediate.nest(2, |value| value.nest(2, |verdict| verdict.number(1, code)));
    });
}

/// The source address, cut to the slot's length.
fn source(expressions: &mut Encoder, slot: Slot) {
    let length = u32::from(slot.key_length());
    expression(expressions, "payload", |payload| {
        payload.number(1, REGISTER);
        payload.number(2, NETWORK_HEADER);
        payload.number(3, slot.source());
        payload.number(4, length);
    });
    let Some(mask) = slot.mask() else { return };
    expression(expressions, "bitwise", |bitwise| {
        bitwise.number(1, REGISTER);
        bitwise.number(2, REGISTER);
        bitwise.number(3, length);
        bitwise.nest(4, |and| and.attribute(1, mask.bytes()));
        bitwise.nest(5, |xor| {
            let zeros = [0; 16];
            xor.attribute(1, zeros.get(..mask.bytes().len()).unwrap_or_default());
        });
    });
}

fn expression(expressions: &mut Encoder, name: &str, attributes: impl FnOnce(&mut Encoder)) {
    expressions.nest(1, |expression| {
        expression.text(1, name);
        expression.nest(2, attributes);
    });
}
