//! Small changes to a file that was good: four bytes of the fuzzer each say where, what and which byte.

/// Changes, puts in or takes out bytes behind the first `head`; at least one is left there.
pub fn change(bytes: &mut Vec<u8>, head: usize, changes: &[u8]) {
    for change in changes.chunks_exact(4) {
        let at = head + usize::from(u16::from_le_bytes([change[0], change[1]])) % (bytes.len() - head);
        match change[2] % 3 {
            0 => bytes[at] = change[3],
            1 => bytes.insert(at, change[3]),
            _ if bytes.len() > head + 1 => drop(bytes.remove(at)),
            _ => {}
        }
    }
}
