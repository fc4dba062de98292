//! Batches of rows from their producer's capsules.
#![expect(
    unsafe_code,
    reason = "the C data interface is pointers: they are turned into checked arrays here and nowhere else"
)]

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::array::{Array, StructArray};
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi};
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, DataType, Schema};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

use crate::error;

/// Hands each batch of `data` to `take`: of a batch, or of a stream of batches. Nothing is copied; unless `validate` is
/// false, offsets and texts are checked first, since whoever made them may be wrong or malicious.
///
/// # Errors
/// It offers neither, is not made of rows, or is invalid; or `take` fails.
pub(crate) fn import<'py>(
    data: &Bound<'py, PyAny>,
    validate: bool,
    mut take: impl FnMut(RecordBatch) -> PyResult<()>,
) -> PyResult<()> {
    let py = data.py();
    if data.hasattr("__arrow_c_array__")? {
        let pair = data.call_method0("__arrow_c_array__")?.cast_into::<PyTuple>()?;
        let schema = pair.get_item(0)?.cast_into::<PyCapsule>()?;
        let array = pair.get_item(1)?.cast_into::<PyCapsule>()?;
        let batch = survive(|| from_array(&schema, &array, validate)).map_err(|wrong| refused(py, &wrong))?;
        return take(batch);
    }
    if !data.hasattr("__arrow_c_stream__")? {
        let message = "the data have neither `__arrow_c_array__` nor `__arrow_c_stream__`: give a batch, a table or a stream of Arrow";
        return Err(PyTypeError::new_err(message));
    }
    let capsule = data.call_method0("__arrow_c_stream__")?.cast_into::<PyCapsule>()?;
    let mut reader = survive(|| from_stream(&capsule)).map_err(|wrong| refused(py, &wrong))?;
    while let Some(batch) = survive(|| reader.next().transpose()).map_err(|wrong| refused(py, &wrong))? {
        if validate {
            survive(|| batch.columns().iter().try_for_each(|column| column.to_data().validate_full()))
                .map_err(|wrong| refused(py, &wrong))?;
        }
        take(batch)?;
    }
    Ok(())
}

fn from_array(
    schema: &Bound<'_, PyCapsule>,
    array: &Bound<'_, PyCapsule>,
    validate: bool,
) -> Result<RecordBatch, ArrowError> {
    let schema =
        schema.pointer_checked(Some(c"arrow_schema")).map_err(|_| foreign())?.cast::<FFI_ArrowSchema>();
    let array = array.pointer_checked(Some(c"arrow_array")).map_err(|_| foreign())?.cast::<FFI_ArrowArray>();
    // SAFETY: by the capsule's name and the interface it promises, the pointer is to a schema that is valid and ours
    // alone until the capsule goes, which the caller holds; no Python code runs in between.
    let schema = unsafe { FFI_ArrowSchema::from_raw(schema.as_ptr()) };
    // SAFETY: the same for the array.
    let array = unsafe { FFI_ArrowArray::from_raw(array.as_ptr()) };
    if array.is_released() {
        return Err(foreign());
    }
    // SAFETY: the producer promises an array that agrees with its schema; what can be checked of it is checked next.
    let data = unsafe { from_ffi(array, &schema) }?;
    if validate {
        data.validate_full()?;
    }
    let DataType::Struct(fields) = data.data_type().clone() else {
        return Err(ArrowError::CDataInterface(
            "the data are no rows: a batch is an array of structs".to_owned(),
        ));
    };
    if data.null_count() > 0 {
        return Err(ArrowError::CDataInterface("rows as a whole are null".to_owned()));
    }
    let rows = data.len();
    let (_, columns, _) = StructArray::from(data).into_parts();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Schema::new(fields).into(), columns, &options)
}

fn from_stream(capsule: &Bound<'_, PyCapsule>) -> Result<RecordBatchStreamReader, ArrowError> {
    let stream = capsule
        .pointer_checked(Some(c"arrow_array_stream"))
        .map_err(|_| foreign())?
        .cast::<FFI_ArrowArrayStream>();
    // SAFETY: by the capsule's name and the interface it promises, the pointer is to a stream that is valid and ours
    // alone until the capsule goes, which the caller holds; no Python code runs before it has been taken out.
    unsafe { RecordBatchStreamReader::from_raw(stream.as_ptr()) }
}

fn foreign() -> ArrowError {
    ArrowError::CDataInterface("the capsule holds nothing of Arrow, or was taken already".to_owned())
}

/// A producer that breaks its promises makes the reader of Arrow panic: that is an error here.
fn survive<T>(work: impl FnOnce() -> Result<T, ArrowError>) -> Result<T, ArrowError> {
    let panicked = |_| ArrowError::CDataInterface("its parts contradict each other".to_owned());
    catch_unwind(AssertUnwindSafe(work)).map_err(panicked)?
}

fn refused(py: Python<'_>, wrong: &ArrowError) -> PyErr {
    let message: String = format!("the data are no valid Arrow: {wrong}").chars().take(500).collect();
    error::event(py, false, &message, "arrow-invalid", "")
}
