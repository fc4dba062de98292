"""Rows of Arrow mean what their dicts mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

import autosec

from .conftest import RULES

pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")

ROWS: list[dict[str, Any]] = [
    {"@timestamp": "2026-11-22T14:02:11Z", "source.ip": "203.0.113.7", "url.path": "/admin", "destination.port": 22},
    {"@timestamp": "2026-11-22T14:02:12Z", "source.ip": "203.0.113.8", "source.port": 4000, "destination.port": 22},
    {"@timestamp": "2026-11-22T14:02:13Z", "source.ip": None, "url.path": None},
    {"@timestamp": "2026-11-22T14:02:14Z", "source.ip": "::ffff:203.0.113.9", "url.path": "/admin/ü"},
]


def fresh(**settings: Any) -> autosec.Engine:
    return autosec.Engine(autosec.RuleSet(text=RULES), **settings)


def dicts(verdicts: Any) -> list[Any]:
    return [verdict and verdict.to_dict() for verdict in verdicts]


def test_a_batch_a_table_and_a_stream_give_the_verdicts_of_their_dicts() -> None:
    expected = dicts(fresh().process_many(ROWS))
    batch = pyarrow.RecordBatch.from_pylist(ROWS, schema=schema())
    table = pyarrow.Table.from_batches([batch.slice(0, 2), batch.slice(2)])
    assert dicts(fresh().process_arrow(batch)) == expected
    assert dicts(fresh().process_arrow(table)) == expected
    assert dicts(fresh().process_arrow(table.to_reader())) == expected
    assert dicts(fresh().process_arrow(batch, validate=False)) == expected
    assert sum(verdict["assessments"] != [] for verdict in expected) == 3


def schema(text: Any = None, integer: Any = None) -> Any:
    text, integer = text or pyarrow.string(), integer or pyarrow.int64()
    names = [("@timestamp", text), ("source.ip", text), ("url.path", text)]
    return pyarrow.schema([*names, ("source.port", integer), ("destination.port", integer)])


@pytest.mark.parametrize(
    ("text", "integer"),
    [
        ("large_string", "int32"),
        ("string_view", "uint16"),
        ("string", "int16"),
        ("string", "uint64"),
        ("string", "uint32"),
        ("string", "float64"),
        ("string", "float32"),
        ("large_string", "string"),
    ],
)
def test_columns_of_every_plain_type(text: str, integer: str) -> None:
    made = schema(getattr(pyarrow, text)(), getattr(pyarrow, integer)())
    rows = [{k: str(v) if v and integer == "string" else v for k, v in row.items()} for row in ROWS]
    batch = pyarrow.RecordBatch.from_pylist(rows, schema=made)
    assert dicts(fresh().process_arrow(batch)) == dicts(fresh().process_many(ROWS))


def test_structs_lists_dictionaries_and_times() -> None:
    rows: list[dict[str, Any]] = [
        {"@timestamp": 1_700_000_000, "source": {"ip": "203.0.113.7", "port": 5}, "url": {"path": ["/x", "/admin"]}},
        {"@timestamp": 1_700_000_001, "source": None, "url": {"path": []}},
        {"@timestamp": 1_700_000_002, "dns": {"answers": [{"data": "192.0.2.1"}, {"data": "192.0.2.9"}]}, "user.name": "a"},
        {"@timestamp": 1_700_000_003, "dns": {"answers": None}, "user.name": "b"},
    ]
    kinds = pyarrow.schema(
        [
            ("@timestamp", pyarrow.timestamp("s", "UTC")),
            ("source", pyarrow.struct([("ip", pyarrow.string()), ("port", pyarrow.int8())])),
            ("url", pyarrow.struct([("path", pyarrow.list_(pyarrow.string()))])),
            ("dns", pyarrow.struct([("answers", pyarrow.large_list(pyarrow.struct([("data", pyarrow.string())])))])),
            ("user.name", pyarrow.dictionary(pyarrow.int8(), pyarrow.string())),
        ]
    )
    batch = pyarrow.RecordBatch.from_pylist(rows, schema=kinds)
    found = dicts(fresh().process_arrow(batch))
    assert found == dicts(fresh().process_many(rows))
    assert [len(verdict["assessments"]) for verdict in found] == [1, 0, 1, 0]


def test_every_unit_of_time_is_the_same_time() -> None:
    for unit, scale in [("s", 1), ("ms", 1_000), ("us", 1_000_000), ("ns", 1_000_000_000)]:
        column = pyarrow.array([1_700_000_000 * scale], pyarrow.timestamp(unit))
        batch = pyarrow.RecordBatch.from_arrays([column], ["@timestamp"])
        (verdict,) = fresh().process_arrow(batch)
        assert verdict is not None and verdict.time.timestamp() == 1_700_000_000


def test_keywords_look_at_columns_that_nobody_named() -> None:
    rule = "title: K\nlogsource: { product: x }\ndetection: { k: ['needle'], condition: k }\n"
    engine = autosec.Engine(autosec.RuleSet(text=rule))
    batch = pyarrow.RecordBatch.from_pylist([{"a": {"b": ["a needle"]}}, {"a": {"b": ["hay"]}}])
    assert [verdict and verdict.is_quiet for verdict in engine.process_arrow(batch, at=1)] == [False, True]


def test_a_row_without_time_is_told_and_the_others_count() -> None:
    rows = [{"url.path": "/admin"}, {"@timestamp": "yesterday"}, ROWS[0]]
    verdicts = fresh().process_arrow(pyarrow.RecordBatch.from_pylist(rows, schema=schema()))
    assert [(index, error.code) for index, error in verdicts.errors] == [
        (0, "event-time-missing"),
        (1, "event-time-unreadable"),
    ]
    assert verdicts[0] is None and verdicts[2] is not None and not verdicts[2].is_quiet


def test_what_is_invalid_is_refused() -> None:
    good = pyarrow.array(["/admin"])
    offsets = pyarrow.py_buffer((0).to_bytes(4, "little") + (6).to_bytes(4, "little"))
    broken = pyarrow.StringArray.from_buffers(1, offsets, pyarrow.py_buffer(b"\xff\xfe\xfd\xfc\xfb\xfa"))
    jumps = pyarrow.py_buffer(b"".join(at.to_bytes(4, "little") for at in (0, 900, 6)))
    crooked = pyarrow.StringArray.from_buffers(2, jumps, good.buffers()[2])
    for column in (broken, crooked):
        batch = pyarrow.RecordBatch.from_arrays([column], ["url.path"])
        with pytest.raises(autosec.EventError, match="no valid Arrow") as refused:
            fresh().process_arrow(batch, at=1)
        assert refused.value.code == "arrow-invalid"


def test_what_nobody_reads_is_not_looked_into() -> None:
    offsets = pyarrow.py_buffer((0).to_bytes(4, "little") + (2).to_bytes(4, "little"))
    broken = pyarrow.StringArray.from_buffers(1, offsets, pyarrow.py_buffer(b"\xff\xfe"))
    columns = [pyarrow.array(["/admin"]), pyarrow.array(["203.0.113.7"]), broken]
    batch = pyarrow.RecordBatch.from_arrays(columns, ["url.path", "source.ip", "nobody.reads.it"])
    (verdict,) = fresh().process_arrow(batch, at=1)
    assert verdict is not None and not verdict.is_quiet


def test_texts_that_are_not_ascii_are_checked_one_by_one() -> None:
    text, path = "/ü/admin/ß".encode(), [0, 1, 3, 4, 12]
    for wrong in (None, 2, 11):
        ends = [wrong if wrong and end == wrong + 1 else end for end in path]
        offsets = pyarrow.py_buffer(b"".join(end.to_bytes(4, "little") for end in ends))
        column = pyarrow.StringArray.from_buffers(len(path) - 1, offsets, pyarrow.py_buffer(text))
        batch = pyarrow.RecordBatch.from_arrays([column], ["url.path"])
        if wrong is None:
            assert len(fresh().process_arrow(batch, at=1).errors) == 0
        else:
            with pytest.raises(autosec.EventError, match="no valid Arrow"):
                fresh().process_arrow(batch, at=1)


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(TypeError, match="__arrow_c_array__"):
        fresh().process_arrow(json)
    with pytest.raises(autosec.EventError, match="no rows"):
        fresh().process_arrow(pyarrow.array([1, 2]))
    column = pyarrow.array([b"x"], pyarrow.binary())
    with pytest.raises(autosec.EventError, match="url.path") as refused:
        fresh().process_arrow(pyarrow.RecordBatch.from_arrays([column], ["url.path"]), at=1)
    assert (refused.value.code, refused.value.place) == ("arrow-type", "url.path")


def test_a_capsule_serves_once() -> None:
    batch = pyarrow.RecordBatch.from_pylist(ROWS, schema=schema())
    pair = batch.__arrow_c_array__()

    class Twice:
        def __arrow_c_array__(self, requested_schema: object = None) -> Any:
            return pair

    assert len(fresh().process_arrow(Twice())) == 4
    with pytest.raises(autosec.EventError):
        fresh().process_arrow(Twice())


def test_a_producer_that_fails_is_told() -> None:
    class Broken:
        def __arrow_c_array__(self, requested_schema: object = None) -> Any:
            raise RuntimeError("no data today")

    class Lying:
        def __arrow_c_array__(self, requested_schema: object = None) -> Any:
            return (1, 2)

    with pytest.raises(RuntimeError, match="no data today"):
        fresh().process_arrow(Broken())
    with pytest.raises(TypeError):
        fresh().process_arrow(Lying())
