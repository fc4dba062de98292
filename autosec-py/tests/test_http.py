"""How devices on a network are reached: over real TLS, from whoever is believed and from whoever is not."""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import autosec

from .conftest import ADMIN, RULES

TLS = Path(__file__).parent / "tls"
"""A certificate for `edge.test`, `localhost` and 127.0.0.1 until 2120, with its key, and the authority it is from."""

OURS = (TLS / "authority.pem").read_text()
SERVER = (TLS / "server.pem").read_text()
PIN = hashlib.sha256(ssl.PEM_cert_to_DER_cert(SERVER[SERVER.index("-----BEGIN CERT") :])).hexdigest()

Answer = Callable[[bytes], "bytes | None"]


def said(status: str, body: str = "", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", body]
    return "\r\n".join(lines).encode()


@contextmanager
def device(answer: Answer, *, is_tls: bool = True) -> Iterator[tuple[int, list[bytes]]]:
    """A device that gives these answers, one a connection; its port, and what it was asked."""
    asked: list[bytes] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "server.pem")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            raw.settimeout(3)
            try:
                with context.wrap_socket(raw, server_side=True) if is_tls else raw as stream:
                    request = _request(stream)
                    asked.append(request)
                    stream.sendall(answer(request) or b"")
            except OSError:
                continue  # whoever asked does not believe us

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], asked
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _request(stream: socket.socket) -> bytes:
    read = b""
    while b"\r\n\r\n" not in read:
        read += _more(stream)
    head, _, body = read.partition(b"\r\n\r\n")
    length = [int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while length and len(body) < length[0]:
        body += _more(stream)
    return head + b"\r\n\r\n" + body


def _more(stream: socket.socket) -> bytes:
    read = stream.recv(65536)
    if not read:
        raise ConnectionError("whoever asked left")
    return read


def believing() -> autosec.HttpsClient:
    return autosec.HttpsClient(context=ssl.create_default_context(cadata=OURS))


def ask(client: autosec.HttpsClient, url: str, **given: Any) -> autosec.HttpAnswer:
    return client.send(autosec.HttpRequest("POST", url, [("X-Key", "LUFRPT1")], b"a=1", **given))


def test_a_request_is_sent_whole_and_answered() -> None:
    with device(lambda _: said("404 Not Found", "no", "Retry-After: 7")) as (port, asked):
        answer = ask(believing(), f"https://localhost:{port}/api/?x=1")
    assert (answer.status, answer.body) == (404, b"no")
    assert ("Retry-After", "7") in answer.headers
    head, _, body = asked[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /api/?x=1 HTTP/1.1" and body == b"a=1"
    assert set(lines[1:]) == {
        b"Host: localhost:%d" % port,
        b"X-Key: LUFRPT1",
        b"Content-Length: 3",
        b"Connection: close",
    }


def test_what_says_how_it_is_framed_is_its_own() -> None:
    headers = [("Content-Length", "999"), ("transfer-encoding", "chunked"), ("Host", "other.test"), ("Connection", "x")]
    with device(lambda _: said("200 OK")) as (port, asked):
        believing().send(autosec.HttpRequest("GET", f"https://localhost:{port}", headers))
    assert asked[0] == b"GET / HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n"


def test_who_is_not_believed_hears_nothing() -> None:
    with device(lambda _: said("200 OK")) as (port, asked):
        url = f"https://localhost:{port}/"
        with pytest.raises(ssl.SSLCertVerificationError):
            ask(autosec.HttpsClient(), url)
        with pytest.raises(ssl.SSLCertVerificationError):
            ask(believing(), f"https://elsewhere.test:{port}/", address="127.0.0.1")
        with pytest.raises(ssl.SSLCertVerificationError, match=":".join([PIN[:2].upper(), PIN[2:4].upper()])):
            ask(autosec.HttpsClient(fingerprints=["00" * 32]), url)
        with pytest.raises(ssl.SSLCertVerificationError):
            ask(autosec.HttpsClient(fingerprints=[]), url)
        assert asked == []


@pytest.mark.parametrize("shown", [PIN, PIN.upper(), ":".join(PIN[at : at + 2] for at in range(0, 64, 2)) + "\n"])
def test_a_pinned_certificate_is_believed_whatever_its_name(shown: str) -> None:
    with device(lambda _: said("200 OK", "yes")) as (port, _):
        client = autosec.HttpsClient(fingerprints=["00" * 32, shown])
        assert ask(client, f"https://elsewhere.test:{port}/", address="127.0.0.1").body == b"yes"


def test_an_address_that_was_checked_is_the_one_that_is_spoken_to() -> None:
    with device(lambda _: said("200 OK")) as (port, asked):
        ask(believing(), f"https://edge.test:{port}/", address="127.0.0.1")
    assert b"Host: edge.test:%d" % port in asked[0]


def test_secrets_are_not_sent_in_the_clear() -> None:
    for url, address in [("http://edge.test/", None), ("http://127.0.0.1/", "192.0.2.1"), ("http://localhost.test/", None)]:
        with pytest.raises(ValueError, match="in the clear"):
            ask(autosec.HttpsClient(), url, address=address)
    for url in ["ftp://localhost/", "/api", "https:///api", "https://localhost:99999/"]:
        with pytest.raises(ValueError):
            ask(autosec.HttpsClient(), url)
    with device(lambda _: said("200 OK"), is_tls=False) as (port, asked):
        ask(autosec.HttpsClient(), f"http://127.0.0.1:{port}/")
        ask(autosec.HttpsClient(allow_plain=True), f"http://edge.test:{port}/", address="127.0.0.1")
        assert len(asked) == 2
        with pytest.raises(ssl.SSLError):
            ask(autosec.HttpsClient(), f"https://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000 + b"\r\n\r\n",
    ],
)
def test_half_an_answer_is_none(answer: bytes) -> None:
    with device(lambda _: answer) as (port, _), pytest.raises(ConnectionError):
        ask(believing(), f"https://localhost:{port}/")


def test_no_more_is_read_than_is_to_be_taken() -> None:
    with device(lambda _: said("200 OK", "x" * 100_000)) as (port, _):
        answer = ask(believing(), f"https://localhost:{port}/", largest_answer=1_000)
    assert len(answer.body) == 1_001  # one more than may be: whoever asked sees that it is too long


def test_no_redirect_is_followed() -> None:
    with device(lambda _: said("302 Found", "", "Location: /elsewhere")) as (port, asked):
        assert ask(believing(), f"https://localhost:{port}/").status == 302
    assert len(asked) == 1


def test_connecting_ends_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            ask(autosec.HttpsClient(connect_within=0.2), f"https://localhost:{silent.getsockname()[1]}/")
        assert time.monotonic() - begun < 5


def test_an_answer_that_drips_ends_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def drip() -> None:
            stream, _ = listener.accept()
            with stream:
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while not over.wait(0.05):
                    try:
                        stream.sendall(b"x")
                    except OSError:
                        return

        threading.Thread(target=drip, daemon=True).start()
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            ask(autosec.HttpsClient(answer_within=0.4), f"http://127.0.0.1:{listener.getsockname()[1]}/")
        assert 0.3 < time.monotonic() - begun < 5
        over.set()


def test_an_address_that_is_silent_leaves_the_others_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    with device(lambda _: said("200 OK", "yes")) as (port, _), socket.create_server(("127.0.0.1", 0)) as silent:
        listed = [
            (999, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)),
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", silent.getsockname()),
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)),
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: listed)
        client = autosec.HttpsClient(context=ssl.create_default_context(cadata=OURS), connect_within=2)
        assert ask(client, "https://edge.test/").body == b"yes"


