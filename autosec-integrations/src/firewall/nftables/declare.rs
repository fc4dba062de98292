//! What stands in the kernel before the first block: table, chain with its rule for loopback, and a set with its rule
//! for each slot in use.
//!
//! Attributes are numbers here; these are their names in the kernel's `nf_tables.h`, where others may look them up:
//!
//! | message | attributes |
//! |---|---|
//! | table | 1 `TABLE_NAME`, 2 `TABLE_FLAGS`, 6 `TABLE_USERDATA` |
//! | chain | 1 `CHAIN_TABLE`, 3 `CHAIN_NAME`, 4 `CHAIN_HOOK` (1 `HOOK_HOOKNUM`, 2 `HOOK_PRIORITY`), 5 `CHAIN_POLICY`, 7 `CHAIN_TYPE` |
//! | set | 1 `SET_TABLE`, 2 `SET_NAME`, 3 `SET_FLAGS`, 4 `SET_KEY_TYPE`, 5 `SET_KEY_LEN`, 9 `SET_DESC` (1 `SET_DESC_SIZE`), 10 `SET_ID` |
//! | rule | 1 `RULE_TABLE`, 2 `RULE_CHAIN`, 4 `RULE_EXPRESSIONS`, a list of 1 `LIST_ELEM` (1 `EXPR_NAME`, 2 `EXPR_DATA`) |
//! | `meta` | 1 `META_DREG`, 2 `META_KEY` |
//! | `cmp` | 1 `CMP_SREG`, 2 `CMP_OP`, 3 `CMP_DATA` (1 `DATA_VALUE`) |
//! | `payload` | 1 `PAYLOAD_DREG`, 2 `PAYLOAD_BASE`, 3 `PAYLOAD_OFFSET`, 4 `PAYLOAD_LEN` |
//! | `bitwise` | 1 `BITWISE_SREG`, 2 `BITWISE_DREG`, 3 `BITWISE_LEN`, 4 `BITWISE_MASK`, 5 `BITWISE_XOR` |
//! | `lookup` | 1 `LOOKUP_SET`, 2 `LOOKUP_SREG` |
//! | `immediate` | 1 `IMMEDIATE_DREG`, 2 `IMMEDIATE_DATA` (2 `DATA_VERDICT`, in it 1 `VERDICT_CODE`) |
//!
//! Numbers are in network order; priorities are signed.

use super::batch::{Batch, Operation};
use super::config::NftablesConfig;
use super::slot::Slot;
use crate::firewall::netlink::{APPEND, CREATE, Encoder};

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
        new.nest(9, |description| description.number(1, config.capacity.unwrap_or_else(|| endless(slot))));
        new.number(10, slot.number());
    });
}

/// A size that no set reaches, and whose lower 16 bits are what the kernel presizes the hash table by: without a size it
/// starts with four places and doubles them while a batch fills it, which made 100,000 blocks take 2.3 times as long in
/// the kernel (2026-11-22, 2-core x86-64 VM, Linux 6.18). The table of the sets that grow large takes 1 MiB, that of the
/// others 16 KiB.
fn endless(slot: Slot) -> u32 {
    if slot.is_crowded() { 0x0fff_ffff } else { 0x0fff_0400 }
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
        // Operation 0 is "equal".
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
