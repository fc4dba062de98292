use std::borrow::Cow;

use arrow_array::RecordBatch;
use arrow_array::array::{Array, ArrayRef, OffsetSizeTrait};
use arrow_array::cast::AsArray;
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::DataType;
use autosec_core::event::{Event, FieldId, Kind, Value, time_of};
use autosec_core::time::Timestamp;

use super::cell::Cells;
use crate::event::{Node, ReadError, Target, Tree};

/// The wanted columns of a batch, found once, so that a row costs no names.
#[derive(Debug)]
pub(crate) struct Plan {
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    target: Target,
    cells: Cells,
    /// Of the structs around it: a value in one that is null is not there.
    around: Option<NullBuffer>,
    /// Of the lists around it, the innermost last: where each begins and ends.
    lists: Vec<Vec<(usize, usize)>>,
    /// Whether it adds to what the field holds.
    added: bool,
    /// Whether nothing of that is so: it is a column of the batch itself.
    is_flat: bool,
}

/// What stands around a column.
#[derive(Clone, Debug, Default)]
struct Around {
    nulls: Option<NullBuffer>,
    lists: Vec<Vec<(usize, usize)>>,
    added: bool,
    depth: usize,
}

/// The most bytes of texts of an event, as in JSON.
const LONGEST: usize = 1 << 20;

/// The most levels of structs and lists, as in JSON.
const DEEPEST: usize = 64;

