"""Parts that are written in Python: they work, and what goes wrong in them stays in them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

import autosec

from .conftest import ADMIN, RULES


class Decoy(autosec.Detector):
    name = "decoy"
    fields = ("user.name", "source.ip", "app.tenant")

    def detect(self, event: Mapping[str, Any], time: datetime) -> autosec.Found | None:
        if event.get("user.name") != "backup2":
            return None
        evidence = {"user.name": "backup2", "tenant": event.get("app.tenant"), "year": time.year}
        return autosec.Found(event["source.ip"], "critical", evidence=evidence, tags=["attack.t1078"], action="alert")


LOGIN = {"@timestamp": "2026-11-22T14:02:11Z", "user.name": "backup2", "source.ip": "203.0.113.7", "app.tenant": "acme"}


def test_a_detector_finds_and_its_fields_are_read() -> None:
    engine = autosec.Engine(autosec.RuleSet(text=RULES), Decoy())
    assert {"user.name", "app.tenant"} <= set(engine.fields)
    verdict = engine.process(LOGIN)
    (finding,) = verdict.findings
    assert (finding.analytic, finding.severity, finding.tags) == ("decoy", "critical", ("attack.t1078",))
    assert [each.text for each in finding.evidence] == ["user.name = backup2", "tenant = acme", "year = 2026"]
    assert engine.process({**LOGIN, "user.name": "ann"}).is_quiet
    (again,) = engine.process_ndjson('{"@timestamp":1,"user.name":"backup2","source.ip":"::1"}')
    assert again is not None and not again.is_quiet


class Broken(autosec.Detector):
    name = "broken"
    fields = ("user.name",)

    def __init__(self, gives: Any) -> None:
        self.gives = gives

    def detect(self, event: Mapping[str, Any], time: datetime) -> Any:
        if isinstance(self.gives, BaseException):
            raise self.gives
        return self.gives


@pytest.mark.parametrize(
    ("gives", "words"),
    [
        (RuntimeError("no\nidea"), "it raised RuntimeError: no idea"),
        (7, "it raised TypeError"),
        ([7], "`detect` gives `Found`, not `int`"),
        (autosec.Found("8.8.8.8", "terrible"), "`terrible` is no severity"),
        (autosec.Found("8.8.8.8", confidence=7), "outside the range 0 to 1"),
        (autosec.Found("8.8.8.8", action="explode"), "`explode` is no action"),
    ],
)
def test_what_a_detector_does_wrong_is_a_fault_and_the_others_go_on(gives: Any, words: str) -> None:
    engine = autosec.Engine(Broken(gives), Decoy())
    verdict = engine.process(LOGIN)
    assert [finding.analytic for finding in verdict.findings] == ["decoy"]
    (fault,) = verdict.faults
    assert fault.kind == "detector" and fault.origin == "broken" and words in fault.detail


@pytest.mark.parametrize("end", [KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_what_ends_a_program_ends_the_call(end: BaseException) -> None:
    engine = autosec.Engine(Broken(end))
    log = b'{"@timestamp":1}\n' * 3
    for call in (lambda: engine.process(LOGIN), lambda: engine.process_many([LOGIN]), lambda: engine.process_ndjson(log)):
        with pytest.raises(type(end)):
            call()
    assert autosec.Engine(Decoy()).process(LOGIN).risk > 0, "nothing is left behind"


def test_a_detector_that_comes_back_is_stopped() -> None:
    class Again(autosec.Detector):
        name = "again"
        fields = ("user.name",)
        calls = 0

        def detect(self, event: Mapping[str, Any], time: datetime) -> None:
            self.calls += 1
            engine.process(LOGIN)

    detector = Again()
    engine = autosec.Engine(detector)
    verdict = engine.process(LOGIN)
    assert verdict.is_quiet and detector.calls == 16 and verdict.faults == ()


def test_an_event_that_changes_while_it_is_looked_at_is_kept() -> None:
    event: dict[str, Any] = dict(LOGIN)

    class Changing(autosec.Detector):
        name = "changing"
        fields = ("user.name",)

        def detect(self, shown: Mapping[str, Any], time: datetime) -> None:
            event.clear()

    engine = autosec.Engine(Changing(), Decoy())
    event["user.name"] = "".join(["back", "up", "2"])
    assert [finding.analytic for finding in engine.process(event).findings] == ["decoy"] and event == {}


class Wall(autosec.FirewallIntegration):
    def __init__(self, name: str = "wall") -> None:
        self.name = name
        self.held: dict[str, autosec.Block] = {}
        self.calls: list[str] = []

    def block(self, blocks: Sequence[autosec.Block]) -> None:
        self.calls.append("block")
        self.held.update({block.target: block for block in blocks})

    async def unblock(self, targets: Sequence[str]) -> list[autosec.Outcome]:
        await asyncio.sleep(0)
        self.calls.append("unblock")
        return [autosec.Outcome() if self.held.pop(target, None) else autosec.Outcome("done") for target in targets]

    def blocked(self) -> list[autosec.Block]:
        return list(self.held.values())


def guarded(*firewalls: Any, **more: Any) -> autosec.Engine:
    config = {"enforcement": {"timeout": "500ms", "attempts": 1}, **more.pop("config", {})}
    return autosec.Engine(autosec.RuleSet(text=RULES), firewalls=firewalls, config=config, **more)


def decide(engine: autosec.Engine, address: str = "203.0.113.7") -> autosec.Decision:
    decision = engine.process({**ADMIN, "source": {"ip": address}}).decision
    assert decision is not None
    return decision


def test_a_firewall_blocks_and_lets_in_again() -> None:
    wall, memory = Wall(), autosec.MemoryFirewall("memory")
    engine = guarded(wall, memory)
    done = engine.enforce(decide(engine)).check()
    assert done.kind == "fanned" and [report.firewall for report in done.reports] == ["wall", "memory"]
    (block,) = wall.held.values()
    assert block.target == "203.0.113.7" and "admin" in block.reason and memory.drops("203.0.113.7")
    (held,) = engine.in_force()
    assert held.target == "203.0.113.7" and held.duration == timedelta(hours=1)
    assert engine.enforce(decide(engine)).kind in ("nothing", "fanned"), "safe to call twice"
    assert engine.unblock("203.0.113.7").complete and not wall.held and not memory.drops("203.0.113.7")
    assert [health.enforcing for health in engine.health()] == [True, True]


def test_reconciling_puts_back_what_is_gone() -> None:
    wall = Wall()
    engine = guarded(wall)
    engine.enforce(decide(engine))
    wall.held.clear()
    engine.reconcile()
    assert list(wall.held) == ["203.0.113.7"]
    assert all(isinstance(report, autosec.FirewallReport) for report in engine.maintain())


def test_allow_dominates() -> None:
    wall = Wall()
    engine = guarded(wall, allowlist=["203.0.113.0/24"])
    verdict = engine.process(ADMIN)
    assert verdict.decision is None
    (assessment,) = verdict.assessments
    assert assessment.decision is not None and assessment.decision.refused == "allowlisted"
    assert engine.enforce(assessment.decision).kind == "refused" and not wall.held
    other = decide(engine, "198.51.100.9")
    engine.enforce(other)
    assert engine.allow("198.51.100.9", "ours").complete and not wall.held


def test_a_dry_run_touches_nothing() -> None:
    wall = Wall()
    engine = guarded(wall, dry_run=True)
    done = engine.enforce(decide(engine))
    assert done.kind == "dry_run" and "203.0.113.7" in done.text and wall.calls == []


class Failing(Wall):
    def __init__(self, raises: BaseException) -> None:
        super().__init__("failing")
        self.raises: BaseException | None = raises

    def block(self, blocks: Sequence[autosec.Block]) -> None:
        if self.raises:
            raise self.raises
        super().block(blocks)


@pytest.mark.parametrize(
    "raises",
    [autosec.FirewallError("the disk is full"), OSError("unplugged"), ValueError("a bug"), SystemExit(1)],
    ids=repr,
)
def test_a_firewall_that_raises_fails_alone_and_loses_no_block(raises: BaseException) -> None:
    failing, wall = Failing(raises), Wall()
    engine = guarded(failing, wall)
    done = engine.enforce(decide(engine))
    assert not done.complete and list(wall.held) == ["203.0.113.7"]
    report = done.reports[0]
    assert report.error is not None and type(raises).__name__ in report.error
    with pytest.raises(autosec.FirewallError) as failed:
        done.check()
    assert failed.value.report is done
    failing.raises = None
    engine.reconcile()
    assert list(failing.held) == ["203.0.113.7"], "what was written down is put there when it can be"


def test_a_firewall_that_hangs_delays_nobody_beyond_its_time() -> None:
    over = threading.Event()

    class Hanging(Wall):
        def block(self, blocks: Sequence[autosec.Block]) -> None:
            over.wait(30)

    wall = Wall()
    engine = guarded(Hanging("hanging"), wall)
    begun = time.monotonic()
    done = engine.enforce(decide(engine))
    assert time.monotonic() - begun < 10 and not done.complete and wall.held
    assert done.reports[0].error is not None and "did not answer within" in done.reports[0].error
    for _ in range(6):
        engine.reconcile()
    over.set()


def test_a_firewall_that_comes_back_into_the_engine_does_not_deadlock() -> None:
    class Curious(Wall):
        def block(self, blocks: Sequence[autosec.Block]) -> None:
            self.seen = (engine.process(ADMIN).risk, engine.in_force())
            super().block(blocks)

    curious = Curious("curious")
    engine = guarded(curious)
    assert engine.enforce(decide(engine)).complete and curious.seen[0] > 0


def test_outcomes_are_taken_item_by_item() -> None:
    class Choosy(Wall):
        capabilities = autosec.Capabilities(ipv6=False, batch=10)
        word = "rejected"

        def block(self, blocks: Sequence[autosec.Block]) -> Any:
            return [autosec.Outcome(self.word, "no room") for _ in blocks]

    choosy = Choosy("choosy")
    engine = guarded(choosy)
    done = engine.enforce(decide(engine))
    (outcome,) = done.reports[0].outcomes
    assert (outcome.status, outcome.why) == ("rejected", "no room")
    sixth = engine.enforce(decide(engine, "2001:db9::1"))
    assert sixth.reports[0].outcomes[0].status == "unsupported"


def test_too_few_outcomes_are_a_failure() -> None:
    class Short(Wall):
        def block(self, blocks: Sequence[autosec.Block]) -> Any:
            return []

    engine = guarded(Short("short"))
    assert "0 outcomes for 1 items" in engine.enforce(decide(engine)).text


class Journals(autosec.Store):
    def __init__(self) -> None:
        self.journals: dict[str, list[str]] = {}
        self.broken = False

    def append(self, journal: str, records: Sequence[str]) -> None:
        if self.broken:
            raise OSError("no space left")
        self.journals.setdefault(journal, []).extend(records)

    def read(self, journal: str) -> list[str]:
        return self.journals.get(journal, [])

    def replace(self, journal: str, records: Sequence[str]) -> None:
        self.journals[journal] = list(records)


def test_blocks_outlive_the_engine_in_a_store() -> None:
    store = Journals()
    first = guarded(Wall(), store=store)
    first.enforce(decide(first))
    assert len(store.journals["ledger"]) == 1
    wall = Wall()
    second = guarded(wall, store=store)
    second.reconcile()
    assert list(wall.held) == ["203.0.113.7"] and second.in_force() == first.in_force()


def test_a_folder_is_a_store(tmp_path: Any) -> None:
    first = guarded(Wall(), store=tmp_path / "state")
    first.enforce(decide(first))
    held = first.in_force()
    with pytest.raises(autosec.ConfigError, match="in use"):
        guarded(store=tmp_path / "state")
    del first
    assert guarded(store=tmp_path / "state").in_force() == held


def test_a_store_that_fails_touches_no_firewall() -> None:
    store, wall = Journals(), Wall()
    engine = guarded(wall, store=store)
    store.broken = True
    done = engine.enforce(decide(engine))
    assert done.kind == "failed" and not done.complete and "no space left" in done.text and not wall.held
    store.journals["ledger"] = ["no record"]
    with pytest.raises(autosec.ConfigError, match="ledger"):
        guarded(store=store)


def test_a_store_that_comes_back_is_refused() -> None:
    class Curious(Journals):
        def append(self, journal: str, records: Sequence[str]) -> None:
            engine.reconcile()

    engine = guarded(Wall(), store=Curious())
    done = engine.enforce(decide(engine))
    assert done.kind == "failed" and "from within a store" in done.text


class Vault(autosec.SecretSource):
    def __init__(self, value: Any) -> None:
        self.value = value
        self.asked: list[str] = []

    def secret(self, name: str) -> Any:
        self.asked.append(name)
        if isinstance(self.value, BaseException):
            raise self.value
        return self.value


@pytest.mark.parametrize("value", ["LUFRPT1-secret", KeyError("LUFRPT1-secret"), ValueError("LUFRPT1-secret"), 7, ""])
def test_a_secret_is_asked_for_and_never_shown(value: Any, caplog: pytest.LogCaptureFixture) -> None:
    vault = Vault(value)
    device = autosec.PanOs("http://127.0.0.1:9", vault, name="pan")
    engine = guarded(device)
    done = engine.enforce(decide(engine))
    assert vault.asked == ["pan-os-key"] and not done.complete
    for shown in (done.text, str(done), caplog.text, repr(engine), repr(device)):
        assert "LUFRPT1" not in shown


def test_enforcement_can_be_awaited() -> None:
    wall = Wall()
    engine = guarded(wall)

    async def main() -> None:
        keeper = asyncio.ensure_future(engine.keep(every=0.01))
        done = await engine.enforce_async(decide(engine))
        assert done.complete and wall.held
        wall.held.clear()
        await engine.reconcile_async()
        assert wall.held and (await engine.health_async())[0].enforcing
        await engine.maintain_async()
        await engine.unblock_async("203.0.113.7")
        assert not wall.held
        keeper.cancel()

    asyncio.run(main())


def test_upkeep_runs_beside_the_program() -> None:
    wall = Wall()
    engine = guarded(wall)
    with engine.kept(every=0.01, reconcile_every=0.01):
        engine.enforce(decide(engine))
        wall.held.clear()
        until = time.monotonic() + 10
        while not wall.held and time.monotonic() < until:
            time.sleep(0.01)
    assert wall.held


def test_what_is_no_firewall_or_decision_is_refused() -> None:
    with pytest.raises(TypeError, match="no firewall"):
        autosec.Engine(firewalls=[7])  # type: ignore[list-item]
    with pytest.raises(autosec.ConfigError, match="two firewalls are called"):
        guarded(Wall(), Wall())
    for given, words in ((7, "`int` is no decision"), (None, "asks for nothing has none")):
        with pytest.raises(TypeError, match=words):
            guarded().enforce(given)  # type: ignore[arg-type]
