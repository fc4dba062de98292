#!/usr/bin/env python3
"""Ours beside Python's: `benches/peers/python/run.py <area>`; areas: geo, intel, model, python.

Makes a virtual environment of its own in target/peers, builds our bench, and runs both sides on the same data by turns.
Every side has one thread, and its times are CPU time. Prints the lines that the benches print. `--reference` also writes
what scikit-learn reaches to tests/data/scikit_learn.tsv.
"""

import json
import os
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CORPORA = ROOT.parent / "shared/corpora/anomaly"
ENVIRONMENT = ROOT / "target/peers/python"
PACKAGES = {
    "model": ["numpy", "pandas", "scikit-learn", "coniferest", "isotree"],
    # The matcher is at odds with newer releases of the grammar.
    "intel": ["stix2-matcher==3.0.0", "stix2-patterns==2.0.0"],
    # A city database of 2018 that anybody can fetch.
    "geo": ["maxminddb-geolite2==2018.703"],
    "python": ["maturin>=1.9.4,<2", "numpy", "pyarrow", "scikit-learn", "coniferest"],
}
SPEED_SETS = ["32_shuttle", "16_http"]
SEEDS = 5
ROUNDS = 5
THREADS = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"]


def inside_environment(area):
    """Starts this script again with the environment's Python, which has the packages."""
    python = ENVIRONMENT / "bin/python"
    if Path(sys.prefix).resolve() == ENVIRONMENT.resolve():
        return
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    for package in PACKAGES[area]:
        if subprocess.run([python, "-m", "pip", "install", "--quiet", package]).returncode:
            print(f"note {area}/peers {package} could not be installed")
    environment = os.environ | {name: "1" for name in THREADS}
    os.execve(python, [python, __file__, *sys.argv[1:]], environment)


def bar(name, measured, unit, bound, at_least=True):
    kept = measured >= bound if at_least else measured <= bound
    sign = ">=" if at_least else "<="
    print(f"bar {name} measured {measured:.2f} {unit} asks {sign}{bound} {'ok' if kept else 'missed'}", flush=True)


def skipped(name, why):
    print(f"bar {name} skipped ({why})", flush=True)


