"""Rules and models over data frames find what one process finds, with the real Spark on this machine."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import autosec
from autosec import spark

pytest.importorskip("pyspark", reason="SKIPPED WHOLE: PySpark is not installed: pip install 'autosec[spark]'")
pytest.importorskip("pandas", reason="SKIPPED WHOLE: pandas is not installed: pip install 'autosec[spark]'")
pytest.importorskip("pyarrow", reason="SKIPPED WHOLE: pyarrow is not installed: pip install 'autosec[spark]'")
if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
    pytest.skip("SKIPPED WHOLE: there is no Java, which Spark runs on", allow_module_level=True)

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

SINGLE = """
- id: admin
  name: Admin page
  severity: high
  when: url.path starts_with "/admin"
  response: { action: block, for: 1h }
- id: high-port
  name: From a high port
  severity: low
  when: source.port > 60000
"""
WINDOWS = """
- { id: seen, name: Denied, severity: low, when: url.path == "/denied" }
- id: failures
  name: Failures
  severity: medium
  when: event.outcome == "failure"
  count: { by: [source.ip], within: 10m, at_least: 5 }
- id: accounts
  name: Accounts
  severity: high
  when: event.action == "ssh_login"
  distinct: { of: user.name, by: [source.ip], within: 5m, at_least: 4 }
- id: one-account
  name: One account
  severity: medium
  when: event.outcome == "failure"
  count: { by: [source.ip, user.name], within: 30m, at_least: 3 }
"""
SCHEMA = (
    "`@timestamp` TIMESTAMP, source STRUCT<ip: STRING, port: INT>, `url.path` STRING, `url.original` STRING, "
    "`event.action` STRING, `event.outcome` STRING, `user.name` STRING, message STRING, number BIGINT"
)
BEGIN = 1_790_000_000
SEED = 11


def recipe(text: str, seed: int | None = SEED, starter: bool = False) -> Callable[[], autosec.RuleSet]:
    """Within a function, so that it goes to the workers by value: they do not know this file."""

    def make() -> autosec.RuleSet:
        return autosec.RuleSet(text=text, seed=seed, starter=starter)

    return make


def events(count: int) -> list[dict[str, Any]]:
    """A few noisy sources and many quiet ones, of both versions of IP, in the order of time."""
    chance = random.Random(7)
    noisy = ["203.0.113.7", "::ffff:203.0.113.7", "203.0.113.8", "2001:db8::1", "2001:db8::2:1", "2001:db8:0:1::1"]
    quiet = [f"198.51.100.{n}" for n in range(60)]
    users = ["root", "ann", "bob", "eve", "mallory", *(f"user{n}" for n in range(8))]
    made: list[dict[str, Any]] = []
    for number in range(count):
        path = chance.choice(["/", "/denied", "/admin/x", "/a?q=../../../etc/passwd", None, None])
        made.append(
            {
                "@timestamp": BEGIN + number * 4 + chance.choice([0.0, 0.25, 0.000_25]),
                "source": {"ip": chance.choice(noisy if chance.random() < 0.6 else quiet), "port": chance.randrange(1, 65_000)},
                "url.path": path,
                "url.original": path,
                "event.action": chance.choice(["ssh_login", "ssh_login", "http", None]),
                "event.outcome": chance.choice(["failure", "failure", "failure", "success", None]),
                "user.name": chance.choice([*users, None]),
                "message": chance.choice(["Failed password", None]),
                "number": number,
            }
        )
    return made


LOG = events(4_000)


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    # Workers know this package even where only this process was told of it.
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(autosec.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "3",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "512m",
        # Not the zone of the events, so that a time that is taken for one of the session is seen.
        "spark.sql.session.timeZone": "America/New_York",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "700",
        # As the documentation says of streams that are to end.
        "spark.sql.streaming.noDataMicroBatches.enabled": "false",
    }
    builder = SparkSession.builder.master("local[2]").appName("autosec")
    for name, value in settings.items():
        builder = builder.config(name, value)
    made = builder.getOrCreate()
    made.sparkContext.setLogLevel("ERROR")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def log(session: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log as files of columns, several to be read one after the other, each with later events than the last."""
    import pyarrow
    from pyarrow import parquet

    folder = tmp_path_factory.mktemp("log")
    source = pyarrow.struct([("ip", pyarrow.string()), ("port", pyarrow.int32())])
    text = pyarrow.string()
    names = ["url.path", "url.original", "event.action", "event.outcome", "user.name", "message"]
    kinds = [("@timestamp", pyarrow.timestamp("us", "UTC")), ("source", source), *((name, text) for name in names)]
    schema = pyarrow.schema([*kinds, ("number", pyarrow.int64())])
    for part in range(4):
        rows = [{**each, "@timestamp": round(each["@timestamp"] * 1e6)} for each in LOG[part * 1_000 : part * 1_000 + 1_000]]
        file = folder / f"part-{part}.parquet"
        parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), file)
        # The stream takes files by when they were written.
        os.utime(file, (BEGIN + part * 60, BEGIN + part * 60))
    return folder


