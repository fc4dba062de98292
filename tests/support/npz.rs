//! Data sets as NumPy keeps them: a zip file with `X.npy`, the rows, and `y.npy`, which of them are anomalies.
//!
//! Reads what the corpora hold: members stored or deflated, format 1.0, numbers of 1 to 8 bytes, columns first or rows
//! first. Anything else is refused with a word about it.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::DeflateDecoder;

/// The largest array, unpacked: 1 GiB.
const MOST_BYTES: usize = 1 << 30;

/// Rows with the truth about them.
#[derive(Debug)]
pub struct Set {
    pub name: String,
    /// Row after row.
    pub values: Vec<f64>,
    pub columns: usize,
    pub anomalies: Vec<bool>,
}

/// Where the sets with anomalies are, if they are there.
pub fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/anomaly");
    folder.is_dir().then_some(folder)
}

/// Every set's file, the smallest first.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "npz")).collect();
    files.sort_by_key(|path| (fs::metadata(path).unwrap().len(), path.clone()));
    files
}

/// Reads one set.
pub fn read(path: &Path) -> Set {
    try_read(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// Reads one set, or says what is wrong with the file.
pub fn try_read(path: &Path) -> Result<Set, String> {
    let file = fs::read(path).map_err(|error| error.to_string())?;
    let rows = Array::read(&member(&file, "X.npy")?)?;
    let truth = Array::read(&member(&file, "y.npy")?)?;
    let [count, columns] = rows.shape[..] else { return Err("`X` is no table".to_owned()) };
    if truth.shape != [count] {
        return Err(format!("`X` has {count} rows, and `y` not one number for each"));
    }
    let at = |row: usize, column: usize| {
        if rows.columns_first { column * count + row } else { row * columns + column }
    };
    let values = (0..count).flat_map(|row| (0..columns).map(move |column| (row, column)));
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok(Set {
        name: name.split_once('_').map_or(&*name, |(_, name)| name).to_owned(),
        values: values.map(|(row, column)| rows.values[at(row, column)]).collect(),
        columns,
        anomalies: truth.values.iter().map(|value| *value != 0.0).collect(),
    })
}

fn number<const BYTES: usize>(bytes: &[u8], at: usize) -> Option<[u8; BYTES]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// The bytes of a member, found by the directory at the end: sizes beside the member itself may be missing.
fn member(zip: &[u8], name: &str) -> Result<Vec<u8>, String> {
    let (packed, method, size) =
        packed(zip, name).ok_or_else(|| format!("no zip file with a member `{name}`"))?;
    if size > MOST_BYTES {
        return Err(format!("`{name}` has {size} bytes, and the limit is {MOST_BYTES}"));
    }
    let mut bytes = Vec::new();
    match method {
        0 => bytes.extend_from_slice(packed),
        8 => {
            let unpacked = DeflateDecoder::new(packed).take(size as u64 + 1).read_to_end(&mut bytes);
            unpacked.map_err(|error| format!("`{name}`: {error}"))?;
        }
        other => return Err(format!("`{name}` is packed by method {other}")),
    }
    if bytes.len() == size {
        Ok(bytes)
    } else {
        Err(format!("`{name}` has not the size that the directory says"))
    }
}

/// A member as it is packed, by which method, and its size unpacked.
fn packed<'z>(zip: &'z [u8], name: &str) -> Option<(&'z [u8], u16, usize)> {
    let end = (0..zip.len().saturating_sub(21)).rev().find(|at| zip[*at..].starts_with(b"PK\x05\x06"))?;
    let short = |at: usize| Some(usize::from(u16::from_le_bytes(number(zip, at)?)));
    let long = |at: usize| Some(u32::from_le_bytes(number(zip, at)?) as usize);
    let mut at = long(end + 16)?;
    while zip.get(at..)?.starts_with(b"PK\x01\x02") {
        let (names, from) = (short(at + 28)?, long(at + 42)?);
        if zip.get(at + 46..at + 46 + names)? == name.as_bytes() {
            let begin = from + 30 + short(from + 26)? + short(from + 28)?;
            let packed = zip.get(begin..begin + long(at + 20)?)?;
            return Some((packed, u16::from_le_bytes(number(zip, at + 10)?), long(at + 24)?));
        }
        at += 46 + names + short(at + 30)? + short(at + 32)?;
    }
    None
}

struct Array {
    values: Vec<f64>,
    shape: Vec<usize>,
    columns_first: bool,
}

impl Array {
    fn read(npy: &[u8]) -> Result<Self, String> {
        let wrong = || "an array that is none of format 1.0".to_owned();
        if !npy.starts_with(b"\x93NUMPY\x01\x00") {
            return Err(wrong());
        }
        let length = usize::from(u16::from_le_bytes(number(npy, 8).ok_or_else(wrong)?));
        let (header, body) = npy[10..].split_at_checked(length).ok_or_else(wrong)?;
        let header = std::str::from_utf8(header).map_err(|_| wrong())?;
        let after = |key: &str| Some(header.split_once(key)?.1.trim_start());
        let kind = after("'descr':").and_then(|rest| rest.split('\'').nth(1)).ok_or_else(wrong)?;
        let shape = after("'shape': (").and_then(|rest| rest.split(')').next()).ok_or_else(wrong)?;
        let shape = shape.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::parse);
        let shape: Vec<usize> = shape.collect::<Result<_, _>>().map_err(|_| wrong())?;
        let columns_first = after("'fortran_order':").ok_or_else(wrong)?.starts_with("True");
        let values = numbers(kind, body)?;
        let count = shape.iter().try_fold(1_usize, |count, part| count.checked_mul(*part));
        if count == Some(values.len()) { Ok(Self { values, shape, columns_first }) } else { Err(wrong()) }
    }
}

fn numbers(kind: &str, bytes: &[u8]) -> Result<Vec<f64>, String> {
    Ok(match kind {
        "|u1" => bytes.iter().map(|byte| f64::from(*byte)).collect(),
        "<i2" => bytes.as_chunks().0.iter().map(|bytes| f64::from(i16::from_le_bytes(*bytes))).collect(),
        "<i4" => bytes.as_chunks().0.iter().map(|bytes| f64::from(i32::from_le_bytes(*bytes))).collect(),
        "<i8" => bytes.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes) as f64).collect(),
        "<f4" => bytes.as_chunks().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect(),
        "<f8" => bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect(),
        other => return Err(format!("numbers of kind `{other}`")),
    })
}