def our_bench(name="model"):
    """Builds the bench, and finds where cargo put it."""
    command = ["cargo", "bench", "--bench", name, "--no-run", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = [json.loads(line) for line in built.splitlines() if line.startswith("{")]
    found = [m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == name]
    return found[-1]


def ours(bench, path, mode):
    output = subprocess.run([bench, "--figures", path, mode], check=True, stdout=subprocess.PIPE, text=True).stdout
    fit, batch, single, size = output.split()
    return {"fit": float(fit), "batch": float(batch), "single": float(single), "bytes": int(size)}


def read(path):
    import numpy

    with numpy.load(path) as file:
        return numpy.ascontiguousarray(file["X"], dtype=float), file["y"]


def scikit_learn(rows, seed):
    from sklearn.ensemble import IsolationForest

    return IsolationForest(n_estimators=100, max_samples=256, random_state=seed, n_jobs=1).fit(rows)


def coniferest(rows, seed):
    from coniferest.isoforest import IsolationForest

    return IsolationForest(n_trees=100, n_subsamples=256, random_seed=seed, n_jobs=1).fit(rows)


def isotree(rows, seed):
    from isotree import IsolationForest

    settings = {"ntrees": 100, "sample_size": 256, "max_depth": 8, "ndim": 1, "missing_action": "fail"}
    return IsolationForest(**settings, nthreads=1, random_seed=seed + 1).fit(rows)


PEERS = {
    "scikit-learn": (scikit_learn, lambda forest, rows: forest.score_samples(rows)),
    "coniferest": (coniferest, lambda forest, rows: forest.score_samples(rows)),
    "isotree": (isotree, lambda forest, rows: forest.predict(rows)),
}


def seconds(run, times=1):
    begin = time.process_time()
    for _ in range(times):
        run()
    return (time.process_time() - begin) / times


def peer_figures(fit, score, rows, seed):
    fitted = seconds(lambda: fit(rows, seed))
    forest = fit(rows, seed)
    row = rows[:1]
    return {
        "fit": fitted,
        "batch": seconds(lambda: score(forest, rows)) / len(rows),
        "single": seconds(lambda: score(forest, row), 20),
    }


def middle(figures):
    return {key: statistics.median(one[key] for one in figures) for key in figures[0]}


BARS = {
    ("scikit-learn", "fit"): 90,
    ("coniferest", "fit"): 1.3,
    ("scikit-learn", "batch"): 4,
    ("coniferest", "batch"): 3,
    ("coniferest", "single"): 10,
}


def speed(bench, name):
    path = CORPORA / f"{name}.npz"
    rows, _ = read(path)
    available = {}
    for peer, (fit, score) in PEERS.items():
        try:
            score(fit(rows, 0), rows[:100])
            available[peer] = (fit, score)
        except Exception as error:  # noqa: BLE001 - whatever it is, the peer cannot be measured
            print(f"note model/{peer} cannot be measured: {error}")
    own, theirs = [], {peer: [] for peer in available}
    for seed in range(ROUNDS):
        own.append(ours(bench, path, "capped"))
        for peer, (fit, score) in available.items():
            theirs[peer].append(peer_figures(fit, score, rows, seed))
    own = middle(own)
    print(f"note model/{name} ours {line(own)}")
    for peer in PEERS:
        figures = middle(theirs[peer]) if peer in available else None
        if figures:
            print(f"note model/{name} {peer} {line(figures)}")
        for what in ("fit", "batch", "single"):
            label = f"model/{what}-{peer}-{name.split('_')[1]}"
            bound = BARS.get((peer, what))
            if figures and bound:
                bar(label, figures[what] / own[what], "ratio", bound)
            elif figures:
                print(f"note {label} {figures[what] / own[what]:.2f} ratio")
            elif bound:
                skipped(label, f"{peer} cannot be measured")


KMEANS_ROWS, KMEANS_COLUMNS, CLUSTERS = 100_000, 20, 8


def blobs():
    """Rows around eight points, as the file of a set; the same on every machine."""
    import numpy

    random = numpy.random.default_rng(7)
    centres = random.uniform(-10, 10, (CLUSTERS, KMEANS_COLUMNS))
    labels = random.integers(0, CLUSTERS, KMEANS_ROWS)
    rows = centres[labels] + random.normal(size=(KMEANS_ROWS, KMEANS_COLUMNS))
    path = ENVIRONMENT.parent / "1_blobs.npz"
    numpy.savez(path, X=rows, y=labels.astype(numpy.int32))
    return path, rows


def kmeans(bench):
    """Ours standardises as a part of both; scikit-learn gets the rows as they are."""
    try:
        from sklearn.cluster import KMeans
    except ImportError as error:
        for what in ("fit", "predict"):
            skipped(f"model/kmeans-{what}-scikit-learn", f"scikit-learn cannot be measured: {error}")
        return
    path, rows = blobs()
    standardised = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    own, theirs = [], []
    for seed in range(ROUNDS):
        command = [bench, "--figures", path, "kmeans"]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        fit, predict, inertia = map(float, output.split())
        own.append({"fit": fit, "predict": predict, "inertia": inertia})
        model = KMeans(CLUSTERS, n_init=1, random_state=seed)
        fit = seconds(lambda: model.fit(rows))
        predict = seconds(lambda: model.predict(rows), 5)
        inertia = KMeans(CLUSTERS, n_init=1, random_state=seed).fit(standardised).inertia_
        theirs.append({"fit": fit, "predict": predict, "inertia": inertia})
    own, theirs = middle(own), middle(theirs)
    for name, one in (("ours", own), ("scikit-learn", theirs)):
        times = f"fit {one['fit'] * 1e3:.1f} ms, predict {one['predict'] * 1e3:.2f} ms"
        print(f"note model/kmeans {name} {times}, inertia {one['inertia']:.1f}")
    for what in ("fit", "predict"):
        bar(f"model/kmeans-{what}-scikit-learn", theirs[what] / own[what], "ratio", 1)
    bar("model/kmeans-inertia", own["inertia"] / theirs["inertia"], "ratio", 1.01, at_least=False)


def line(figures):
    return f"fit {figures['fit'] * 1e3:.2f} ms, batch {figures['batch'] * 1e6:.3f} us, single {figures['single'] * 1e6:.3f} us"


def reference():
    """What scikit-learn reaches on every set, for our bench and our tests to compare with."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    lines = []
    for path in sorted(CORPORA.glob("*.npz"), key=lambda path: path.stat().st_size):
        rows, truth = read(path)
        scores = [-scikit_learn(rows, seed).score_samples(rows) for seed in range(SEEDS)]
        roc = statistics.mean(roc_auc_score(truth, one) for one in scores)
        precision = statistics.mean(average_precision_score(truth, one) for one in scores)
        lines.append(f"{path.stem.split('_')[1]}\t{roc:.6f}\t{precision:.6f}\n")
        print(f"note model/quality {lines[-1]!r}", flush=True)
    (ROOT / "tests/data/scikit_learn.tsv").write_text("".join(lines))


def model():
    if not CORPORA.is_dir():
        skipped("model/fit-scikit-learn", "the corpora are absent")
        return
    if "--reference" in sys.argv:
        reference()
        return
    bench = our_bench()
    for name in SPEED_SETS:
        speed(bench, name)
    kmeans(bench)
    print(subprocess.run([bench], check=True, stdout=subprocess.PIPE, text=True).stdout, end="")


STIX_PATTERN = "[ipv4-addr:value = '198.51.100.7']"
STIX_OBSERVED = {
    "type": "observed-data",
    "number_observed": 1,
    "first_observed": "2026-11-22T14:02:11Z",
    "last_observed": "2026-11-22T14:02:11Z",
    "objects": {"0": {"type": "ipv4-addr", "value": "198.51.100.7"}},
}


def intel():
    """One simple pattern against one observation, both sides with pattern and observation already read."""
    bar_name = "intel/pattern-vs-stix2-matcher"
    try:
        from stix2matcher.matcher import Pattern

        pattern = Pattern(STIX_PATTERN, "2.0")
        assert pattern.match([STIX_OBSERVED]), "it has to match"
    except Exception as error:  # noqa: BLE001 - whatever it is, the peer cannot be measured
        skipped(bar_name, f"stix2-matcher cannot be measured: {error}")
        return
    bench = our_bench("intel_pattern")
    ratios = {"match": [], "compile": []}
    for _ in range(ROUNDS):
        command = [bench, "--figures", STIX_PATTERN, json.dumps(STIX_OBSERVED)]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        own = dict(zip(ratios, map(float, output.split())))
        seconds(lambda: pattern.match([STIX_OBSERVED]), 50)
        theirs = {
            "match": seconds(lambda: pattern.match([STIX_OBSERVED]), 500),
            "compile": seconds(lambda: Pattern(STIX_PATTERN, "2.0"), 100),
        }
        print(f"note {bar_name} ours {own} theirs {theirs}")
        for what, found in ratios.items():
            found.append(theirs[what] / own[what])
    bar(bar_name, statistics.median(ratios["match"]), "ratio", 500)
    print(f"note intel/pattern-compile-vs-stix2-matcher {statistics.median(ratios['compile']):.1f} ratio")
    print(subprocess.run([bench], check=True, stdout=subprocess.PIPE, text=True).stdout, end="")


def geo():
    """Runs the bench with the city database that the package brings; the peer is in the bench."""
    try:
        from importlib.util import find_spec

        folder = Path(find_spec("_maxminddb_geolite2").origin).parent
        path = next(folder.glob("*City*.mmdb"))
    except Exception as error:  # noqa: BLE001 - whatever it is, there is no database
        skipped("intel/geo-table-vs-bare", f"there is no database: {error}")
        return
    print(f"note intel/geo AUTOSEC_GEO_DATABASE={path}", flush=True)
    environment = os.environ | {"AUTOSEC_GEO_DATABASE": str(path)}
    subprocess.run([our_bench("geo")], check=True, env=environment)


def python():
    """What the wheel costs a caller."""
    import wheel

    wheel.run(bar, skipped)


if __name__ == "__main__":
    areas = {"geo": geo, "intel": intel, "model": model, "python": python}
    if len(sys.argv) < 2 or sys.argv[1] not in areas:
        sys.exit(f"usage: run.py {'|'.join(areas)} [--reference]")
    inside_environment(sys.argv[1])
    areas[sys.argv[1]]()
