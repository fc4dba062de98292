//! Keys and signatures as the program `minisign` makes them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use blake2::{Blake2b512, Digest};
use ring::signature::{Ed25519KeyPair, KeyPair};

pub struct Key {
    id: [u8; 8],
    pair: Ed25519KeyPair,
}

impl Key {
    /// The key of a seed: the same seed, the same key.
    pub fn new(seed: u8) -> Self {
        Self { id: [seed; 8], pair: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap() }
    }

    /// The last line of `minisign.pub`.
    pub fn public(&self) -> String {
        STANDARD.encode([b"Ed".as_slice(), &self.id, self.pair.public_key().as_ref()].concat())
    }

    /// What stands in the file `….minisig` of these bytes.
    pub fn sign(&self, bytes: &[u8]) -> String {
        let signature = self.pair.sign(&Blake2b512::digest(bytes));
        let comment = "timestamp:1795392000\tfile:plugin.toml\thashed";
        let whole = self.pair.sign(&[signature.as_ref(), comment.as_bytes()].concat());
        format!(
            "untrusted comment: signature from minisign secret key\n{}\ntrusted comment: {comment}\n{}\n",
            STANDARD.encode([b"ED".as_slice(), &self.id, signature.as_ref()].concat()),
            STANDARD.encode(whole)
        )
    }
}
