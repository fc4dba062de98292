use std::io::{self, BufRead, BufReader, Read};

use autosec_core::intel::{Indicator, ObservableKind};
use autosec_core::time::Timestamp;
use serde_json::Value;

use super::ListKind;
use super::input::Input;
use super::record::{Record, walk};
use super::report::{ListError, ListReport};
use super::settings::{KindSource, ListFormat, ListLimits, ListSettings};
use super::translate::{Said, Translator};
use crate::feed::freetext;

/// Reads a list; [the module](super) shows how.
#[derive(Clone, Debug)]
pub struct ListReader {
    settings: ListSettings,
    limits: ListLimits,
}

/// Takes what a list holds.
type Sink<'s> = &'s mut dyn FnMut(Indicator);

/// A quoted column with more line breaks than this is one whose quote is not closed.
const MOST_BREAKS: usize = 64;

impl ListReader {
    /// Reads lists of these settings within the default limits.
    pub fn new(settings: ListSettings) -> Self {
        Self { settings, limits: ListLimits::default() }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: ListLimits) -> Self {
        Self { limits, ..self }
    }

    /// What it reads.
    pub fn settings(&self) -> &ListSettings {
        &self.settings
    }

    /// Reads a whole list that was fetched at a time, and hands its indicators to `sink` as they come.
    ///
    /// To have all of it take effect or nothing, put the indicators into an
    /// [update](autosec_core::intel::Update), and commit that only if there is no error and the
    /// [schedule](crate::feed::schedule) believes the number.
    ///
    /// # Errors
    /// The list cannot be read to its end, is larger than the limits, is something else than its settings say, or none of its
    /// records can be used.
    pub fn read(
        &self,
        input: impl Read,
        fetched: Timestamp,
        sink: Sink<'_>,
    ) -> Result<ListReport, ListError> {
        let limit = match self.settings.format {
            ListFormat::Json { .. } => self.limits.document.min(self.limits.bytes),
            _ => self.limits.bytes,
        };
        let mut input = Input::begin(input, limit)?;
        let translator = Translator::new(&self.settings, fetched);
        let mut pass = Pass { translator, limits: self.limits, sink, report: ListReport::default() };
        let read = match &self.settings.format {
            ListFormat::Lines => {
                let ends = ends(&self.settings.kind);
                pass.lines(&mut input, |pass, at, line| pass.line(at, line, ends))
            }
            ListFormat::Freetext => pass.lines(&mut input, |pass, at, line| pass.prose(at, line)),
            ListFormat::Ndjson => pass.lines(&mut input, |pass, at, line| pass.object(at, line)),
            ListFormat::Csv { delimiter, header, comment } => {
                pass.csv(&mut input, *delimiter, *header, *comment)
            }
            ListFormat::Json { items, revoked } => pass.document(&mut input, items, revoked),
        };
        if input.is_cut()? {
            return Err(ListError::Large(limit));
        }
        read?;
        pass.finish()
    }
}

/// One reading of one list.
struct Pass<'p> {
    translator: Translator<'p>,
    limits: ListLimits,
    sink: Sink<'p>,
    report: ListReport,
}

