//! Readers of threat intelligence: bytes of a feed in, [indicators](autosec_core::intel::Indicator) out.

pub mod stix;
