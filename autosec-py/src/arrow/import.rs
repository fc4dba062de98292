//! Batches of rows from their producer's capsules.
#![expect(
    unsafe_code,
    reason = "the C data interface is pointers: they are turned into checked arrays here and nowhere else"
)]

use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::array::{Array, ArrayRef, GenericStringArray, OffsetSizeTrait, make_array};
use arrow_array::cast::AsArray;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_buffer::NullBuffer;
use arrow_schema::{ArrowError, DataType, FieldRef, Schema};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

use crate::error;
use crate::guard::detached;

/// The most levels of structs, lists and dictionaries, as in JSON: every one of them takes stack.
const DEEPEST: usize = 64;

/// The most columns or members of a struct, and the most buffers of a column.
const MOST_PARTS: usize = 1 << 20;

/// More rows than any memory holds: so many are a number below zero, or one that sizes cannot be computed from.
const TOO_MANY_ROWS: usize = 1 << 48;

/// Hands the columns of each batch of `data` whose names are `wanted` to `take`: of a batch, or of a stream of batches.
/// Nothing is copied; unless `validate` is false, their offsets and texts are checked first, since whoever made them may be
/// wrong or malicious.
///
/// # Errors
/// It offers neither, is not made of rows, or is invalid; or `take` fails.
pub(crate) fn import<'py>(
    data: &Bound<'py, PyAny>,
    wanted: impl Fn(&str) -> bool + Sync,
    validate: bool,
    mut take: impl FnMut(RecordBatch) -> PyResult<()>,
) -> PyResult<()> {
    let py = data.py();
    let batch = |schema: &FFI_ArrowSchema, array| {
        survive(|| batch(py, schema, array, &wanted, validate)).map_err(|wrong| refused(py, &wrong))
    };
    if data.hasattr("__arrow_c_array__")? {
        let pair = data.call_method0("__arrow_c_array__")?.cast_into::<PyTuple>()?;
        let schema = pair.get_item(0)?.cast_into::<PyCapsule>()?;
        let array = pair.get_item(1)?.cast_into::<PyCapsule>()?;
        let (schema, array) = taken(&schema, &array).map_err(|wrong| refused(py, &wrong))?;
        return take(batch(&schema, array)?);
    }
    if !data.hasattr("__arrow_c_stream__")? {
        let message = "the data have neither `__arrow_c_array__` nor `__arrow_c_stream__`: give a batch, a table or a stream of Arrow";
        return Err(PyTypeError::new_err(message));
    }
    let capsule = data.call_method0("__arrow_c_stream__")?.cast_into::<PyCapsule>()?;
    let mut stream = Stream::of(&capsule).map_err(|wrong| refused(py, &wrong))?;
    let schema = stream.schema().map_err(|wrong| refused(py, &wrong))?;
    while let Some(array) = stream.next().map_err(|wrong| refused(py, &wrong))? {
        take(batch(&schema, array)?)?;
    }
    Ok(())
}

/// What two capsules hold, which hold nothing from then on.
fn taken(
    schema: &Bound<'_, PyCapsule>,
    array: &Bound<'_, PyCapsule>,
) -> Result<(FFI_ArrowSchema, FFI_ArrowArray), ArrowError> {
    let schema =
        schema.pointer_checked(Some(c"arrow_schema")).map_err(|_| foreign())?.cast::<FFI_ArrowSchema>();
    let array = array.pointer_checked(Some(c"arrow_array")).map_err(|_| foreign())?.cast::<FFI_ArrowArray>();
    // SAFETY: by the capsule's name and the interface it promises, the pointer is to a schema that is valid and ours
    // alone until the capsule goes, which the caller holds; no Python code runs in between.
    let schema = unsafe { FFI_ArrowSchema::from_raw(schema.as_ptr()) };
    // SAFETY: the same for the array.
    let array = unsafe { FFI_ArrowArray::from_raw(array.as_ptr()) };
    if array.is_released() || schema.release().is_none() { Err(foreign()) } else { Ok((schema, array)) }
}