impl Pass<'_> {
    fn finish(self) -> Result<ListReport, ListError> {
        match self.report.rejects.first() {
            Some(first) if self.report.indicators == 0 && self.report.skipped == 0 => {
                Err(ListError::NothingUsable { rejected: self.report.rejected, first: first.to_string() })
            }
            _ => Ok(self.report),
        }
    }

    fn take(&mut self, at: u64, record: &Record<'_>, revoked: bool) -> Result<(), ListError> {
        self.count()?;
        match self.translator.translate(record, revoked) {
            Ok(Said::Indicator(indicator)) => {
                self.report.indicators += 1;
                (self.sink)(*indicator);
            }
            Ok(Said::Skipped) => self.report.skipped += 1,
            Err(why) => self.report.reject(at, why, self.limits.rejects),
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), ListError> {
        self.report.records += 1;
        if self.report.records > self.limits.records {
            Err(ListError::TooMany(self.limits.records))
        } else {
            Ok(())
        }
    }

    /// Hands each line to `each`, with what is no UTF-8 replaced; the words around a value may be in any encoding.
    fn lines(
        &mut self,
        input: &mut impl Read,
        mut each: impl FnMut(&mut Self, u64, &str) -> Result<(), ListError>,
    ) -> Result<(), ListError> {
        let mut input = BufReader::new(input);
        let (mut line, mut number) = (Vec::new(), 0);
        loop {
            line.clear();
            number += 1;
            let whole = read_line(&mut input, &mut line, self.limits.line)?;
            let Some(whole) = whole else { return Ok(()) };
            if !whole {
                self.count()?;
                let why = format!("the line is longer than {} bytes", self.limits.line);
                self.report.reject(number, why, self.limits.rejects);
                continue;
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim();
            if !text.is_empty() {
                each(self, number, text)?;
            }
        }
    }

    fn line(&mut self, at: u64, line: &str, ends: Ends) -> Result<(), ListError> {
        if line.starts_with(['#', ';']) || line.starts_with("//") {
            return Ok(());
        }
        let word = line.split_whitespace().next().unwrap_or(line);
        let value = match ends {
            Ends::Line => line,
            Ends::Word => word.trim_end_matches([',', ';']),
            // The one before a comma of a URL is another URL.
            Ends::Mark if word.contains("://") => word.trim_end_matches([',', ';']),
            Ends::Mark => word.split([',', ';', '#']).next().unwrap_or(word),
        };
        self.take(at, &Record::Text(value), false)
    }

    fn prose(&mut self, at: u64, line: &str) -> Result<(), ListError> {
        for value in freetext::values(line) {
            self.take(at, &Record::Found(&value), false)?;
        }
        Ok(())
    }

    fn object(&mut self, at: u64, line: &str) -> Result<(), ListError> {
        match serde_json::from_str::<Value>(line) {
            Ok(item) => self.take(at, &Record::Json(&item), false),
            Err(error) => {
                self.count()?;
                self.report.reject(at, format!("it is no JSON: {error}"), self.limits.rejects);
                Ok(())
            }
        }
    }

    fn csv(
        &mut self,
        input: &mut Input<impl Read>,
        delimiter: u8,
        header: bool,
        comment: u8,
    ) -> Result<(), ListError> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .comment(Some(comment))
            .has_headers(false)
            .flexible(true)
            .from_reader(input);
        let (mut raw, mut names) = (csv::ByteRecord::new(), None);
        loop {
            reader.get_mut().allow(self.limits.record);
            let line = reader.position().line();
            match reader.read_byte_record(&mut raw) {
                Err(_) if reader.get_ref().is_overrun() => return Err(ListError::Unclosed(line)),
                Err(error) => return Err(broken(error)),
                Ok(false) => return Ok(()),
                Ok(true) => {}
            }
            if memchr::memchr_iter(b'\n', raw.as_slice()).count() > MOST_BREAKS {
                return Err(ListError::Unclosed(line));
            }
            let at = raw.position().map_or(line, csv::Position::line);
            let record = csv::StringRecord::from_byte_record_lossy(std::mem::take(&mut raw));
            if header && names.is_none() {
                names = Some(record);
                continue;
            }
            let is_empty = record.iter().all(|column| column.trim().is_empty());
            if !is_empty {
                self.take(at, &Record::Columns(&record, names.as_ref()), false)?;
            }
        }
    }

    fn document(
        &mut self,
        input: &mut impl Read,
        items: &[String],
        revoked: &[String],
    ) -> Result<(), ListError> {
        let document: Value =
            serde_json::from_reader(BufReader::new(input)).map_err(|error| match error.classify() {
                serde_json::error::Category::Io => ListError::Io(error.into()),
                _ => ListError::Json(error.to_string()),
            })?;
        if items.is_empty() && revoked.is_empty() {
            return self.items(&document, false);
        }
        let paths = items.iter().map(|path| (path, false)).chain(revoked.iter().map(|path| (path, true)));
        let mut any = false;
        for (path, revoked) in paths {
            if let Some(found) = walk(&document, path) {
                any = true;
                self.items(found, revoked)?;
            }
        }
        // Not an empty list: a service that refuses says so in an object of its own.
        if any { Ok(()) } else { Err(ListError::Missing(items.join("` or `"))) }
    }

    fn items(&mut self, found: &Value, revoked: bool) -> Result<(), ListError> {
        match found {
            Value::Array(items) => {
                (1..).zip(items).try_for_each(|(at, item)| self.take(at, &Record::Json(item), revoked))
            }
            // As ThreatFox and the like have it: ids as keys, and items or lists of them as values.
            Value::Object(entries) if entries.values().all(|entry| entry.is_object() || entry.is_array()) => {
                entries.values().try_for_each(|entry| self.items(entry, revoked))
            }
            Value::Null => Ok(()),
            item => {
                let at = self.report.records + 1;
                self.take(at, &Record::Json(item), revoked)
            }
        }
    }
}

/// Where the value of a line ends.
#[derive(Clone, Copy)]
enum Ends {
    /// With the line: spaces and marks are parts of such values.
    Line,
    /// At a space.
    Word,
    /// At a space or a mark.
    Mark,
}

fn ends(kind: &KindSource) -> Ends {
    match kind {
        KindSource::All(ListKind::One(ObservableKind::UserAgent | ObservableKind::FileName)) => Ends::Line,
        KindSource::All(ListKind::One(ObservableKind::Url)) => Ends::Word,
        _ => Ends::Mark,
    }
}

/// Reads up to the end of a line: whether it was taken as a whole, or none at the end of the input.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>, limit: usize) -> io::Result<Option<bool>> {
    let mut any = false;
    let mut whole = true;
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(any.then_some(whole));
        }
        any = true;
        let end = memchr::memchr(b'\n', buffer);
        let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
        let room = limit.saturating_sub(line.len());
        whole &= part.len() <= room;
        line.extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
        let read = part.len() + usize::from(end.is_some());
        input.consume(read);
        if end.is_some() {
            return Ok(Some(whole));
        }
    }
}

fn broken(error: csv::Error) -> ListError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => ListError::Io(error),
        _ => ListError::Io(io::Error::from(io::ErrorKind::InvalidData)),
    }
}
