//! Data sets as NumPy keeps them: a zip file with `X.npy`, the rows, and `y.npy`, which of them are anomalies.
//!
//! Reads what the corpora hold: members stored or deflated, format 1.0, numbers of 1 to 8 bytes, columns first or rows
//! first. Anything else ends the test that asks for it.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::DeflateDecoder;

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
    let file = fs::read(path).unwrap();
    let rows = Array::read(&member(&file, "X.npy"));
    let truth = Array::read(&member(&file, "y.npy"));
    let [count, columns] = rows.shape[..] else { panic!("{}: X is no table", path.display()) };
    assert_eq!(truth.shape, [count], "{}: a truth a row", path.display());
    let at = |row: usize, column: usize| {
        if rows.columns_first { column * count + row } else { row * columns + column }
    };
    let values = (0..count).flat_map(|row| (0..columns).map(move |column| (row, column)));
    Set {
        name: path.file_stem().unwrap().to_string_lossy().split_once('_').unwrap().1.to_owned(),
        values: values.map(|(row, column)| rows.values[at(row, column)]).collect(),
        columns,
        anomalies: truth.values.iter().map(|value| *value != 0.0).collect(),
    }
}

fn number<const BYTES: usize>(bytes: &[u8], at: usize) -> [u8; BYTES] {
    bytes[at..at + BYTES].try_into().unwrap()
}

/// The bytes of a member, found by the directory at the end: sizes beside the member itself may be missing.
fn member(zip: &[u8], name: &str) -> Vec<u8> {
    let end = (0..zip.len() - 21).rev().find(|at| zip[*at..].starts_with(b"PK\x05\x06")).unwrap();
    let mut at = u32::from_le_bytes(number(zip, end + 16)) as usize;
    while zip[at..].starts_with(b"PK\x01\x02") {
        let [method, names, extra, comment] =
            [10, 28, 30, 32].map(|place| usize::from(u16::from_le_bytes(number(zip, at + place))));
        let [packed, unpacked, from] =
            [20, 24, 42].map(|place| u32::from_le_bytes(number(zip, at + place)) as usize);
        if &zip[at + 46..at + 46 + names] == name.as_bytes() {
            let [names, extra] =
                [26, 28].map(|place| usize::from(u16::from_le_bytes(number(zip, from + place))));
            let packed = &zip[from + 30 + names + extra..][..packed];
            return unpack(packed, method, unpacked);
        }
        at += 46 + names + extra + comment;
    }
    panic!("no member `{name}`");
}

fn unpack(packed: &[u8], method: usize, size: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size);
    match method {
        0 => bytes.extend_from_slice(packed),
        8 => drop(DeflateDecoder::new(packed).read_to_end(&mut bytes).unwrap()),
        other => panic!("a member packed by method {other}"),
    }
    assert_eq!(bytes.len(), size);
    bytes
}

struct Array {
    values: Vec<f64>,
    shape: Vec<usize>,
    columns_first: bool,
}

impl Array {
    fn read(npy: &[u8]) -> Self {
        assert!(npy.starts_with(b"\x93NUMPY\x01\x00"), "another format than 1.0");
        let length = usize::from(u16::from_le_bytes(number(npy, 8)));
        let header = std::str::from_utf8(&npy[10..10 + length]).unwrap();
        let after =
            |key: &str| header.split_once(key).unwrap_or_else(|| panic!("{header}: no {key}")).1.trim_start();
        let kind = after("'descr':").split('\'').nth(1).unwrap();
        let shape = after("'shape': (").split(')').next().unwrap().split(',').map(str::trim);
        let shape: Vec<usize> =
            shape.filter(|part| !part.is_empty()).map(|part| part.parse().unwrap()).collect();
        let columns_first = after("'fortran_order':").starts_with("True");
        let values = numbers(kind, &npy[10 + length..]);
        assert_eq!(values.len(), shape.iter().product::<usize>());
        Self { values, shape, columns_first }
    }
}

fn numbers(kind: &str, bytes: &[u8]) -> Vec<f64> {
    match kind {
        "|u1" => bytes.iter().map(|byte| f64::from(*byte)).collect(),
        "<i2" => bytes.as_chunks().0.iter().map(|bytes| f64::from(i16::from_le_bytes(*bytes))).collect(),
        "<i4" => bytes.as_chunks().0.iter().map(|bytes| f64::from(i32::from_le_bytes(*bytes))).collect(),
        "<i8" => bytes.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes) as f64).collect(),
        "<f4" => bytes.as_chunks().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect(),
        "<f8" => bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect(),
        other => panic!("numbers of kind `{other}`"),
    }
}
