//! Whether a file is a whole library, before the system's loader maps it.
//!
//! A loader maps what a library's header promises; a file that ends before that kills the process with a bus error when the
//! missing part is touched, which nobody can catch. So the promises are held against the file's length first.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::OpenError;

/// Whether the loader can map all of it. On platforms with other formats than ELF nothing is checked.
///
/// # Errors
/// It cannot be read, is no library, or is cut short.
pub(crate) fn check(path: &Path) -> Result<(), OpenError> {
    let read = |source| OpenError::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(read)?;
    let length = file.metadata().map_err(read)?.len();
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let mut head = Vec::new();
    file.by_ref().take(LARGEST_HEAD).read_to_end(&mut head).map_err(read)?;
    promises(&head, length).map_err(|why| OpenError::Image { path: path.to_owned(), why })
}

/// Where segments are listed is at the begin of every library; this much of it is looked at.
const LARGEST_HEAD: u64 = 64 * 1024;

const LOADED: u32 = 1;

fn promises(head: &[u8], length: u64) -> Result<(), &'static str> {
    if head.get(..4) != Some(b"\x7fELF") {
        return Err("it does not begin as one");
    }
    let class = if cfg!(target_pointer_width = "64") { 2 } else { 1 };
    let order = if cfg!(target_endian = "little") { 1 } else { 2 };
    if head.get(4..6) != Some(&[class, order]) || class != 2 {
        return Err("it is made for another kind of machine");
    }
    const CUT: &str = "it is cut short";
    if number(head, 16, 2).ok_or(CUT)? != 3 {
        return Err("it is a program or an object");
    }
    let table = number(head, 32, 8).ok_or(CUT)?;
    let (size, count) = (number(head, 54, 2).ok_or(CUT)?, number(head, 56, 2).ok_or(CUT)?);
    if size < 56 || count == 0 {
        return Err("it lists no segments");
    }
    for index in 0..count {
        let at = table.checked_add(index * size).and_then(|at| usize::try_from(at).ok()).ok_or(CUT)?;
        if number(head, at, 4).ok_or(CUT)? != u64::from(LOADED) {
            continue;
        }
        let (offset, bytes) = (at.checked_add(8).ok_or(CUT)?, at.checked_add(32).ok_or(CUT)?);
        let end = number(head, offset, 8).ok_or(CUT)?.checked_add(number(head, bytes, 8).ok_or(CUT)?);
        if end.is_none_or(|end| end > length) {
            return Err(CUT);
        }
    }
    Ok(())
}

/// The number of this many bytes at a place, in the machine's own order.
fn number(head: &[u8], at: usize, bytes: usize) -> Option<u64> {
    let field = head.get(at..at.checked_add(bytes)?)?;
    let mut word = [0; 8];
    if cfg!(target_endian = "little") {
        word.get_mut(..bytes)?.copy_from_slice(field);
    } else {
        word.get_mut(8 - bytes..)?.copy_from_slice(field);
    }
    Some(u64::from_ne_bytes(word))
}

#[cfg(all(test, target_os = "linux", target_pointer_width = "64", target_endian = "little"))]
mod tests {
    use super::*;

    /// A header with one loaded segment of 100 bytes from the begin.
    fn image() -> Vec<u8> {
        let mut image = b"\x7fELF\x02\x01".to_vec();
        image.resize(200, 0);
        for (at, byte) in [(16, 3), (32, 64), (54, 56), (56, 1), (64, 1), (64 + 32, 100)] {
            image.splice(at..=at, [byte]);
        }
        image
    }

    #[test]
    fn takes_what_is_whole_and_refuses_the_rest() {
        assert_eq!(promises(&image(), 200), Ok(()));
        assert_eq!(promises(&image(), 100), Ok(()));
        assert_eq!(promises(&image(), 99), Err("it is cut short"));
        assert_eq!(promises(b"MZ", 2), Err("it does not begin as one"));
        let mut program = image();
        program[16] = 2;
        assert_eq!(promises(&program, 200), Err("it is a program or an object"));
        let mut other = image();
        other[4] = 1;
        assert_eq!(promises(&other, 200), Err("it is made for another kind of machine"));
        let mut none = image();
        none[56] = 0;
        assert_eq!(promises(&none, 200), Err("it lists no segments"));
    }

    #[test]
    fn no_bytes_panic() {
        let image = image();
        for end in 0..image.len() {
            let _ = promises(&image[..end], end as u64);
            for value in [0, 0x7f, 0xff] {
                let mut changed = image.clone();
                changed[end] = value;
                let _ = promises(&changed, 200);
            }
        }
        assert_eq!(promises(&image[..90], 90), Err("it is cut short"));
    }
}
