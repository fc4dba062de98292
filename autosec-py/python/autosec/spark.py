"""Rules and models over data frames of Apache Spark: `pip install 'autosec[spark]'`, on every worker.

What runs is given as a recipe: a callable without arguments that makes the rules or the engine, and that Spark can send
to its workers as any function. Each Python worker calls it once and keeps what it made; the caller makes it too, to check it. Columns are fields of events by
their names, dotted (`source.ip`) or nested; their types are those that `Engine.process_arrow` takes.

A row that comes out is a finding; or, where `error` is not null, an event that could not be read or a fault beside a
verdict: nothing is left out in silence. Of such a row only the kept columns are set, and `time` for a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from . import _spark
from ._autosec import RuleSet
from ._engine import Engine
from ._errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame
    from pyspark.sql.types import StructType

__all__ = ["FINDING", "findings", "keyed_findings", "scores"]

FINDING: Final = ", ".join(f"{name} {kind}" for name, kind in _spark.COLUMNS)
"""What a row says beside the kept columns, as `StructType.fromDDL` reads it: `time` of the event, `subject` and
`subject_kind`, `risk` of the subject after the event (0 to 1, by what the engine of the row has seen), `analytic_id`,
`title`, `severity`, `confidence` (0 to 1), `shadow`, `explanation` for people, `evidence` as a list in JSON, `error` that
begins with its code."""

_Recipe: TypeAlias = Callable[[], Engine] | Callable[[], RuleSet]
_WHOLE = "yyyy-MM-dd'T'HH:mm:ss.SSSSSS"
"""How times become text: to the microsecond, where Spark by itself stops at the millisecond."""


def findings(
    frame: DataFrame, make: _Recipe, *, keep: Iterable[str] = (), at: datetime | str | float | None = None
) -> DataFrame:
    """What is found in single events: the columns `keep` of the event, then those of `FINDING`. For batches and streams.

    `at` is the time of events that have none. Rules of a `RuleSet` must look at single events: workers do not see each
    other's, so those that count belong to `keyed_findings`. An `Engine` is taken as it is, and what it remembers is what
    one worker happened to see. A column of a type that cannot be read fails the job with an `EventError`.

    Raises:
        ConfigError: PySpark is missing, a kept column does not exist or is named as one of `FINDING`, or rules remember
            events.
    """
    recipe, kept, made = _pickled(make), _kept(frame, keep), make()
    if isinstance(made, RuleSet):
        remembering = made.restore(made.snapshot())
        if remembering:
            raise ConfigError(
                f"{remembering} of the rules remember events, and workers see only their own: use `keyed_findings`"
            )
    elif not isinstance(made, Engine):
        raise ConfigError(f"`make` makes an Engine or a RuleSet, not `{type(made).__name__}`")
    look = _spark.single(recipe, frame.columns, kept, at)
    return _numbered(frame).mapInArrow(look, _schema(frame, kept))


def scores(frame: DataFrame, model: Any, columns: Iterable[str], *, into: str = "score") -> DataFrame:
    """All columns of the frame, and `into`: what `model.score_samples` gives for `columns`. For batches and streams.

    The model is an `IsolationForest`, or another that can be pickled; a forest's scores are from -1 to 0 and the lower
    the more unusual. A value that is null is NaN to the model.

    Raises:
        ConfigError: PySpark is missing, a column does not exist or holds no numbers, `into` exists already, or the model
            was not fitted to as many columns.
    """
    pickled, taken = _pickled(model), tuple(columns)
    from pyspark.sql.types import BooleanType, DoubleType, NumericType, StructField, StructType

    for name in _existing(frame, taken):
        kind = frame.schema[name].dataType
        if not isinstance(kind, (NumericType, BooleanType)):
            raise ConfigError(f"column `{name}` is of type {kind.simpleString()}, and a model needs numbers")
    if into in frame.columns:
        raise ConfigError(f"there is a column `{into}` already: give another name by `into`")
    fitted = getattr(model, "n_features_in_", 0)
    if fitted != len(taken):
        raise ConfigError(f"the model was fitted to {fitted} columns, and {len(taken)} are given")
    score = _spark.scored(pickled, frame.columns, taken, into)
    return _numbered(frame).mapInArrow(score, StructType([*frame.schema.fields, StructField(into, DoubleType())]))


def keyed_findings(
    frame: DataFrame,
    make_rules: Callable[[], RuleSet],
    by: Iterable[str],
    *,
    time: str = "@timestamp",
    keep: Iterable[str] = (),
    skip: Iterable[str] = (),
    idle: timedelta = timedelta(days=1),
) -> DataFrame:
    """What rules find that count, compare or follow events: each key of `by` by itself, in the order of `time`.

    A name in `by` is that of a column, or of a field in a nested one. Addresses are one key as rules see them: an IPv6
    address counts as its /64.

    **Every rule that remembers must count by all of `by`** (and may by more), or be named in `skip`, which leaves out what it
    finds: one that counts by something else would see the events of one key only and find too little. The starter pack's
    `ssh-distributed-guessing` counts by `user.name`: a frame keyed by `user.name` is for it. A sequence in which something
    must not happen is found with the next event of its key.

    In a batch, the events of a key are in memory at once. In a stream, those of a trigger are, and what rules remember
    of a key is in Spark's state: about 50 bytes a rule that remembers and what it holds. It is forgotten after `idle` by
    the clock without an event of the key; shorter than the longest window of a rule forgets too early. The rules need
    a fixed `seed` there, because workers read each other's state. `risk` is by the events of the key, in a stream by
    those of the trigger. With the trigger `availableNow`, a stream that waits for idle keys ends only where
    `spark.sql.streaming.noDataMicroBatches.enabled` is `false`; keys are then forgotten at the next trigger with events.

    Raises:
        ConfigError: PySpark is missing, a column does not exist or cannot be kept, `by` is empty, `make_rules` makes no
            `RuleSet`, a rule counts by something else than `by`, or those of a stream have no fixed seed.
    """
    recipe, kept, rules = _pickled(make_rules), _kept(frame, keep), make_rules()
    by, left_out = tuple(by), frozenset(skip)
    keys = [_key(frame, name).alias(f"key{n}") for n, name in enumerate(by)]
    if not keys:
        raise ConfigError("`by` is empty: name the columns that rules count by")
    if not isinstance(rules, RuleSet):
        raise ConfigError(f"`make_rules` makes a RuleSet, not `{type(rules).__name__}`")
    _spark.check_keys(rules, by, left_out)
    events = _events(frame, time)
    held = [_quoted(name).alias(f"kept{n}") for n, name in enumerate(kept)]
    order = _order(frame, time)
    grouping = [f"key{n}" for n in range(len(keys))]
    if not frame.isStreaming:
        columns = [column.alias(f"event{n}") for n, column in enumerate(events.values())]
        groups = frame.select(*keys, order, *columns, *held).groupBy(*grouping)
        return groups.applyInArrow(_spark.grouped(recipe, list(events), kept, left_out), _schema(frame, kept))
    _check_stream(frame, kept, rules, make_rules())
    groups = frame.select(*keys, order, _packed(events), *held).groupBy(*grouping)
    look = _spark.streamed(recipe, kept, max(int(idle.total_seconds() * 1000), 1), left_out)
    schema, state = _schema(frame, kept), "state BINARY"
    return groups.applyInPandasWithState(look, schema, state, "append", "ProcessingTimeTimeout")


def _check_stream(frame: DataFrame, kept: Sequence[str], rules: RuleSet, again: RuleSet) -> None:
    from pyspark.sql.types import ArrayType, MapType, StructType

    for name in kept:
        if isinstance(frame.schema[name].dataType, (ArrayType, MapType, StructType)):
            raise ConfigError(f"column `{name}` is nested and cannot be kept in a stream: keep the fields of it")
    try:
        again.restore(rules.snapshot())
    except ConfigError as wrong:
        raise ConfigError(f"rules over a stream need a fixed seed, `RuleSet(…, seed=7)`: {wrong}") from wrong


def _key(frame: DataFrame, name: str) -> Column:
    """The column by its name, or the field of a nested one; addresses as rules see them."""
    from pyspark.errors import AnalysisException
    from pyspark.sql import functions
    from pyspark.sql.types import StringType

    column = _quoted(name) if name in frame.columns else functions.col(name)
    try:
        kind = frame.select(column).schema[0].dataType
    except AnalysisException as wrong:
        raise ConfigError(f"there is no column `{name}` to go `by`; there are: {_listed(frame.columns)}") from wrong
    return functions.udf(_spark.one_key, "string", useArrow=True)(column) if isinstance(kind, StringType) else column


def _events(frame: DataFrame, time: str) -> dict[str, Column]:
    """The columns of events by the names of fields; that of `time` under the name that the engine knows."""
    _existing(frame, [time])
    names = [name for name in frame.columns if name == time or name != "@timestamp"]
    return {"@timestamp" if name == time else name: _quoted(name) for name in names}


def _order(frame: DataFrame, time: str) -> Column:
    """Where an event stands among those of its key; what is no time comes first, and is told by the engine."""
    from pyspark.sql import functions

    # As seconds and not as a time, because pandas would bring times into the zone of the session.
    quoted = time.replace("`", "``")
    return functions.expr(f"unix_micros(try_cast(`{quoted}` AS TIMESTAMP))").alias("order")


def _packed(events: dict[str, Column]) -> Column:
    """An event as JSON: pandas has no whole numbers beside nulls, and times of one zone only."""
    from pyspark.sql import functions

    options = {"timestampFormat": f"{_WHOLE}XXX", "timestampNTZFormat": f"{_WHOLE}'Z'"}
    event = functions.struct(*(column.alias(name) for name, column in events.items()))
    return functions.to_json(event, options).alias("event")


def _kept(frame: DataFrame, keep: Iterable[str]) -> tuple[str, ...]:
    taken = {name for name, _ in _spark.COLUMNS}
    kept = _existing(frame, keep)
    for name in kept:
        if name in taken or kept.count(name) > 1:
            raise ConfigError(f"column `{name}` cannot be kept, because a finding has one of that name: rename it")
    return kept


def _existing(frame: DataFrame, names: Iterable[str]) -> tuple[str, ...]:
    taken = tuple(names)
    for name in taken:
        if name not in frame.columns:
            raise ConfigError(f"there is no column `{name}`; there are: {_listed(frame.columns)}")
    return taken


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (", …" if len(names) > 20 else "")


def _quoted(name: str) -> Column:
    from pyspark.sql import functions

    return functions.col("`" + name.replace("`", "``") + "`")


def _numbered(frame: DataFrame) -> DataFrame:
    """The frame with names without dots, by which Spark itself looks columns up as it hands them to Python."""
    return frame.toDF(*(f"event{n}" for n in range(len(frame.columns))))


def _schema(frame: DataFrame, kept: Sequence[str]) -> StructType:
    from pyspark.sql.types import StructType

    columns = StructType.fromDDL(FINDING)
    assert isinstance(columns, StructType)
    return StructType([*(frame.schema[name] for name in kept), *columns.fields])


def _pickled(recipe: Any) -> bytes:
    try:
        from pyspark import cloudpickle
    except ImportError as missing:
        raise ConfigError(
            "PySpark is not installed, or lacks something: `pip install 'autosec[spark]'` brings it"
        ) from missing
    dumps: Callable[[Any], bytes] = cloudpickle.dumps
    return dumps(recipe)