/// A stream that was taken out of its capsule.
struct Stream(FFI_ArrowArrayStream);

impl Stream {
    fn of(capsule: &Bound<'_, PyCapsule>) -> Result<Self, ArrowError> {
        let stream = capsule
            .pointer_checked(Some(c"arrow_array_stream"))
            .map_err(|_| foreign())?
            .cast::<FFI_ArrowArrayStream>();
        // SAFETY: by the capsule's name and the interface it promises, the pointer is to a stream that is valid and ours
        // alone until the capsule goes, which the caller holds; no Python code runs before it has been taken out.
        let stream = unsafe { FFI_ArrowArrayStream::from_raw(stream.as_ptr()) };
        if stream.release().is_none() { Err(foreign()) } else { Ok(Self(stream)) }
    }

    fn schema(&mut self) -> Result<FFI_ArrowSchema, ArrowError> {
        let ask = self.0.get_schema().ok_or_else(foreign)?;
        let mut schema = FFI_ArrowSchema::empty();
        // SAFETY: the stream is not released, and both pointers are valid for the call.
        match unsafe { ask(&raw mut self.0, &raw mut schema) } {
            0 if schema.release().is_some() => Ok(schema),
            _ => Err(self.failure()),
        }
    }

    /// The next batch, if there is another one.
    fn next(&mut self) -> Result<Option<FFI_ArrowArray>, ArrowError> {
        let ask = self.0.get_next().ok_or_else(foreign)?;
        let mut array = FFI_ArrowArray::empty();
        // SAFETY: the stream is not released, and both pointers are valid for the call.
        match unsafe { ask(&raw mut self.0, &raw mut array) } {
            0 => Ok((!array.is_released()).then_some(array)),
            _ => Err(self.failure()),
        }
    }

    /// What the producer says of its last failure.
    fn failure(&mut self) -> ArrowError {
        let told = self.0.get_last_error().map_or(std::ptr::null(), |ask| {
            // SAFETY: the stream is not released, and its last call failed.
            unsafe { ask(&raw mut self.0) }
        });
        if told.is_null() {
            return ArrowError::CDataInterface("the producer failed, and does not say why".to_owned());
        }
        // SAFETY: a producer gives a text that ends with a zero, and lasts until the stream's next call.
        let told = unsafe { CStr::from_ptr(told) }.to_string_lossy();
        ArrowError::CDataInterface(format!("the producer failed: {told}"))
    }
}

/// An array of structs as a batch of its wanted columns. The others are not looked into: of 21 columns of which five are
/// read, to check all took a third of the time that a row takes.
fn batch(
    py: Python<'_>,
    schema: &FFI_ArrowSchema,
    array: FFI_ArrowArray,
    wanted: &(impl Fn(&str) -> bool + Sync),
    validate: bool,
) -> Result<RecordBatch, ArrowError> {
    sound(schema, &array, 0)?;
    // SAFETY: the producer promises an array that agrees with its schema; what can be checked of it is checked before and
    // after.
    let data = unsafe { from_ffi(array, schema) }?;
    if validate {
        data.validate()?;
        data.validate_nulls()?;
    }
    let (kind, rows, nulls, offset, _, columns) = data.into_parts();
    let DataType::Struct(fields) = kind else {
        return Err(unsound("the data are no rows: a batch is an array of structs"));
    };
    if nulls.is_some_and(|nulls| nulls.null_count() > 0) {
        return Err(unsound("rows as a whole are null"));
    }
    let parts = fields.iter().zip(columns).filter(|(field, _)| wanted(field.name()));
    let (fields, columns): (Vec<FieldRef>, Vec<ArrayRef>) = parts
        .map(|(field, column)| (FieldRef::clone(field), make_array(column.sliced(offset, rows))))
        .unzip();
    if validate {
        detached(py, || columns.iter().try_for_each(check))?;
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Schema::new(fields).into(), columns, &options)
}