def alone(make: Callable[[], autosec.RuleSet]) -> set[tuple[float, str, str]]:
    """What one process finds: when, about whom, by which analytic."""
    verdicts = autosec.Engine(make()).process_many(LOG)
    assert not verdicts.errors
    return {(round(each.time.timestamp(), 6), each.subject.name, each.analytic) for each in verdicts.findings}


def found(rows: list[Any]) -> set[tuple[float, str, str]]:
    assert [row.error for row in rows if row.error] == []
    assert len({(row.time, row.subject, row.analytic_id) for row in rows}) == len(rows)
    return {(round(row.time.timestamp(), 6), row.subject, row.analytic_id) for row in rows}


def run(stream: Any, folder: Path, name: str) -> list[Any]:
    """What a stream brings until it has read all there is."""
    writer = stream.writeStream.format("memory").queryName(name).option("checkpointLocation", str(folder))
    query = writer.trigger(availableNow=True).start()
    assert query.awaitTermination(240), "the stream ends by itself"
    rows: list[Any] = stream.sparkSession.table(name).collect()
    return rows


def test_findings_are_those_of_one_process(session: Any, log: Path, tmp_path: Path) -> None:
    expected = alone(recipe(SINGLE))
    assert len(expected) > 500
    rows = spark.findings(session.read.parquet(str(log)), recipe(SINGLE), keep=["number", "source"]).collect()
    assert found(rows) == expected
    for row in rows:
        event = LOG[row.number]
        assert row.time.timestamp() == pytest.approx(event["@timestamp"], abs=1e-6) and row.source.port == event["source"]["port"]
        assert 0.0 < row.risk <= 1.0 and row.severity in ("high", "low") and 0.0 < row.confidence <= 1.0
        assert row.explanation.startswith(row.analytic_id) and json.loads(row.evidence)[0]["text"] and not row.shadow
    stream = session.readStream.schema(SCHEMA).parquet(str(log))
    assert found(run(spark.findings(stream, recipe(SINGLE)), tmp_path, "single")) == expected


def test_events_that_cannot_be_read_are_rows(session: Any) -> None:
    columns = "`@timestamp` STRING, `url.path` STRING, number INT"
    times = ["2026-11-22T14:02:11Z", "yesterday", None, "2026-11-22T14:02:12Z"]
    frame = session.createDataFrame([(time, "/admin", number) for number, time in enumerate(times)], columns)

    class Late(autosec.Detector):
        name = "late"
        fields = ["url.path"]

        def detect(self, event: Any, time: Any) -> None:
            raise RuntimeError("no data today")

    def engine() -> autosec.Engine:
        return autosec.Engine(Late())

    rules = recipe(SINGLE.replace("response:", "subject: url.path\n  response:"))
    rows = {row.number: row for row in spark.findings(frame, rules, keep=["number"]).collect()}
    assert rows[0].error is None and rows[0].subject == "/admin"
    assert rows[1].error.startswith("event-time-unreadable: ") and rows[1].analytic_id is None
    assert rows[2].error.startswith("event-time-missing: ") and rows[2].time is None
    assert sorted(rows) == [0, 1, 2, 3]
    keyed = spark.keyed_findings(frame, rules, ["`url.path`"], keep=["number"]).collect()
    assert {(row.number, row.error) for row in keyed} == {(row.number, row.error) for row in rows.values()}
    timed = spark.findings(frame.where("number = 2"), rules, at=BEGIN).collect()
    assert [row.time.timestamp() for row in timed] == [BEGIN]
    (fault,) = spark.findings(frame.where("number = 0"), engine, keep=["number"]).collect()
    assert "no data today" in fault.error and fault.number == 0 and fault.subject is None


