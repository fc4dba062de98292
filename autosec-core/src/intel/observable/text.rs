use super::{Key, name};

/// The longest digest, in bytes: SHA-512.
const LONGEST_DIGEST: usize = 64;

/// An address of e-mail in lower case. Servers may tell local parts of different case apart; none does.
pub(super) fn email(given: &str, key: &mut Key) -> Result<(), &'static str> {
    let (local, domain) = given.rsplit_once('@').ok_or("it has no `@`")?;
    if local.is_empty() || local.chars().any(|character| character.is_whitespace() || character.is_control())
    {
        return Err("what stands before the `@` is no mailbox");
    }
    key.extend(local.bytes().map(|byte| byte.to_ascii_lowercase()));
    key.push(b'@');
    name::write(domain, key).map(|_| ())
}

/// A digest of so many bytes.
pub(super) fn digest(given: &str, bytes: usize, key: &mut Key) -> Result<(), &'static str> {
    let (pairs, rest) = given.as_bytes().as_chunks::<2>();
    if pairs.len() != bytes || !rest.is_empty() {
        return Err("it has not as many digits as its kind");
    }
    let (mut decoded, mut all) = ([0; LONGEST_DIGEST], true);
    for (byte, [high, low]) in decoded.iter_mut().zip(pairs) {
        all &= high.is_ascii_hexdigit() & low.is_ascii_hexdigit();
        *byte = nibble(*high) << 4 | nibble(*low);
    }
    match decoded.get(..bytes).filter(|_| all) {
        Some(decoded) => key.extend_from_slice(decoded),
        None => return Err("it has a character that is no hexadecimal digit"),
    }
    Ok(())
}

/// Block size, hash, hash of twice the block size.
pub(super) fn ssdeep(given: &str, key: &mut Key) -> Result<(), &'static str> {
    let mut parts = given.splitn(3, ':');
    let size = parts.next().is_some_and(|size| size.parse::<u32>().is_ok());
    let is_hash = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte));
    if !size || parts.clone().count() != 2 || !parts.all(is_hash) {
        return Err("it is no ssdeep hash such as 3:abc:def");
    }
    key.extend_from_slice(given.as_bytes());
    Ok(())
}

/// 70 digits, with or without the version `T1` before them.
pub(super) fn tlsh(given: &str, key: &mut Key) -> Result<(), &'static str> {
    let digits = given.strip_prefix("T1").or(given.strip_prefix("t1")).unwrap_or(given);
    digest(digits, 35, key).map_err(|_| "it is no TLSH of 70 hexadecimal digits")
}

/// Ten characters that say what, and two truncated digests.
pub(super) fn ja4(given: &str, key: &mut Key) -> Result<(), &'static str> {
    let mut parts = given.split('_').map(str::len);
    let shape = [parts.next(), parts.next(), parts.next(), parts.next()];
    let is_plain = given.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if shape != [Some(10), Some(12), Some(12), None] || !is_plain {
        return Err("it is no JA4 fingerprint such as t13d1516h2_8daaf6152771_b186095e22b6");
    }
    key.extend(given.bytes().map(|byte| byte.to_ascii_lowercase()));
    Ok(())
}

pub(super) fn autonomous_system(given: &str, key: &mut Key) -> Result<(), &'static str> {
    let digits = match given.get(..2) {
        Some(letters) if letters.eq_ignore_ascii_case("as") => {
            given.get(2..).unwrap_or_default().trim_start()
        }
        _ => given,
    };
    let number: u32 = digits.parse().map_err(|_| "it is no number of an autonomous system")?;
    key.extend_from_slice(&number.to_be_bytes());
    Ok(())
}

pub(super) fn port(given: &str, key: &mut Key) -> Result<(), &'static str> {
    let number: u16 = given.parse().map_err(|_| "it is no port from 0 to 65535")?;
    key.extend_from_slice(&number.to_be_bytes());
    Ok(())
}

/// What a hexadecimal digit counts: letters have bit 6 set and begin with 1 in the lower half. Without a branch, so that
/// compilers make vectors of it.
#[inline]
fn nibble(digit: u8) -> u8 {
    (digit & 15) + 9 * (digit >> 6 & 1)
}
