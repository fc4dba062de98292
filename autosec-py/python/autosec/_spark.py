"""What `autosec.spark` does on the workers: batches of columns in, rows of findings out."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Any, TypeAlias

from ._autosec import RuleSet, Verdict, Verdicts
from ._engine import Engine
from ._errors import ConfigError

if TYPE_CHECKING:
    import pyarrow
    from pyspark.sql.streaming.state import GroupState

    Batches: TypeAlias = Callable[[Iterable[pyarrow.RecordBatch]], Iterable[pyarrow.RecordBatch]]

Row: TypeAlias = tuple[Any, ...]
"""The index of the event, then the values of `COLUMNS`."""

COLUMNS = (
    ("time", "TIMESTAMP"),
    ("subject", "STRING"),
    ("subject_kind", "STRING"),
    ("risk", "DOUBLE"),
    ("analytic_id", "STRING"),
    ("title", "STRING"),
    ("severity", "STRING"),
    ("confidence", "DOUBLE"),
    ("shadow", "BOOLEAN"),
    ("explanation", "STRING"),
    ("evidence", "STRING"),
    ("error", "STRING"),
)
_RECIPES = 8
"""How many recipes a worker keeps what they made of; it serves one query or a few at a time."""


def single(recipe: bytes, names: Sequence[str], kept: Sequence[str], at: Any) -> Batches:
    """For `mapInArrow`: one engine sees the batches as they come."""

    def look(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        engine = _engine(recipe)
        for batch in batches:
            events = batch.rename_columns(list(names))
            yield _batch(events.select(list(kept)), _rows(engine.process_arrow(events, at=at)))

    return look


def scored(model: bytes, names: Sequence[str], columns: Sequence[str], into: str) -> Batches:
    """For `mapInArrow`: the columns as they are, and the model's scores."""

    def score(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        import numpy
        import pyarrow

        fitted = pickle.loads(model)
        for batch in batches:
            named = batch.rename_columns(list(names))
            values = [named.column(each).cast(pyarrow.float64()).to_numpy(zero_copy_only=False) for each in columns]
            scores = pyarrow.array(fitted.score_samples(numpy.column_stack(values)), pyarrow.float64())
            yield pyarrow.RecordBatch.from_arrays([*named.columns, scores], [*names, into])

    return score


def check_keys(rules: RuleSet, by: Iterable[str], skip: Iterable[str]) -> None:
    """Refuses rules that count by something else than the fields that a frame is keyed by."""
    fields = {name.replace("`", "") for name in by}
    left_out = set(skip)
    for unknown in sorted(left_out - set(rules.ids)):
        raise ConfigError(f"`skip` names `{unknown}`, and there is no such rule")
    for rule, keys in rules.keys.items():
        short = [key for key in keys if not fields <= set(key)]
        if short and rule not in left_out:
            raise ConfigError(
                f"rule `{rule}` counts by {', '.join(short[0])}, and the frame is keyed by {', '.join(sorted(fields))}, so it "
                f"would see a part of what it counts: key another frame by {', '.join(short[0])} for it, and name it in "
                "`skip` here"
            )


def grouped(
    recipe: bytes, names: Sequence[str], kept: Sequence[str], skip: frozenset[str] = frozenset()
) -> Callable[[pyarrow.Table], pyarrow.Table]:
    """For `applyInArrow`: one key's events in the order of `order`, seen by rules that remember nothing yet."""

    def look(table: pyarrow.Table) -> pyarrow.Table:
        import pyarrow

        batch = table.sort_by("order").combine_chunks().to_batches()[0]
        events = batch.select([f"event{n}" for n in range(len(names))]).rename_columns(list(names))
        held = batch.select([f"kept{n}" for n in range(len(kept))]).rename_columns(list(kept))
        rules = _rules(recipe, None)
        return pyarrow.Table.from_batches([_batch(held, _rows(Engine(rules).process_arrow(events), skip))])

    return look


def streamed(
    recipe: bytes, kept: Sequence[str], idle: int, skip: frozenset[str] = frozenset()
) -> Callable[[Any, Iterable[Any], GroupState], Iterable[Any]]:
    """For `applyInPandasWithState`: the state is the snapshot of what the rules remember of the key; `idle` in ms."""

    def look(key: Any, frames: Iterable[Any], state: GroupState) -> Iterator[Any]:
        import pandas

        if state.hasTimedOut:
            state.remove()
            return
        whole = pandas.concat(list(frames)).sort_values("order", kind="stable")
        rules = _rules(recipe, bytes(state.get[0]) if state.exists else None)
        rows = _rows(Engine(rules).process_many(whole["event"]), skip)
        state.update((rules.snapshot(),))
        state.setTimeoutDuration(idle)
        held = whole[[f"kept{n}" for n in range(len(kept))]].iloc[[row[0] for row in rows]]
        held = held.set_axis(list(kept), axis="columns").reset_index(drop=True)
        columns = list(zip(*rows))[1:] or [()] * len(COLUMNS)
        for (name, _), values in zip(COLUMNS, columns):
            held[name] = pandas.Series(list(values), dtype="object")
        yield held.astype({"time": "datetime64[us, UTC]"})

    return look


def one_key(value: str | None) -> str | None:
    """What rules take for one key: an IPv6 address stands for its /64, and one of IPv4 in it for that."""
    if value is None or ":" not in value:
        return value
    try:
        address = IPv6Address(value.strip())
    except ValueError:
        return value
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), 64), strict=False))


