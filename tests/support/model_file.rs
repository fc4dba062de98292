//! Model files: putting changed ones right on the outside, and golden ones.

use std::path::Path;

/// Where the version of the crate stands in a file.
const VERSION: std::ops::Range<usize> = 12..18;

/// Puts length and checksum right, or nothing but them would be tested.
pub fn reseal(file: &mut [u8]) {
    if file.len() < 56 {
        return;
    }
    let length = file.len() as u64;
    file[44..52].copy_from_slice(&length.to_le_bytes());
    let (body, checksum) = file.split_at_mut(length as usize - 4);
    let mut hasher = flate2::Crc::new();
    hasher.update(body);
    checksum.copy_from_slice(&hasher.sum().to_le_bytes());
}

/// That `seen` is what `tests/data/models/<name>.model` holds but for the crate's version, and that it can be read.
pub fn assert_golden(name: &str, seen: &[u8], read: impl FnOnce(&[u8])) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/models/{name}.model"));
    if std::env::var_os("AUTOSEC_BLESS").is_some() {
        std::fs::write(&path, seen).unwrap();
    }
    let recorded = std::fs::read(&path).unwrap();
    read(&recorded);
    let mut seen = seen.to_vec();
    seen[VERSION].copy_from_slice(&recorded[VERSION]);
    reseal(&mut seen);
    assert_eq!(seen, recorded, "{name}");
}
