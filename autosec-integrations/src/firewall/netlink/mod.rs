//! What the firewalls that live in the kernel have in common: netlink's socket, its messages, and how a reason is kept
//! with an entry.

mod conversation;
mod remark;
mod socket;
mod wire;

pub(in crate::firewall) use conversation::{Conversation, Question};
pub(in crate::firewall) use remark::{OWNER, reason_of, remark};
pub(in crate::firewall) use wire::{
    ACK, APPEND, Attributes, CREATE, DUMP, Encoder, Head, REQUEST, Reply, attributes, replies,
};