impl Plan {
    /// The columns of a batch that are wanted.
    ///
    /// # Errors
    /// A wanted column is of a type that an event cannot hold.
    pub(crate) fn new(tree: &Tree, batch: &RecordBatch) -> Result<Self, ReadError> {
        let mut plan = Self { columns: Vec::new() };
        let Some(root) = tree.root() else { return Ok(plan) };
        for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            let placed = plan.place(tree, tree.step(root, field.name()), column, Around::default());
            placed.map_err(|wrong| wrong.within(field.name()))?;
        }
        Ok(plan)
    }

    /// Takes a column in, of the `node` that its name leads to.
    fn place(
        &mut self,
        tree: &Tree,
        node: Option<&Node>,
        column: &ArrayRef,
        around: Around,
    ) -> Result<(), ReadError> {
        let target = node.and_then(|node| node.target);
        let rest = tree.rest.map(|rest| Target::Field(rest, Kind::Text));
        let is_inner = node.is_some_and(Node::is_inner);
        let Some(into) = target.or(rest) else {
            return if is_inner { self.inside(tree, node, column, around) } else { Ok(()) };
        };
        match column.data_type() {
            DataType::Struct(_) => self.inside(tree, node, column, around),
            DataType::List(_) => self.list::<i32>(tree, node, column, around),
            DataType::LargeList(_) => self.list::<i64>(tree, node, column, around),
            kind => {
                let Some(cells) = Cells::of(column) else {
                    // Nobody asked by name for what goes to the rest.
                    return if target.is_none() { Ok(()) } else { Err(unreadable(kind)) };
                };
                let added = around.added || target.is_none();
                let Around { nulls, lists, .. } = around;
                let is_flat = nulls.is_none() && lists.is_empty() && !added;
                self.columns.push(Column { target: into, cells, around: nulls, lists, added, is_flat });
                Ok(())
            }
        }
    }

    /// Takes in what is wanted of a struct, or of a list of structs.
    fn inside(
        &mut self,
        tree: &Tree,
        node: Option<&Node>,
        column: &ArrayRef,
        around: Around,
    ) -> Result<(), ReadError> {
        if around.depth >= DEEPEST {
            return Err(ReadError::limit("event-too-deep", format!("more than {DEEPEST} structs and lists")));
        }
        match column.data_type() {
            DataType::List(_) => self.list::<i32>(tree, node, column, around),
            DataType::LargeList(_) => self.list::<i64>(tree, node, column, around),
            DataType::Struct(fields) => {
                let rows = column.as_struct();
                let nulls = NullBuffer::union(around.nulls.as_ref(), rows.nulls());
                for (field, column) in fields.iter().zip(rows.columns()) {
                    let next = node.and_then(|node| tree.step(node, field.name()));
                    let around = Around { nulls: nulls.clone(), depth: around.depth + 1, ..around.clone() };
                    let placed = self.place(tree, next, column, around);
                    placed.map_err(|wrong| wrong.within(field.name()))?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn list<O: OffsetSizeTrait>(
        &mut self,
        tree: &Tree,
        node: Option<&Node>,
        column: &ArrayRef,
        mut around: Around,
    ) -> Result<(), ReadError> {
        let list = column.as_list::<O>();
        let nulls = NullBuffer::union(around.nulls.as_ref(), list.nulls());
        around.lists.push(bounds(list.offsets(), nulls.as_ref()));
        let is_struct = matches!(list.value_type(), DataType::Struct(_));
        let around = Around {
            nulls: None,
            added: around.added || is_struct,
            depth: around.depth + 1,
            lists: around.lists,
        };
        if is_struct {
            self.inside(tree, node, list.values(), around)
        } else {
            self.place(tree, node, list.values(), around)
        }
    }

    /// Fills an event, which is at the `fallback` time or at none, with a row.
    ///
    /// # Errors
    /// It has no time, or more text than an event may have.
    pub(crate) fn fill<'a>(
        &'a self,
        row: usize,
        event: &mut Event<'a>,
        fallback: Option<Timestamp>,
    ) -> Result<(), ReadError> {
        let (mut timed, mut bytes) = (fallback.is_some(), 0);
        for column in &self.columns {
            match column.target {
                Target::Time => timed |= column.set_time(event, row, fallback)?,
                Target::Field(field, kind) => bytes += column.set(event, row, field, kind),
            }
        }
        if bytes > LONGEST {
            return Err(ReadError::limit("event-too-long", "more than 1 MiB of text in one event: split it"));
        }
        if timed { Ok(()) } else { Err(ReadError::time_missing()) }
    }
}

impl Column {
    /// Sets the field to the value of a row; how much text that is.
    fn set<'a>(&'a self, event: &mut Event<'a>, row: usize, field: FieldId, kind: Kind) -> usize {
        let size = |value: &Value<'_>| value.as_text().map_or(1, str::len);
        // Most are texts, which go where they belong at once: each copy of a value just written waits for the writes.
        if self.is_flat
            && let Some(text) = self.cells.lying(row)
        {
            let Some(text) = text else { return 0 };
            if kind == Kind::Text {
                event.set(field, Value::Text(Cow::Borrowed(text)));
                return text.len();
            }
            let value = Value::read(Cow::Borrowed(text), kind);
            let bytes = size(&value);
            event.set(field, value);
            return bytes;
        }
        if self.lists.is_empty() {
            let Some(value) = self.cell(row, kind) else { return 0 };
            let bytes = size(&value);
            if self.added {
                event.add(field, value)
            } else {
                event.set(field, value)
            }
            return bytes;
        }
        let mut values = Vec::new();
        let mut bytes = 0;
        self.elements(0, row, &mut |at| {
            if bytes <= LONGEST {
                values.extend(self.cell(at, kind).inspect(|value| bytes += size(value)));
            }
        });
        if self.added {
            values.into_iter().for_each(|value| event.add(field, value));
        } else if !values.is_empty() {
            event.set(field, Value::List(values));
        }
        bytes
    }

    fn cell(&self, row: usize, kind: Kind) -> Option<Value<'_>> {
        if self.around.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            None
        } else {
            self.cells.value(row, kind)
        }
    }

    /// Calls `take` with each row of the cells that belongs to a row of the batch.
    fn elements(&self, level: usize, row: usize, take: &mut dyn FnMut(usize)) {
        match self.lists.get(level) {
            None => take(row),
            Some(list) => {
                let (from, to) = list.get(row).copied().unwrap_or_default();
                (from..to).for_each(|at| self.elements(level + 1, at, take));
            }
        }
    }

    fn set_time(
        &self,
        event: &mut Event<'_>,
        row: usize,
        fallback: Option<Timestamp>,
    ) -> Result<bool, ReadError> {
        if !self.lists.is_empty() || self.around.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return Ok(false);
        }
        if let Some(time) = self.cells.time(row) {
            event.set_time(time);
            return Ok(true);
        }
        let lying = self.cells.lying(row).map(|text| text.map(Cow::Borrowed));
        let Some(text) = lying.unwrap_or_else(|| self.cells.text(row)) else { return Ok(false) };
        match time_of(&text) {
            Some(time) => event.set_time(time),
            None if fallback.is_some() => {}
            None => return Err(ReadError::time_unreadable(&text)),
        }
        Ok(true)
    }
}

/// Where each list begins and ends; one that is null holds nothing.
fn bounds<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>, nulls: Option<&NullBuffer>) -> Vec<(usize, usize)> {
    let bounds = offsets.iter().zip(offsets.iter().skip(1)).enumerate();
    let bound = |(row, (from, to)): (usize, (&O, &O))| match nulls {
        Some(nulls) if nulls.is_null(row) => (0, 0),
        _ => (from.as_usize(), to.as_usize()),
    };
    bounds.map(bound).collect()
}

fn unreadable(kind: &DataType) -> ReadError {
    let kind: String = kind.to_string().chars().take(64).collect();
    ReadError::new(
        "arrow-type",
        format!("a column of type `{kind}` holds no texts, numbers, booleans or times"),
    )
}
