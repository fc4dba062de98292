"""What the wheel costs a caller: area `python` of run.py. Times are CPU time of this thread, medians of rounds by turns."""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT.parent / "shared/corpora"
EVENTS = 2_000
ROUNDS = 15
PEER_ROUNDS = 5
WHEEL_BYTES = 3 << 20

RULES = """
- { id: path, name: Path, severity: high, when: url.path == "/never/asked/for" }
- { id: agent, name: Agent, severity: low, when: user_agent.original == "nobody" }
- { id: who, name: Who, severity: low, when: 'user.name == "nobody" and source.ip in { 198.51.100.1 }' }
"""


def install():
    """Builds the wheel as it would be published, and installs it: where it is."""
    folder = ROOT / "target/peers/wheels"
    if "AUTOSEC_WHEEL" in os.environ:
        wheel = Path(os.environ["AUTOSEC_WHEEL"])
    else:
        command = [sys.executable, "-m", "maturin", "build", "--quiet", "--out", folder]
        subprocess.run(command, cwd=ROOT / "autosec-py", check=True)
        wheel = max(folder.glob("*.whl"), key=lambda path: path.stat().st_mtime)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", wheel]
    subprocess.run(command, check=True)
    return wheel


def event(number):
    """A request of about 600 bytes with 21 fields."""
    return {
        "@timestamp": f"2026-11-22T14:{number // 60 % 60:02}:{number % 60:02}.{number % 1000:03}Z",
        "event.action": "request",
        "event.category": "web",
        "event.outcome": "success",
        "source.ip": f"203.0.{number % 250}.{number % 199}",
        "source.port": 1024 + number % 60_000,
        "destination.ip": "192.0.2.10",
        "destination.port": 443,
        "user.name": f"user{number % 97}",
        "user.id": str(number % 97),
        "host.name": f"web{number % 7}",
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.response.body.bytes": 1_000 + number,
        "url.path": f"/shop/item/{number}/details",
        "url.query": f"session={number:032x}&page={number % 9}",
        "url.domain": "shop.example",
        "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "network.transport": "tcp",
        "tls.version": "1.3",
        "message": "request served",
    }


def cpu(work, per):
    """Nanoseconds of this thread's CPU time, for each of so many."""
    begun = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - begun) / per


def medians(works, per, between=lambda: None):
    """The median cost of each piece of work, taken by turns after a warm-up; something else may be measured in between."""
    for work in works.values():
        work()
    taken = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            taken[name].append(cpu(work, per))
        between()
    return {name: statistics.median(times) for name, times in taken.items()}


def each(call, items):
    def work():
        for item in items:
            call(item)

    return work


def prepared(folder, lines):
    """Measures what an engine takes for the same events if they are there already: with the rules, and without any, nanoseconds."""
    from run import our_bench

    bench = os.environ.get("AUTOSEC_PREPARED") or our_bench("prepared")
    events, rules = Path(folder, "events.jsonl"), Path(folder, "rules.yaml")
    events.write_bytes(b"\n".join(lines))
    rules.write_text(RULES)
    command = [bench, "--figures", events, rules]

    def measure():
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        return [float(figure) for figure in told.split()]

    return measure


