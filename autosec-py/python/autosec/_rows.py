"""Rows of numbers on their way to the native module and back: arrays of numpy, or lists of lists of floats."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable
from typing import Any

from ._errors import ConfigError


def is_array(rows: Any) -> bool:
    """Whether answers about these rows are arrays of numpy."""
    return hasattr(rows, "__array__") or hasattr(rows, "to_numpy")


def packed(rows: Any) -> tuple[bytes, int]:
    """The rows as the bytes of their floats, and how many columns they have."""
    if is_array(rows):
        import numpy

        made = numpy.ascontiguousarray(rows, dtype=numpy.float64)
        if made.ndim != 2:
            raise ConfigError(f"rows are of 2 dimensions, not of {made.ndim}: reshape(-1, 1) makes a column of values")
        return made.tobytes(), made.shape[1]
    values = array("d")
    columns = None
    for row in rows:
        before = len(values)
        values.extend(map(float, row))
        columns = len(values) - before if columns is None else columns
        if len(values) - before != columns:
            raise ConfigError(f"a row has {len(values) - before} columns, and the first has {columns}")
    return values.tobytes(), columns or 0


def unpacked(like: Any, values: bytes, kind: str = "d") -> Any:
    """Numbers from their bytes, as an array of numpy where the rows were one; `kind` is the letter of `array`."""
    if is_array(like):
        return sys.modules["numpy"].frombuffer(values, dtype=kind)
    return array(kind, values)


def names_of(rows: Any) -> list[str] | None:
    """What the columns of a data frame are called."""
    names = getattr(rows, "columns", None)
    return list(map(str, names)) if isinstance(names, Iterable) and is_array(rows) else None


def one_row(row: Any) -> list[float]:
    """A row as the native module takes it."""
    if type(row) is list:
        return row
    made = row.tolist() if is_array(row) else list(row)
    return made if isinstance(made, list) else [made]
