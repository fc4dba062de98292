//! A column as values of events.

use std::borrow::Cow;

use arrow_array::array::{Array, ArrayRef, PrimitiveArray};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{BooleanArray, LargeStringArray, StringArray, StringViewArray};
use arrow_schema::{DataType, TimeUnit};
use autosec_core::event::{Kind, Value};
use autosec_core::time::Timestamp;

use crate::event::decimal;

/// The values of one column, or of the lists of one.
#[derive(Debug)]
pub(super) enum Cells {
    Boolean(BooleanArray),
    Text(StringArray),
    LargeText(LargeStringArray),
    TextView(StringViewArray),
    Integer(PrimitiveArray<Int64Type>),
    Large(PrimitiveArray<UInt64Type>),
    Number(PrimitiveArray<Float64Type>),
    /// Microseconds since 1970.
    Time(PrimitiveArray<Int64Type>),
    /// Which of the values each row has.
    Dictionary(Vec<usize>, ArrayRef, Box<Cells>),
    Nothing,
}

impl Cells {
    /// The column as cells; none if it is of a type that an event cannot hold.
    pub(super) fn of(column: &ArrayRef) -> Option<Self> {
        Some(match column.data_type() {
            DataType::Null => Cells::Nothing,
            DataType::Boolean => Cells::Boolean(column.as_boolean().clone()),
            DataType::Utf8 => Cells::Text(column.as_string().clone()),
            DataType::LargeUtf8 => Cells::LargeText(column.as_string().clone()),
            DataType::Utf8View => Cells::TextView(column.as_string_view().clone()),
            DataType::Int64 => Cells::Integer(column.as_primitive().clone()),
            DataType::Int32 => integers::<Int32Type>(column),
            DataType::Int16 => integers::<Int16Type>(column),
            DataType::Int8 => integers::<Int8Type>(column),
            DataType::UInt32 => integers::<UInt32Type>(column),
            DataType::UInt16 => integers::<UInt16Type>(column),
            DataType::UInt8 => integers::<UInt8Type>(column),
            DataType::UInt64 => Cells::Large(column.as_primitive().clone()),
            DataType::Float64 => Cells::Number(column.as_primitive().clone()),
            DataType::Float32 => Cells::Number(column.as_primitive::<Float32Type>().unary(f64::from)),
            DataType::Float16 => Cells::Number(column.as_primitive::<Float16Type>().unary(f64::from)),
            DataType::Timestamp(unit, _) => Cells::Time(micros(column, *unit)),
            DataType::Dictionary(..) => {
                let dictionary = column.as_any_dictionary();
                if dictionary.values().is_empty() {
                    Cells::Nothing
                } else {
                    let values = Cells::of(dictionary.values())?;
                    Cells::Dictionary(dictionary.normalized_keys(), column.clone(), Box::new(values))
                }
            }
            _ => return None,
        })
    }

    /// The text of a row as it lies there, if that is not null; none if the cells are no texts.
    #[inline]
    pub(super) fn lying(&self, row: usize) -> Option<Option<&str>> {
        match self {
            Cells::Text(cells) => Some(present(cells, row).then(|| cells.value(row))),
            Cells::LargeText(cells) => Some(present(cells, row).then(|| cells.value(row))),
            Cells::TextView(cells) => Some(present(cells, row).then(|| cells.value(row))),
            _ => None,
        }
    }

    /// The value of a row as a field of this kind has it; none if it is null.
    pub(super) fn value(&self, row: usize, kind: Kind) -> Option<Value<'_>> {
        match (self, kind) {
            (Cells::Integer(cells), Kind::Integer) => {
                present(cells, row).then(|| Value::Integer(cells.value(row)))
            }
            (Cells::Boolean(cells), Kind::Boolean) => {
                present(cells, row).then(|| Value::Boolean(cells.value(row)))
            }
            (Cells::Dictionary(keys, nulls, cells), _) => {
                present(nulls, row).then(|| keys.get(row)).flatten().and_then(|key| cells.value(*key, kind))
            }
            _ => self.text(row).map(|text| Value::read(text, kind)),
        }
    }

    /// The value of a row as JSON would write it; none if it is null.
    pub(super) fn text(&self, row: usize) -> Option<Cow<'_, str>> {
        match self {
            Cells::Nothing => None,
            Cells::Text(_) | Cells::LargeText(_) | Cells::TextView(_) => self.lying(row)?.map(Cow::Borrowed),
            Cells::Boolean(cells) => {
                present(cells, row).then(|| Cow::Borrowed(if cells.value(row) { "true" } else { "false" }))
            }
            Cells::Integer(cells) => present(cells, row).then(|| Cow::Owned(cells.value(row).to_string())),
            Cells::Large(cells) => present(cells, row).then(|| Cow::Owned(cells.value(row).to_string())),
            Cells::Number(cells) => present(cells, row).then(|| Cow::Owned(decimal(cells.value(row)))),
            Cells::Time(cells) => {
                self.time(row).filter(|_| present(cells, row)).map(|time| Cow::Owned(time.to_string()))
            }
            Cells::Dictionary(keys, nulls, cells) => {
                present(nulls, row).then(|| keys.get(row)).flatten().and_then(|key| cells.text(*key))
            }
        }
    }

    /// The time of a row, if it is a time and there.
    pub(super) fn time(&self, row: usize) -> Option<Timestamp> {
        match self {
            Cells::Time(cells) => present(cells, row).then(|| Timestamp::from_micros(cells.value(row))),
            _ => None,
        }
    }
}

pub(super) fn present(cells: &impl Array, row: usize) -> bool {
    row < cells.len() && !cells.is_null(row)
}

fn integers<T: ArrowPrimitiveType>(column: &ArrayRef) -> Cells
where
    i64: From<T::Native>,
{
    Cells::Integer(column.as_primitive::<T>().unary(i64::from))
}

fn micros(column: &ArrayRef, unit: TimeUnit) -> PrimitiveArray<Int64Type> {
    match unit {
        TimeUnit::Second => {
            column.as_primitive::<TimestampSecondType>().unary(|time| time.saturating_mul(1_000_000))
        }
        TimeUnit::Millisecond => {
            column.as_primitive::<TimestampMillisecondType>().unary(|time| time.saturating_mul(1_000))
        }
        TimeUnit::Microsecond => column.as_primitive::<TimestampMicrosecondType>().unary(|time| time),
        TimeUnit::Nanosecond => {
            column.as_primitive::<TimestampNanosecondType>().unary(|time| time.div_euclid(1_000))
        }
    }
}