def test_no_secret_is_in_what_is_raised_or_shown() -> None:
    with device(lambda _: said("200 OK"), is_tls=False) as (port, asked):
        for url, headers in [
            (f"http://127.0.0.1:{port}/x?key=SECRET y", []),
            (f"http://127.0.0.1:{port}/x?key=SECRETé", []),
            (f"http://127.0.0.1:{port}/", [("X-Key", "SECRET\r\nA: b")]),
            (f"http://127.0.0.1:{port}/", [("X-Key", "SECRET☃")]),
        ]:
            with pytest.raises(ValueError) as raised:
                autosec.HttpsClient().send(autosec.HttpRequest("GET", url, headers))
            assert "SECRET" not in "".join(traceback.format_exception(raised.value))
        assert asked == []
    request = autosec.HttpRequest("GET", "https://me:SECRET@edge.test:8443/x?key=SECRET", [("X", "SECRET")], b"SECRET")
    assert repr(request) == "<HttpRequest GET https://edge.test:8443/x, 1 headers, 6 bytes>"
    for url, shown in [("http://[", "http://["), ("", ""), ("https://h/a@b#SECRET", "https://h/a@b"), ("me:SECRET@h?", "h")]:
        assert repr(autosec.HttpRequest("GET", url)) == f"<HttpRequest GET {shown}, 0 headers, 0 bytes>"


