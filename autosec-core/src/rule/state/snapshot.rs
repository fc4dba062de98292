//! The form of snapshots: a head with a version and the seed of keys, rules with what they remember, a checksum.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

/// A hash that is the same on every machine and in every version.
pub(crate) fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(0, 0);
    hasher.write(bytes);
    hasher.finish()
}