def ways(bar):
    """What it costs to hand events over; the work of the engine and the rules is measured apart, and taken off."""
    import autosec

    events = [event(number) for number in range(EVENTS)]
    lines = [json.dumps(one).encode() for one in events]
    log = b"\n".join(lines)
    print(f"note python/event {statistics.mean(map(len, lines)):.0f} bytes, {len(events[0])} fields")
    engine = autosec.Engine(autosec.RuleSet(text=RULES))
    bare = autosec.Engine()
    works = {
        "loop": each(lambda item: item, events),
        "dict": each(engine.process, events),
        "dict, no rules": each(bare.process, events),
        "dicts": lambda: engine.process_many(events),
        "bytes": each(engine.process, lines),
        "ndjson": lambda: engine.process_ndjson(log),
        "ndjson, no rules": lambda: bare.process_ndjson(log),
        "verdict objects": lambda: list(quiet),
    }
    quiet = engine.process_ndjson(log)
    try:
        import pyarrow
    except ImportError:
        batch = None
    else:
        batch = pyarrow.RecordBatch.from_pylist(events)
        works["arrow"] = lambda: engine.process_arrow(batch)
        works["arrow, not validated"] = lambda: engine.process_arrow(batch, validate=False)
        works["arrow, no rules"] = lambda: bare.process_arrow(batch)
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        alone = prepared(folder, lines)
        costs = medians(works, EVENTS, lambda: rounds.append(alone()))
    for name, cost in costs.items():
        print(f"note python/{name.replace(', ', '-').replace(' ', '-')} {cost:.0f} ns")
    engine_alone, bare_alone = (statistics.median(figures) for figures in zip(*rounds))
    print(f"note python/engine-alone {engine_alone:.0f} ns with the rules, {bare_alone:.0f} ns without any")
    bar("python/dict", (costs["dict"] - engine_alone) / 1_000, "us", 0.4, at_least=False)
    bar("python/ndjson", (costs["ndjson"] - engine_alone) / 1_000, "us", 2, at_least=False)
    if batch is None:
        print("bar python/arrow skipped (pyarrow is not installed)")
    else:
        bar("python/arrow", (costs["arrow"] - engine_alone) / 1_000, "us", 0.2, at_least=False)
    bar("python/verdict", costs["verdict objects"] / 1_000, "us", 0.2, at_least=False)
    return log