def test_keyed_batches_find_what_one_process_finds(session: Any, log: Path) -> None:
    expected = alone(recipe(WINDOWS))
    assert {analytic for _, _, analytic in expected} == {"seen", "failures", "accounts", "one-account"}
    assert {subject for _, subject, _ in expected} > {"203.0.113.7/32", "2001:db8::/64"}
    frame = session.read.parquet(str(log)).repartition(3, "number")
    rows = spark.keyed_findings(frame, recipe(WINDOWS, seed=None), ["source.ip"], keep=["number"]).collect()
    assert found(rows) == expected
    assert all(abs(row.time.timestamp() - LOG[row.number]["@timestamp"]) < 1e-5 for row in rows)


def test_the_starter_pack_by_source_finds_what_it_counts_by_source(session: Any, log: Path) -> None:
    def by_source(all_found: set[tuple[float, str, str]]) -> set[tuple[float, str, str]]:
        return {each for each in all_found if each[2] != "ssh-distributed-guessing"}

    expected = by_source(alone(recipe(SINGLE, starter=True)))
    assert len({analytic for _, _, analytic in expected}) >= 4
    renamed = session.read.parquet(str(log)).withColumnRenamed("@timestamp", "when")
    make, skip = recipe(SINGLE, starter=True), ["ssh-distributed-guessing"]
    rows = spark.keyed_findings(renamed, make, ["source.ip"], time="when", skip=skip).collect()
    assert found(rows) == expected
    with pytest.raises(autosec.ConfigError, match="`ssh-distributed-guessing` counts by user.name, and the frame is keyed by source"):
        spark.keyed_findings(renamed, make, ["source.ip"], time="when")


def test_keyed_streams_find_what_one_process_finds(session: Any, log: Path, tmp_path: Path) -> None:
    expected = alone(recipe(WINDOWS))
    files = session.readStream.schema(SCHEMA).option("maxFilesPerTrigger", 1).parquet(str(log))
    stream = spark.keyed_findings(files, recipe(WINDOWS), ["source.ip"], keep=["number", "user.name"])
    rows = run(stream, tmp_path, "keyed")
    assert found(rows) == expected
    assert all(row["user.name"] == LOG[row.number]["user.name"] for row in rows)
    # What is found across files needs what was remembered of the last: without it, less is found.
    parts = [autosec.Engine(recipe(WINDOWS)()).process_many(LOG[n : n + 1_000]).findings for n in range(0, 4_000, 1_000)]
    assert {(each.time.timestamp(), each.analytic) for part in parts for each in part} != {
        (time, analytic) for time, _, analytic in expected
    }


def test_idle_keys_are_forgotten(session: Any, tmp_path: Path) -> None:
    folder = tmp_path / "events"
    folder.mkdir()
    rules = recipe('- { id: two, name: Two, severity: low, when: event.action == "x", count: { by: [source.ip], within: 1h, at_least: 2 } }')
    columns = "`@timestamp` BIGINT, `source.ip` STRING, `event.action` STRING"

    def add(name: str, time: int, address: str) -> None:
        (folder / name).write_text(json.dumps({"@timestamp": time, "source.ip": address, "event.action": "x"}))

    def trigger(idle: timedelta, run_of: str) -> list[Any]:
        stream = spark.keyed_findings(session.readStream.schema(columns).json(str(folder)), rules, ["source.ip"], idle=idle)
        results, checkpoint = tmp_path / f"results-{run_of}", tmp_path / run_of
        # To files, because a table in memory is not taken up again from a checkpoint.
        writer = stream.writeStream.format("json").option("checkpointLocation", str(checkpoint))
        assert writer.trigger(availableNow=True).start(str(results)).awaitTermination(240), "the stream ends by itself"
        rows: list[Any] = session.read.schema(spark.FINDING).json(str(results)).collect()
        return rows

    short, long = timedelta(milliseconds=1), timedelta(days=1)
    add("1.json", BEGIN, "203.0.113.7")
    assert trigger(short, "short") == trigger(long, "long") == []
    add("2.json", BEGIN + 1, "203.0.113.8")
    assert trigger(short, "short") == trigger(long, "long") == []
    add("3.json", BEGIN + 2, "203.0.113.7")
    assert trigger(short, "short") == []
    assert [row.analytic_id for row in trigger(long, "long")] == ["two"]


