//! Rows to train on: made up, or from a file.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use autosec_ml::feature::FeatureSchema;

#[path = "../../tests/support/npz.rs"]
#[expect(dead_code, reason = "tests read folders of sets, too")]
mod npz;

/// The most numbers that are read from a file.
const MOST_NUMBERS: usize = 50_000_000;
/// The longest line of a file, in bytes.
const LONGEST_LINE: u64 = 1 << 20;
/// Columns of this name say whether a row is bad.
const LABELS: [&str; 4] = ["anomaly", "bad", "is_attack", "label"];
/// The column that tells the time, in hours since Monday, 00:00.
pub const TIME: &str = "hour_of_week";

/// Rows with their columns' names and the truth about each.
pub struct DataSet {
    pub schema: FeatureSchema,
    /// Row after row.
    pub values: Vec<f64>,
    pub bad: Vec<bool>,
    /// What it is, in a few words.
    pub about: String,
}

impl DataSet {
    /// Of a file that ends in `.csv` or `.npz`. The error says what is wrong, without the file's name.
    pub fn read(path: &Path) -> Result<Self, String> {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let mut set = match ending.as_str() {
            "csv" => read_csv(BufReader::new(File::open(path).map_err(|error| error.to_string())?)),
            "npz" => read_npz(path),
            _ => Err("its name ends in neither `.csv` nor `.npz`".to_owned()),
        }?;
        set.about = format!("{} ({} bytes)", name(path), fs::metadata(path).map_or(0, |file| file.len()));
        Ok(set)
    }

    /// A month of logins of an office: some hundred people, two in a hundred logins taken over. Made up, and the same for
    /// every seed of the same number.
    pub fn simulated(seed: u64) -> Self {
        let mut chance = Chance(seed);
        let columns =
            [TIME, "failures_before", "km_from_usual", "new_device", "megabytes", "minutes_since_last"];
        let schema = FeatureSchema::new("login", 1, columns).expect("names are right");
        let (mut values, mut bad) = (Vec::new(), Vec::new());
        for _ in 0..6_000 {
            let is_bad = chance.fraction() < 0.02;
            values.extend(login(&mut chance, is_bad));
            bad.push(is_bad);
        }
        Self { schema, values, bad, about: "a made-up month of 6000 logins".to_owned() }
    }
}

/// What a login looks like. One that was taken over is unusual in some of the columns, and in which of them differs.
fn login(chance: &mut Chance, is_bad: bool) -> [f64; 6] {
    let day = (chance.fraction() * 5.0).floor();
    let by_day = (24.0 * day + 8.5 + 9.0 * (chance.fraction() + chance.fraction()) / 2.0).floor();
    let mut row = [
        by_day,
        (chance.tail(0.3)).floor(),
        chance.tail(4.0),
        f64::from(u8::from(chance.fraction() < 0.03)),
        chance.tail(20.0),
        chance.tail(240.0),
    ];
    if is_bad {
        let odd = [
            168.0 * chance.fraction(),
            4.0 + chance.tail(6.0),
            300.0 + chance.tail(3_000.0),
            1.0,
            150.0 + chance.tail(400.0),
        ];
        for (value, odd) in row.iter_mut().zip(odd) {
            if chance.fraction() < 0.55 {
                *value = odd.floor();
            }
        }
    }
    row
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number from 0 up, the rarer the larger; `mean` on average.
    fn tail(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.fraction()).ln()
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn read_npz(path: &Path) -> Result<DataSet, String> {
    let npz::Set { values, columns, anomalies, name } = npz::try_read(path)?;
    let names = (0..columns).map(|column| format!("column {column}"));
    let schema = FeatureSchema::new("set", 1, names).map_err(|error| error.to_string())?;
    Ok(DataSet { schema, values, bad: anomalies, about: name })
}

/// A line of names, then a line a row; a field that is empty is missing. One column, whose name is in [`LABELS`], says by 0
/// or 1 whether the row is bad.
fn read_csv(mut file: impl BufRead) -> Result<DataSet, String> {
    let head = line(&mut file)?.ok_or("it is empty")?;
    let names: Vec<&str> = head.split(',').map(unquoted).collect();
    let label = names.iter().position(|name| LABELS.contains(&name.to_ascii_lowercase().as_str()));
    let label = label.ok_or_else(|| format!("no column is called {}", LABELS.join(", ")))?;
    let columns = names.iter().enumerate().filter(|(column, _)| *column != label).map(|(_, name)| *name);
    let schema = FeatureSchema::new("csv", 1, columns).map_err(|error| error.to_string())?;
    let (mut values, mut bad) = (Vec::new(), Vec::new());
    for number in 2_u64.. {
        let Some(text) = line(&mut file).map_err(|why| format!("line {number}: {why}"))? else { break };
        let fields: Vec<&str> = text.split(',').map(unquoted).collect();
        if fields.len() != names.len() {
            return Err(format!("line {number} has {} fields, and the first {}", fields.len(), names.len()));
        }
        for (column, field) in fields.iter().enumerate() {
            let value = if field.is_empty() { Ok(f64::NAN) } else { field.parse::<f64>() };
            let value = value.map_err(|_| format!("line {number}, field {}: no number", column + 1))?;
            if column == label { bad.push(value > 0.5) } else { values.push(value) }
        }
        if values.len() > MOST_NUMBERS {
            return Err(format!("it has more than {MOST_NUMBERS} numbers"));
        }
    }
    Ok(DataSet { schema, values, bad, about: String::new() })
}

/// The next line that is not blank.
fn line(file: &mut impl BufRead) -> Result<Option<String>, String> {
    loop {
        let mut bytes = Vec::new();
        let read = file.by_ref().take(LONGEST_LINE + 1).read_until(b'\n', &mut bytes);
        match read.map_err(|error| error.to_string())? as u64 {
            0 => return Ok(None),
            length if length > LONGEST_LINE => return Err(format!("it is longer than {LONGEST_LINE} bytes")),
            _ => {}
        }
        let text = String::from_utf8(bytes).map_err(|_| "it is no UTF-8")?;
        let text = text.trim_start_matches('\u{feff}').trim_end();
        if !text.is_empty() {
            return Ok(Some(text.to_owned()));
        }
    }
}

fn unquoted(field: &str) -> &str {
    let field = field.trim();
    field.strip_prefix('"').and_then(|field| field.strip_suffix('"')).unwrap_or(field)
}

/// A bar of at most `most` characters for a share of 0 to 1.
pub fn gauge(share: f64, most: usize) -> String {
    "▇".repeat((share.clamp(0.0, 1.0) * most as f64).round() as usize)
}