def threads(bar, log):
    """How much more two threads do than one, by the clock: medians of rounds by turns.

    Two processes, which share nothing, stand beside them: what they lack of twice is the machine's doing.
    """
    import autosec

    engine = autosec.Engine(autosec.RuleSet(text=RULES))
    log = b"\n".join([log] * 100)

    def at_once(count):
        workers = [threading.Thread(target=engine.process_ndjson, args=(log,)) for _ in range(count)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def apart(count):
        children = [os.fork() for _ in range(count) if os.getpid() == parent]
        if os.getpid() != parent:
            engine.process_ndjson(log)
            os._exit(0)
        for child in children:
            os.waitpid(child, 0)

    parent = os.getpid()
    taken = {(way, count): [] for way in (at_once, apart) for count in (1, 2)}
    at_once(2)
    for _ in range(2 * ROUNDS):
        for (way, count), times in taken.items():
            begun = time.perf_counter()
            way(count)
            times.append(time.perf_counter() - begun)
    ratio = {way: 2 * statistics.median(taken[way, 1]) / statistics.median(taken[way, 2]) for way in (at_once, apart)}
    print(f"note python/processes two do {ratio[apart]:.2f} times what one does, load {os.getloadavg()[0]:.1f}")
    bar("python/threads", ratio[at_once], "ratio", 1.7)


def forest(bar, skipped):
    import autosec

    try:
        import numpy
        from coniferest.isoforest import IsolationForest as Coniferest
        from sklearn.ensemble import IsolationForest as ScikitLearn
    except ImportError as error:
        skipped("python/forest-vs-coniferest", f"a peer is not installed: {error}")
        skipped("python/forest-vs-scikit-learn", f"a peer is not installed: {error}")
        return
    rows = numpy.random.default_rng(7).normal(size=(5_000, 10))
    ours = autosec.IsolationForest(random_state=7).fit(rows)
    conifer = Coniferest(n_trees=100, n_subsamples=256, n_jobs=1, random_seed=7).fit(rows)
    scikit = ScikitLearn(n_estimators=100, max_samples=256, n_jobs=1, random_state=7).fit(rows)
    one, single = rows[0].tolist(), rows[:1]
    times = {"ours": [], "coniferest": [], "scikit-learn": []}
    for _ in range(ROUNDS):
        times["ours"].append(cpu(lambda: [ours.score_one(one) for _ in range(2_000)], 2_000))
        times["coniferest"].append(cpu(lambda: [conifer.score_samples(single) for _ in range(200)], 200))
        times["scikit-learn"].append(cpu(lambda: [scikit.score_samples(single) for _ in range(5)], 5))
    cost = {name: statistics.median(taken) for name, taken in times.items()}
    print("note python/forest-one-row " + ", ".join(f"{name} {taken / 1000:.2f} us" for name, taken in cost.items()))
    bar("python/forest-vs-coniferest", cost["coniferest"] / cost["ours"], "ratio", 5)
    bar("python/forest-vs-scikit-learn", cost["scikit-learn"] / cost["ours"], "ratio", 1_000)


def peers_of_sigma():
    """What ours, rsigma and sigma-rust take for an event of the same corpus, in microseconds, on this machine and now, all in
    Rust and with JSON read beforehand."""
    command = ["cargo", "run", "--release", "--quiet", "--ignore-rust-version"]
    command += ["--manifest-path", "benches/peers/Cargo.toml", "--"]
    if "AUTOSEC_PEERS" in os.environ:
        command = [os.environ["AUTOSEC_PEERS"]]
    told = subprocess.run([*command, "sigma"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    alone = re.search(r"an event: ours ([\d.]+) µs, rsigma ([\d.]+) µs", told)
    rust = re.search(r"sigma-rust with \d+ of the rules ([\d.]+) µs", told)
    return float(alone.group(1)), float(alone.group(2)), float(rust.group(1))


def sigma(bar, skipped):
    """All rules on all events, from lines in one call: the peers are spared reading JSON, ours reads it."""
    import autosec

    names = ["python/sigma-vs-rsigma", "python/sigma-vs-sigma-rust"]
    if not SHARED.is_dir():
        return [skipped(name, "the corpora are absent") for name in names]
    begun = time.perf_counter()
    rules = autosec.RuleSet(SHARED / "sigma", lenient=True)
    print(f"note python/sigma-load {len(rules)} rules, {len(rules.refused)} refused, {time.perf_counter() - begun:.2f} s")
    log = (SHARED / "events/windows-otrf-2000.jsonl").read_bytes()
    parsed = [json.loads(line) for line in log.splitlines() if line.strip()]
    engine = autosec.Engine(rules)
    works = {
        "ndjson": lambda: engine.process_ndjson(log, at=0),
        "dicts": lambda: engine.process_many(parsed, at=0),
    }
    found = len(engine.process_ndjson(log, at=0).findings)
    rounds = []
    for _ in range(PEER_ROUNDS):
        # By turns: the processor's speed changes between minutes, by more than what is compared.
        costs = medians(works, len(parsed))
        try:
            rounds.append((costs["ndjson"] / 1_000, costs["dicts"] / 1_000, *peers_of_sigma()))
        except (OSError, subprocess.CalledProcessError, AttributeError) as error:
            return [skipped(name, f"the peers cannot be measured: {error}") for name in names]
    ndjson, dicts, alone, rsigma, rust = (statistics.median(each) for each in zip(*rounds))
    print(f"note python/sigma from lines {ndjson:.1f} us, from dicts {dicts:.1f} us an event, {found} findings")
    print(f"note python/sigma-peers rsigma {rsigma} us, sigma-rust {rust} us an event, JSON read beforehand")
    print(f"note python/sigma-alone {alone} us: ours in Rust, JSON read beforehand")
    ratios = [(peer / ours, slow / ours, peer / rust_ours) for ours, _, rust_ours, peer, slow in rounds]
    to_rsigma, to_sigma_rust, in_rust = (statistics.median(each) for each in zip(*ratios))
    print(f"note python/sigma-rounds rsigma takes {', '.join(f'{ratio[0]:.2f}' for ratio in ratios)} times ours; ours in Rust {in_rust:.2f}")
    bar(names[0], to_rsigma, "ratio", 10)
    bar(names[1], to_sigma_rust, "ratio", 100)
    return None


def run(bar, skipped):
    wheel = install()
    bar("python/wheel", wheel.stat().st_size / (1 << 20), "MiB", WHEEL_BYTES >> 20, at_least=False)
    log = ways(bar)
    threads(bar, log)
    forest(bar, skipped)
    sigma(bar, skipped)