def test_scores_are_those_of_one_process(session: Any) -> None:
    chance = random.Random(7)
    rows = [(chance.gauss(12.0, 2.0), chance.randrange(100), None if n % 50 == 0 else float(n % 7), f"{n}") for n in range(900)]
    values = [[a, float(b), float("nan") if c is None else c] for a, b, c, _ in rows]
    forest = autosec.IsolationForest(random_state=7).fit(values)
    frame = session.createDataFrame(rows, "`a.b` DOUBLE, b INT, c FLOAT, name STRING")
    scored = spark.scores(frame, forest, ["a.b", "b", "c"])
    assert scored.columns == ["a.b", "b", "c", "name", "score"]
    expected = dict(zip((row[3] for row in rows), forest.score_samples(values)))
    assert {row["name"]: row["score"] for row in scored.collect()} == expected
    for columns, into, wrong in [
        (["a.b"], "score", "fitted to 3"),
        (["a.b", "b", "name"], "score", "`name` is of type string"),
        (["a.b", "b", "d"], "score", "no column `d`"),
        (["a.b", "b", "c"], "name", "`name` already"),
    ]:
        with pytest.raises(autosec.ConfigError, match=wrong):
            spark.scores(frame, forest, columns, into=into)


def test_what_cannot_be_right_is_refused_before_it_runs(session: Any, log: Path) -> None:
    frame = session.read.parquet(str(log))
    stream = session.readStream.schema(SCHEMA).parquet(str(log))
    wrong: list[tuple[Callable[[], Any], str]] = [
        (lambda: spark.findings(frame, recipe(WINDOWS)), "3 of the rules remember"),
        (lambda: spark.findings(frame, recipe(SINGLE), keep=["port"]), "no column `port`"),
        (lambda: spark.findings(frame.withColumnRenamed("number", "risk"), recipe(SINGLE), keep=["risk"]), "rename"),
        (lambda: spark.findings(frame, lambda: 7), "not `int`"),  # type: ignore[arg-type, return-value, unused-ignore]
        (lambda: spark.keyed_findings(frame, recipe(WINDOWS), []), "`by` is empty"),
        (lambda: spark.keyed_findings(frame, recipe(WINDOWS), ["user.name"]), "`failures` counts by source.ip"),
        (lambda: spark.keyed_findings(frame, recipe(WINDOWS), ["source.ip", "user.name"]), "`failures` counts by"),
        (lambda: spark.keyed_findings(frame, recipe(WINDOWS), ["source.ip"], skip=["nobody"]), "names `nobody`"),
        (lambda: spark.keyed_findings(frame, recipe(WINDOWS), ["host.name"]), "no column `host.name`"),
        (lambda: spark.keyed_findings(frame, recipe(WINDOWS), ["source.ip"], time="when"), "no column `when`"),
        (lambda: spark.keyed_findings(stream, recipe(WINDOWS, seed=None), ["source.ip"]), "fixed seed"),
        (lambda: spark.keyed_findings(stream, recipe(WINDOWS), ["source.ip"], keep=["source"]), "nested"),
    ]
    for call, text in wrong:
        with pytest.raises(autosec.ConfigError, match=text):
            call()


def test_without_pyspark_it_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['pyspark'] = None\n"
        "import autosec\n"
        "from autosec import spark\n"
        "try:\n    spark.findings(None, None)\n"
        "except autosec.ConfigError as wrong:\n    print(wrong)\n"
    )
    done = subprocess.run([sys.executable, "-"], input=program, capture_output=True, text=True, check=False)
    assert "autosec[spark]" in done.stdout, done.stderr
