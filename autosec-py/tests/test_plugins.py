"""Plugins loaded by path are firewalls like the built-in ones; without them the wheel says how to build it with them."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_network
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

import autosec

from .conftest import ADMIN, RULES
from .minisign import Key

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "tests/data/plugins/fixture.wasm"
MISSING = "SKIPPED: the wheel was built without plugins: MATURIN_PEP517_ARGS='--features native,wasm' pip install ./autosec-py"
needs_wasm = pytest.mark.skipif("wasm" not in autosec.PluginFirewall.kinds(), reason=MISSING)
needs_native = pytest.mark.skipif("native" not in autosec.PluginFirewall.kinds(), reason=MISSING)
ASKS = """
[[http]]
origin = "{config.url|http://127.0.0.1:9}"
methods = ["GET"]
paths = ["/hello"]
tls = "optional"
secrets = ["key"]
why = "it greets the device"

[[secret]]
name = "key"
use = "header:x-edge-key"
"""


def install(folder: Path, version: str = "1.0.0", more: str = "", file: Path = FIXTURE) -> Path:
    """A folder with the fixture, or another file, as a plugin."""
    folder.mkdir()
    code = file.read_bytes()
    (folder / file.name).write_bytes(code)
    kind = "wasm" if file == FIXTURE else "native"
    manifest = {"id": file.stem, "version": version, "api": "autosec:firewall@0.1", "kind": kind, "file": file.name}
    lines = [f"{name} = {value!r}" for name, value in {**manifest, "sha256": hashlib.sha256(code).hexdigest()}.items()]
    (folder / "plugin.toml").write_text("\n".join(["[plugin]", *lines, more]))
    return folder


@pytest.fixture
def device() -> Iterator[tuple[str, list[str | None]]]:
    """A device that greets who knows its key: its URL, and the keys it was shown."""
    shown: list[str | None] = []

    class Device(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown.append(self.headers["x-edge-key"])
            self.send_response(200)
            self.send_header("content-length", "5")
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Device)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", shown
    server.shutdown()
    thread.join()
    server.server_close()


def engine(*firewalls: Any, **more: Any) -> autosec.Engine:
    return autosec.Engine(autosec.RuleSet(text=RULES), firewalls=firewalls, **more)


def decide(engine: autosec.Engine) -> autosec.Decision:
    decision = engine.process(ADMIN).decision
    assert decision is not None
    return decision


@pytest.mark.skipif("wasm" in autosec.PluginFirewall.kinds(), reason="the wheel was built with plugins")
def test_a_wheel_without_plugins_says_how_to_build_one(tmp_path: Path) -> None:
    with pytest.raises(autosec.ConfigError, match="MATURIN_PEP517_ARGS"):
        autosec.PluginFirewall(install(tmp_path / "fixture"), unsigned=True)


def test_who_is_trusted_has_to_be_said(tmp_path: Path) -> None:
    folder, key = install(tmp_path / "fixture"), "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
    for settings, wrong in [
        ({}, "nobody is trusted"),
        ({"keys": {"vendor": key}, "unsigned": True}, "either `keys` or `unsigned"),
        ({"keys": {"vendor": "RWQ"}}, "no public key of minisign"),
    ]:
        with pytest.raises(autosec.ConfigError, match=wrong):
            autosec.PluginFirewall(folder, **settings)  # type: ignore[arg-type]
    for source in (autosec.EnvironmentSecrets("X_"), autosec.FileSecrets(tmp_path)):
        assert autosec.PanOs("http://127.0.0.1:9", source)
    with pytest.raises(TypeError, match="no source of secrets"):
        autosec.PluginFirewall(folder, unsigned=True, secrets=7)  # type: ignore[arg-type]


@needs_wasm
def test_a_plugin_blocks_for_an_engine_and_lets_in_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "autosec")
    plugin = autosec.PluginFirewall(install(tmp_path / "fixture"), unsigned=True, name="edge")
    assert plugin.name == "edge" and repr(plugin) == "<PluginFirewall edge>"
    about = plugin.about()
    assert (about["id"], about["version"], about["kind"], about["state"]) == ("fixture", "1.0.0", "wasm", "ready")
    (planned,) = plugin.plan(["203.0.113.7"])
    assert (planned.target, planned.status) == ("203.0.113.7", "observed")
    memory = autosec.MemoryFirewall()
    made = engine(plugin, memory)
    done = made.enforce(decide(made)).check()
    assert [report.firewall for report in done.reports] == ["edge", "memory"] and plugin.plan(["203.0.113.7"])[0].target
    assert [each.enforcing for each in made.health()] == [True, True]
    assert made.health()[0].detail == "1 blocked (1µs)" and made.unblock("203.0.113.7").complete
    assert made.health()[0].detail == "0 blocked (1µs)" and plugin.about()["calls"] >= 4
    for _ in range(3):
        made.reconcile()
    assert "plugin `edge` loaded 1.0.0" in caplog.text and "plugin `edge` configured" in caplog.text


@needs_wasm
def test_a_plugin_is_configured_and_replaced_while_an_engine_uses_it(tmp_path: Path) -> None:
    old, new = install(tmp_path / "old"), install(tmp_path / "new", "1.1.0")
    plugin = autosec.PluginFirewall(old, {}, unsigned=True)
    made = engine(plugin)
    made.enforce(decide(made)).check()
    plugin.replace(new)
    assert plugin.about()["version"] == "1.1.0" and plugin.about()["earlier"] == "1.0.0"
    made.reconcile()
    assert made.health()[0].detail == "1 blocked (1µs)", "what it forgot is put there again"
    with pytest.raises(autosec.ConfigError, match="not today"):
        plugin.configure({"reject": "not today"})
    assert made.health()[0].enforcing, "it goes on as it was"
    plugin.configure({})


@needs_wasm
@pytest.mark.parametrize("kind", ["python", "environment", "files"])
def test_what_is_granted_goes_out_with_a_secret(
    kind: str, device: tuple[str, list[str | None]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Vault(autosec.SecretSource):
        def secret(self, name: str) -> str:
            return {"fixture-key": "LUFRPT1"}[name]

    monkeypatch.setenv("EDGE_FIXTURE_KEY", "LUFRPT1")
    (tmp_path / "fixture-key").write_text("LUFRPT1\n")
    secrets = {"python": Vault(), "environment": autosec.EnvironmentSecrets("EDGE_"), "files": autosec.FileSecrets(tmp_path)}
    url, shown = device
    folder = install(tmp_path / "fixture", more=ASKS)
    grant = tmp_path / "grant.toml"
    grant.write_text("networks = ['127.0.0.0/8']\nsecrets_in_clear = true\n" + ASKS)
    config = {"url": url, "start": f"http {url}/hello key"}
    plugin = autosec.PluginFirewall(folder, config, unsigned=True, grant=grant, secrets=secrets[kind])  # type: ignore[arg-type]
    assert shown == ["LUFRPT1"] and "LUFRPT1" not in json.dumps(plugin.about())
    assert plugin.about()["granted"] == plugin.about()["asked"]
    with pytest.raises(autosec.ConfigError, match="(?i)denied|not granted|no grant"):
        plugin.configure({"url": url, "start": f"http {url}/elsewhere"})
    assert len(shown) == 1


@needs_wasm
def test_a_dict_grants_what_a_file_does(device: tuple[str, list[str | None]], tmp_path: Path) -> None:
    url, shown = device
    folder, file = install(tmp_path / "fixture", more=ASKS), tmp_path / "grant.toml"
    asks = ASKS.replace("greets the device", r'greets \"the\" device \U0001f6aa')
    file.write_text("networks = ['127.0.0.0/8']\nsecrets_in_clear = true\nlimits = { deadline = '4s' }\n" + asks)
    http = {"origin": "{config.url|http://127.0.0.1:9}", "methods": ["GET"], "paths": ["/hello"], "tls": "optional"}
    http |= {"secrets": ["key"], "why": 'it greets "the" device \U0001f6aa'}
    grant: dict[str, Any] = {"http": [http], "secret": [{"name": "key", "use": "header:x-edge-key", "from": None}]}
    grant |= {"limits": {"deadline": "4s"}, "networks": [ip_network("127.0.0.0/8")], "secrets_in_clear": True}
    config, secrets = {"url": url, "start": f"http {url}/hello key"}, autosec.FileSecrets(tmp_path)
    (tmp_path / "fixture-key").write_text("LUFRPT1\n")
    by_file, by_dict, by_mapping = (
        autosec.PluginFirewall(folder, config, unsigned=True, grant=each, secrets=secrets).about()["granted"]
        for each in (file, grant, MappingProxyType(grant))
    )
    assert by_file == by_dict == by_mapping and shown == ["LUFRPT1"] * 3


def test_what_can_be_no_grant_is_refused() -> None:
    loop: dict[str, Any] = {}
    loop["networks"] = loop
    wrong: list[Any] = [{"networks": {"10.0.0.0/8"}}, {"limits": {"deadline": float("inf")}}, {("a", 1): 1}, {"a": b"b"}, loop]
    for grant in wrong:
        with pytest.raises(autosec.ConfigError, match="`grant`: "):
            autosec.PluginFirewall("nowhere", unsigned=True, grant=grant)
    with pytest.raises(TypeError, match="`grant`: "):
        autosec.PluginFirewall("nowhere", unsigned=True, grant=7)  # type: ignore[arg-type]


@needs_wasm
@pytest.mark.parametrize(
    ("grant", "wrong"),
    [
        ({"nets": []}, ["P002", "unknown field `nets`", "nets = []"]),
        ({"http": [{"host": "a.example", "methods": 7}]}, ["P004", "methods = 7", "^"]),
        ({"networks": ["10.0.0.0/33"]}, ["no network", 'networks = ["10.0.0.0/33"]']),
        ({"networks": [None]}, ["networks = [{}]"]),
        ({"networks": {"office": "10.0.0.0/8"}}, ["[networks]"]),
        ({"secrets_in_clear": "yes"}, ["P004", 'secrets_in_clear = "yes"']),
        ({"limits": {"memory": 10**30}}, ["P005", "memory = 1e+30"]),
        ({"a b": {"\n": 1}}, ["P002", '["a b"]']),
    ],
    ids=str,
)
def test_what_is_wrong_in_a_dict_is_shown_where_it_stands(grant: dict[str, Any], wrong: list[str], tmp_path: Path) -> None:
    with pytest.raises(autosec.ConfigError) as refused:
        autosec.PluginFirewall(install(tmp_path / "fixture", more=ASKS), unsigned=True, grant=grant)
    assert "grant" in str(refused.value) and [each for each in wrong if each not in str(refused.value)] == []


@needs_wasm
def test_what_is_not_granted_is_refused(device: tuple[str, list[str | None]], tmp_path: Path) -> None:
    url, shown = device
    folder = install(tmp_path / "fixture", more=ASKS)
    with pytest.raises(autosec.ConfigError, match="asks for more than it is granted"):
        autosec.PluginFirewall(folder, {"url": url}, unsigned=True)
    config = {"url": url, "start": f"http {url}/hello"}
    with pytest.raises(autosec.ConfigError):
        autosec.PluginFirewall(folder, config, unsigned=True, grant=True)
    assert shown == [], "this machine is no network that it may reach"
    autosec.PluginFirewall(folder, config, unsigned=True, grant=True, networks=["127.0.0.1"])
    assert shown == [None]


@needs_wasm
def test_plugins_that_cannot_be_loaded_are_refused(tmp_path: Path) -> None:
    good = install(tmp_path / "good")
    altered = install(tmp_path / "altered")
    (altered / "fixture.wasm").write_bytes(b"\0asm")
    strange = install(tmp_path / "strange", more="[[ftp]]\nhost = 'a'\n")
    key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
    wrong: list[tuple[Path, dict[str, Any], str]] = [
        (tmp_path / "none", {}, "plugin.toml"),
        (altered, {}, "SHA-256"),
        (strange, {}, "unknown field"),
        (good, {"unsigned": False, "keys": {"vendor": key}}, "not signed"),
        (good, {"config": {"reject": "not today"}}, "not today"),
        (good, {"config": {"start": "panic boom"}}, "boom|broke off|crash"),
        (good, {"grant": tmp_path / "no-grant.toml"}, "no-grant.toml"),
        (good, {"name": "two words"}, "no name"),
    ]
    for folder, settings, text in wrong:
        with pytest.raises(autosec.ConfigError, match=text):
            autosec.PluginFirewall(folder, **{"unsigned": True, **settings})


@needs_wasm
def test_who_signed_it_is_known(tmp_path: Path) -> None:
    vendor, other = Key(1), Key(2)
    folder = install(tmp_path / "fixture")
    manifest = folder / "plugin.toml"
    (folder / "plugin.toml.minisig").write_text(vendor.sign(manifest.read_bytes()))
    plugin = autosec.PluginFirewall(folder, keys={"other": other.public(), "vendor": vendor.public()})
    assert "vendor" in json.dumps(plugin.about()["signer"])
    with pytest.raises(autosec.ConfigError, match="sign"):
        autosec.PluginFirewall(folder, keys={"other": other.public()})
    manifest.write_text(manifest.read_text() + "\n")
    with pytest.raises(autosec.ConfigError, match="sign"):
        autosec.PluginFirewall(folder, keys={"vendor": vendor.public()})


@needs_native
@pytest.mark.skipif(shutil.which("cc") is None, reason="SKIPPED: there is no C compiler `cc` for the native plugin")
def test_a_native_library_runs_if_it_is_signed_and_where_it_is_allowed_to(tmp_path: Path) -> None:
    library, home = tmp_path / "plain.so", tmp_path / "libraries"
    include = ROOT / "autosec-integrations/plugin-sdk/include"
    source = ROOT / "tests/data/plugins/plain.c"
    subprocess.run(["cc", "-std=c11", "-shared", "-fPIC", "-I", include, "-o", library, source], check=True)
    folder, vendor = install(tmp_path / "plain", file=library), Key(1)
    home.mkdir(mode=0o700)
    with pytest.raises(autosec.ConfigError, match="nobody signed"):
        autosec.PluginFirewall(folder, unsigned=True, libraries=home)
    (folder / "plugin.toml.minisig").write_text(vendor.sign((folder / "plugin.toml").read_bytes()))
    keys = {"vendor": vendor.public()}
    with pytest.raises(autosec.ConfigError, match="native"):
        autosec.PluginFirewall(folder, keys=keys)
    plugin = autosec.PluginFirewall(folder, keys=keys, libraries=home)
    assert (plugin.about()["kind"], plugin.about()["id"]) == ("native", "plain")
    made = engine(plugin)
    assert [each.enforcing for each in made.health()] == [True]
    (report,) = made.enforce(decide(made)).reports
    assert report.error is None and plugin.about()["denials"] == 1, "it asks for an exchange that nobody granted"


@needs_wasm
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_does_not_take_a_plugin_along(tmp_path: Path) -> None:
    made = engine(autosec.PluginFirewall(install(tmp_path / "fixture"), unsigned=True), autosec.MemoryFirewall())
    decision = decide(made)
    child = os.fork()
    if child == 0:
        try:
            reports = made.enforce(decision).reports
            told = reports[0].error or ""
            os._exit(0 if "was forked" in told and reports[1].error is None else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert made.enforce(decision).complete
