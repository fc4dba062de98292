use std::fmt;
use std::io::Read;
use std::sync::Arc;

use autosec_core::intel::pattern::PatternIndicator;
use autosec_core::intel::{Indicator, Sighting};

use super::assemble::Assembly;
use super::error::{BundleError, BundleFault};
use super::limits::StixLimits;
use super::object::{Head, StixObject};
use super::report::{Reject, Report};
use super::scan::{Element, Place, Scanner};

/// Reads STIX from one source.
///
/// ```
/// use autosec_core::intel::pattern::PatternIndicator;
/// use autosec_core::intel::{Indicator, Sighting};
/// use autosec_integrations::feed::stix::{BundleReader, StixLimits, StixSink};
///
/// #[derive(Default)]
/// struct Found(Vec<Indicator>);
///
/// impl StixSink for Found {
///     fn indicator(&mut self, indicator: Indicator) {
///         self.0.push(indicator);
///     }
///     fn pattern(&mut self, _: PatternIndicator) {}
///     fn sighting(&mut self, _: Sighting) {}
/// }
///
/// let bundle = r#"{"type": "bundle", "objects": [{"type": "indicator", "id": "indicator--1", "spec_version": "2.1",
///     "pattern_type": "stix", "pattern": "[ipv4-addr:value = '198.51.100.7']", "valid_from": "2026-11-22T00:00:00Z"}]}"#;
/// let mut found = Found::default();
/// let report = BundleReader::new("partner", StixLimits::default()).read(bundle.as_bytes(), &mut found)?;
/// assert_eq!((report.plain, report.rejected), (1, 0));
/// assert_eq!(found.0[0].values[0].to_string(), "198.51.100.7");
/// # Ok::<(), autosec_integrations::feed::stix::BundleError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BundleReader {
    source: Arc<str>,
    limits: StixLimits,
}

/// Inputs that belong together, as the pages of a collection: an indicator's relationships may stand on another page.
pub struct BundlePages<'a> {
    reader: &'a BundleReader,
    assembly: Assembly<'a>,
}

/// Takes what a bundle holds: at its end, or earlier where it is long.
pub trait StixSink {
    /// A value for an index.
    fn indicator(&mut self, indicator: Indicator);

    /// A pattern that no index can answer; [`LivePatterns`](autosec_core::intel::pattern::LivePatterns) take it.
    fn pattern(&mut self, pattern: PatternIndicator);

    /// Somebody saw an indicator. It comes after the indicator, if that is in the same bundle.
    fn sighting(&mut self, sighting: Sighting);
}

impl BundleReader {
    /// Reads for the source of this name.
    pub fn new(source: impl Into<Arc<str>>, limits: StixLimits) -> Self {
        Self { source: source.into(), limits }
    }

    /// Reads a whole input.
    ///
    /// # Errors
    /// The input ends in the middle, is no JSON that lists objects, holds too many, or cannot be read. What was read before
    /// is with the sink.
    pub fn read(&self, input: impl Read, sink: &mut dyn StixSink) -> Result<Report, BundleError> {
        let mut scanner = Scanner::new(input, self.limits.object_bytes);
        let mut assembly = Assembly::new(&self.source, &self.limits, sink);
        let ended = self.take_all(&mut scanner, &mut assembly);
        let report = assembly.finish();
        let Place { at, line } = scanner.place();
        match ended {
            Ok(()) => Ok(report),
            Err(fault) => Err(BundleError { fault, at, line, report: Box::new(report) }),
        }
    }

    /// Reads several inputs as if they were one bundle.
    pub fn pages<'a>(&'a self, sink: &'a mut dyn StixSink) -> BundlePages<'a> {
        BundlePages { reader: self, assembly: Assembly::new(&self.source, &self.limits, sink) }
    }

    fn take_all<R: Read>(
        &self,
        scanner: &mut Scanner<R>,
        assembly: &mut Assembly<'_>,
    ) -> Result<(), BundleFault> {
        while let Some((place, element)) = scanner.next()? {
            assembly.report.objects += 1;
            if assembly.report.objects > self.limits.objects {
                return Err(BundleFault::TooMany(self.limits.objects));
            }
            if let Err((id, why)) = take(&element, self.limits.object_bytes, assembly) {
                let reject = Reject { at: place.at, line: place.line, id, why };
                assembly.report.reject(reject, self.limits.rejects);
            }
        }
        Ok(())
    }
}

impl BundlePages<'_> {
    /// Reads one input. The limit of objects is that of all together.
    ///
    /// # Errors
    /// As of [`BundleReader::read`]; the report in the error is of this and all inputs before it. Those that follow can
    /// still be read.
    pub fn read(&mut self, input: impl Read) -> Result<(), BundleError> {
        let mut scanner = Scanner::new(input, self.reader.limits.object_bytes);
        let ended = self.reader.take_all(&mut scanner, &mut self.assembly);
        let Place { at, line } = scanner.place();
        ended.map_err(|fault| BundleError { fault, at, line, report: Box::new(self.assembly.report.clone()) })
    }

    /// Hands on what was held back.
    pub fn finish(self) -> Report {
        self.assembly.finish()
    }
}

impl fmt::Debug for BundlePages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BundlePages").field("report", &self.assembly.report).finish_non_exhaustive()
    }
}

/// Takes one object, or says which it is and why not.
fn take(
    element: &Element<'_>,
    limit: usize,
    assembly: &mut Assembly<'_>,
) -> Result<(), (Option<String>, String)> {
    let bytes = match element {
        Element::Object(bytes) => *bytes,
        Element::TooLong => return Err((None, format!("it is longer than {limit} bytes"))),
        Element::Strange => return Err((None, "it is no object".to_owned())),
    };
    let malformed = |error: serde_json::Error| (None, error.to_string());
    let Head { kind } = serde_json::from_slice(bytes).map_err(malformed)?;
    if !Assembly::wants(&kind) {
        assembly.report.others += 1;
        return Ok(());
    }
    let object: StixObject<'_> = serde_json::from_slice(bytes).map_err(malformed)?;
    assembly.take(&object).map_err(|why| {
        let id = object.id.get(..object.id.floor_char_boundary(Indicator::LONGEST_ID)).unwrap_or_default();
        ((!id.is_empty()).then(|| id.to_owned()), why)
    })
}