def test_what_cannot_be_meant_is_refused() -> None:
    for wrong in ["", "00", "g" * 64, "é" * 64]:
        with pytest.raises(autosec.ConfigError, match="is no fingerprint"):
            autosec.HttpsClient(fingerprints=[wrong])
    with pytest.raises(autosec.ConfigError, match="either"):
        autosec.HttpsClient(context=ssl.create_default_context(), fingerprints=[PIN])
    for span in [0, -1, float("nan"), float("inf")]:
        with pytest.raises(autosec.ConfigError, match="`connect_within` is a number of seconds"):
            autosec.HttpsClient(connect_within=span)
    unfit: list[dict[str, Any]] = [{"context": "ours.pem"}, {"fingerprints": PIN}, {"answer_within": "1"}]
    for given in unfit:
        with pytest.raises(TypeError, match=f"`{next(iter(given))}` is"):
            autosec.HttpsClient(**given)
    secrets = autosec.EnvironmentSecrets()
    with pytest.raises(autosec.ConfigError, match="either"):
        autosec.PanOs("https://edge.test", secrets, fingerprints=[PIN], client=autosec.HttpsClient())
    with pytest.raises(autosec.ConfigError, match="is no fingerprint"):
        autosec.PanOs("https://edge.test", secrets, fingerprints=["00"])
    with pytest.raises(TypeError, match="`str` is no HTTP client: subclass `HttpClient`"):
        autosec.PanOs("https://edge.test", secrets, client="curl")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="`HttpsClient` is a class"):
        autosec.PanOs("https://edge.test", secrets, client=autosec.HttpsClient)  # type: ignore[arg-type]


class Vault(autosec.SecretSource):
    def secret(self, name: str) -> str:
        return "LUFRPT1"


def blocking(edge: autosec.PanOs) -> autosec.Enforcement:
    config = {"enforcement": {"timeout": "2s", "attempts": 1}}
    engine = autosec.Engine(autosec.RuleSet(text=RULES), firewalls=[edge], config=config)
    decision = engine.process(ADMIN).decision
    assert decision is not None
    return engine.enforce(decision)


def pan_os(_: bytes) -> bytes:
    return said("200 OK", '<response status="success"><result><count>0</count></result></response>')


def test_a_firewall_is_reached_over_tls() -> None:
    with device(pan_os) as (port, asked):
        done = blocking(autosec.PanOs(f"https://127.0.0.1:{port}", Vault(), fingerprints=[PIN]))
        assert done.complete, done.text
        assert any(b"x-pan-key: LUFRPT1" in request and b"203.0.113.7" in request for request in asked)
        refused = blocking(autosec.PanOs(f"https://127.0.0.1:{port}", Vault()))
    assert not refused.complete and "certificate" in refused.text and "LUFRPT1" not in refused.text


def test_a_firewall_may_be_reached_by_a_client_of_the_host() -> None:
    seen: list[autosec.HttpRequest] = []

    class Proxied(autosec.HttpClient):
        async def send(self, request: autosec.HttpRequest) -> autosec.HttpAnswer:
            seen.append(request)
            return autosec.HttpAnswer(200, [("Date", "now"), ("not a name", "x"), ("A", "\n")], pan_os(b"").partition(b"\r\n\r\n")[2])

    assert blocking(autosec.PanOs("https://edge.test/", Vault(), client=Proxied())).complete
    assert seen[0].url == "https://edge.test/api/" and ("x-pan-key", "LUFRPT1") in seen[0].headers
    assert "LUFRPT1" not in repr(seen[0])


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (None, "`send` gives an `HttpAnswer`, not `NoneType`"),
        (autosec.HttpAnswer(99999), "it raised"),
        (autosec.HttpAnswer(7), "its client gave `7` for a status"),
        (autosec.HttpAnswer(200, body="text"), "it raised TypeError"),  # type: ignore[arg-type]
        (autosec.HttpAnswer(200, body=b"x" * (17 << 20)), "more than 16777216 bytes"),
        (RuntimeError("no way there"), "it raised RuntimeError: no way there"),
    ],
)
def test_what_a_client_of_the_host_does_wrong_is_said(made: Any, words: str) -> None:
    class Wrong(autosec.HttpClient):
        def send(self, request: autosec.HttpRequest) -> Any:
            if isinstance(made, BaseException):
                raise made
            return made

    done = blocking(autosec.PanOs("https://edge.test/", Vault(), client=Wrong()))
    assert not done.complete and words in done.text, done.text