@lru_cache(maxsize=_RECIPES)
def _engine(recipe: bytes) -> Engine:
    made = pickle.loads(recipe)()
    return Engine(made) if isinstance(made, RuleSet) else made


@lru_cache(maxsize=_RECIPES)
def _made(recipe: bytes) -> tuple[RuleSet, bytes]:
    rules = pickle.loads(recipe)()
    return rules, rules.snapshot()


def _rules(recipe: bytes, state: bytes | None) -> RuleSet:
    """The worker's rules, which remember what `state` says and nothing else. A worker does one group at a time."""
    rules, empty = _made(recipe)
    # Rules that a state does not know are left as they are, so what the last key left is cleared first.
    rules.restore(empty)
    if state is not None:
        rules.restore(state)
    return rules


def _rows(verdicts: Verdicts, skip: frozenset[str] = frozenset()) -> list[Row]:
    """What was found but by the rules in `skip`, with the indices of events, and what could not be read."""
    found = [(index, *row) for index, verdict in verdicts.told for row in _said(verdict, skip)]
    unread = [(index, *[None] * 11, f"{wrong.code}: {wrong}") for index, wrong in verdicts.errors]
    return sorted(found + unread, key=lambda row: row[0])


def _said(verdict: Verdict, skip: frozenset[str]) -> Iterable[Row]:
    for each in verdict.assessments:
        for finding in each.findings:
            if finding.analytic in skip:
                continue
            yield (
                finding.time,
                finding.subject.name,
                finding.subject.kind,
                each.risk,
                finding.analytic,
                finding.name,
                finding.severity,
                finding.confidence,
                finding.shadow,
                finding.explain(),
                json.dumps([evidence.to_dict() for evidence in finding.evidence], ensure_ascii=False),
                None,
            )
    for fault in verdict.faults:
        if fault.origin in skip:
            continue
        yield (verdict.time, *[None] * 10, f"{fault.kind}: {fault.origin}: {fault.detail}")


def _batch(kept: pyarrow.RecordBatch, rows: list[Row]) -> pyarrow.RecordBatch:
    import pyarrow

    kinds = {
        "TIMESTAMP": pyarrow.timestamp("us", "UTC"),
        "STRING": pyarrow.string(),
        "DOUBLE": pyarrow.float64(),
        "BOOLEAN": pyarrow.bool_(),
    }
    indices = pyarrow.array([row[0] for row in rows], pyarrow.int64())
    columns = [column.take(indices) for column in kept.columns]
    columns += [
        pyarrow.array([row[n] for row in rows], kinds[kind]) for n, (_, kind) in enumerate(COLUMNS, start=1)
    ]
    return pyarrow.RecordBatch.from_arrays(columns, [*kept.schema.names, *(name for name, _ in COLUMNS)])