/// Refuses a column whose contents are invalid; what it is made of has been looked at.
fn check(column: &ArrayRef) -> Result<(), ArrowError> {
    let is_plain = match column.data_type() {
        DataType::Utf8 => is_plain(column.as_string::<i32>()),
        DataType::LargeUtf8 => is_plain(column.as_string::<i64>()),
        _ => false,
    };
    if is_plain { Ok(()) } else { column.to_data().validate_full() }
}

/// Whether texts are certainly valid, as nearly all are: ASCII between offsets that never turn back. Text by text it takes
/// 50 instructions to find that out.
fn is_plain<O: OffsetSizeTrait>(texts: &GenericStringArray<O>) -> bool {
    let is_counted = |nulls: &NullBuffer| nulls.inner().count_set_bits() + nulls.null_count() == nulls.len();
    let (first, last) = (texts.offsets().first().to_usize(), texts.offsets().last().to_usize());
    let bytes = first.zip(last).and_then(|(first, last)| texts.value_data().get(first..last));
    texts.nulls().is_none_or(is_counted) && texts.offsets().is_sorted() && bytes.is_some_and(<[u8]>::is_ascii)
}

/// Refuses what would lead the reader astray before it checks anything: sizes below zero, parts that are not there, more
/// levels than the stack is sure to hold. How long a buffer really is no producer says: that is to be believed.
fn sound(schema: &FFI_ArrowSchema, array: &FFI_ArrowArray, depth: usize) -> Result<(), ArrowError> {
    let rows = array.len().saturating_add(array.offset());
    let (children, buffers) = (array.num_children(), array.num_buffers());
    if depth > DEEPEST {
        return Err(unsound("more than 64 structs, lists and dictionaries within each other"));
    }
    if array.len().max(rows) >= TOO_MANY_ROWS || children.max(buffers) > MOST_PARTS {
        return Err(unsound("a length, an offset or a count is below zero, or beyond what memory holds"));
    }
    if schema.children().size_hint().0 != children {
        return Err(unsound("the array has more or fewer parts than its schema"));
    }
    let is_ordered = match schema.format() {
        "u" | "z" if rows > 0 && buffers == 3 => number::<i32>(array, 1, rows).is_none_or(|end| end >= 0),
        "U" | "Z" if rows > 0 && buffers == 3 => number::<i64>(array, 1, rows).is_none_or(|end| end >= 0),
        "vu" | "vz" if buffers < 3 => false,
        "vu" | "vz" => {
            (0..buffers - 3).all(|at| number::<i64>(array, buffers - 1, at).is_some_and(|long| long >= 0))
        }
        _ => true,
    };
    if !is_ordered {
        return Err(unsound("the size of a buffer of texts is below zero, or missing"));
    }
    for (index, child) in schema.children().enumerate() {
        sound(child, array.child(index), depth + 1)?;
    }
    match (schema.dictionary(), array.dictionary()) {
        (Some(schema), Some(array)) => sound(schema, array, depth + 1),
        (None, None) => Ok(()),
        _ => Err(unsound("a dictionary is missing, or one too many")),
    }
}

/// The number at a place of a buffer, if the buffer is there.
fn number<T: Copy>(array: &FFI_ArrowArray, buffer: usize, at: usize) -> Option<T> {
    let numbers = array.buffer(buffer).cast::<T>();
    // SAFETY: the producer promises as many offsets as there are rows, and one more; and as many sizes as there are
    // buffers of a view.
    (!numbers.is_null()).then(|| unsafe { numbers.add(at).read_unaligned() })
}

fn foreign() -> ArrowError {
    unsound("the capsule holds nothing of Arrow, or was taken already")
}

fn unsound(what: &str) -> ArrowError {
    ArrowError::CDataInterface(what.to_owned())
}

/// A producer that breaks its promises makes the reader of Arrow panic: that is an error here.
fn survive<T>(work: impl FnOnce() -> Result<T, ArrowError>) -> Result<T, ArrowError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| unsound("its parts contradict each other"))?
}

fn refused(py: Python<'_>, wrong: &ArrowError) -> PyErr {
    let message: String = format!("the data are no valid Arrow: {wrong}").chars().take(500).collect();
    error::event(py, false, &message, "arrow-invalid", "")
}
