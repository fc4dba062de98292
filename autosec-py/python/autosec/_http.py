"""How devices on a network are reached: by Python's own TLS, unless a host has a client of its own."""

from __future__ import annotations

import hashlib
import io
import ipaddress
import re
import socket
import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from ._errors import ConfigError
from ._seconds import seconds


@dataclass(frozen=True, repr=False)
class HttpRequest:
    """A request, complete but for `Host` and `Content-Length`. Its headers and its body may hold secrets: they are not shown."""

    method: str
    url: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    address: str | None = None
    """What to connect to whatever the name in the URL resolves to, because it was checked; the server is still asked for
    that name, and has to have a certificate for it. A client that does not choose addresses refuses a request that has one."""
    largest_answer: int = 16 << 20
    """The most bytes of an answer's body that are of use: a longer one is an error wherever it is cut behind them."""

    def __repr__(self) -> str:
        bare = re.split("[?#]", self.url, maxsplit=1)[0]
        shown = re.sub("^((?:[^/]*//)?)[^/]*@", r"\1", bare)
        return f"<HttpRequest {self.method} {shown}, {len(self.headers)} headers, {len(self.body)} bytes>"


@dataclass(frozen=True)
class HttpAnswer:
    """What was answered, whatever the status says."""

    status: int
    headers: Sequence[tuple[str, str]] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)


class HttpClient(ABC):
    """How firewalls on a network are reached: subclass it to go through a proxy, say.

    A client follows no redirects. What it raises names no secret; an `OSError` may be tried again, unless it is a
    `PermissionError` or an `ssl.SSLError` of a connection that did not just end, and a `ValueError` is final.
    """

    @abstractmethod
    def send(self, request: HttpRequest) -> Any:
        """Sends the request and gives the `HttpAnswer`; may be `async def`. Each call has a thread of its own."""


class HttpsClient(HttpClient):
    """HTTP/1.1 over TLS, by Python's `ssl`: without proxies, and one connection a request.

    Believed is whom `context` believes, by default the authorities that this system trusts:
    `HttpsClient(context=ssl.create_default_context(cafile="ours.pem"))` trusts your own. With `fingerprints` it is whoever
    has the key of one of these certificates (SHA-256, as `openssl x509 -noout -fingerprint -sha256` prints it), for devices
    with a certificate of their own making: then its name, dates and issuer do not matter.

    Connecting, TLS included, takes `connect_within` seconds at most, what comes after it `answer_within`; how long a name
    takes is for the system's resolver to say.
    `http://` is spoken to this machine alone, unless `allow_plain`: whoever is on the way would read all, secrets too.
    """

    def __init__(
        self,
        *,
        context: ssl.SSLContext | None = None,
        fingerprints: Iterable[str] | None = None,
        connect_within: float = 10.0,
        answer_within: float = 30.0,
        allow_plain: bool = False,
    ) -> None:
        if not isinstance(context, (ssl.SSLContext, type(None))):
            raise TypeError(f"`context` is an `ssl.SSLContext`, not `{type(context).__name__}`")
        if context is not None and fingerprints is not None:
            raise ConfigError("either `context` or `fingerprints`: a pinned certificate is believed by nothing else")
        if isinstance(fingerprints, (str, bytes)):
            raise TypeError(f"`fingerprints` is a list of texts, not one `{type(fingerprints).__name__}`")
        self._pins = None if fingerprints is None else frozenset(map(_fingerprint, fingerprints))
        self._context = context or _context(self._pins is not None)
        self._connect_within = seconds("connect_within", connect_within)
        self._answer_within = seconds("answer_within", answer_within)
        self._allow_plain = allow_plain

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Sends the request and reads the answer."""
        url = urlsplit(request.url)
        host, is_tls = url.hostname, url.scheme == "https"
        if not host or url.scheme not in ("http", "https"):
            raise ValueError("this is no complete URL of `https`")
        if not (is_tls or self._allow_plain or _is_this_machine(request.address or host)):
            raise ValueError("it would send secrets in the clear: use `https`, or allow it")
        usual = 443 if is_tls else 80
        port = url.port or usual
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        if re.search(r"[^!-~]", target):
            raise ValueError("the path of its URL holds what a URL cannot")
        with self._connected(request.address or host, port, host if is_tls else None) as stream:
            connection = HTTPConnection(host, port)
            connection.default_port = usual  # which `Host` leaves out
            connection.sock = _Timed(stream, time.monotonic() + self._answer_within)
            try:
                return _exchanged(connection, request, target)
            except HTTPException as broken:
                raise ConnectionError(f"the exchange broke off: {type(broken).__name__}") from None

    def _connected(self, address: str, port: int, tls_name: str | None) -> socket.socket:
        addresses = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
        until = time.monotonic() + self._connect_within
        failed: OSError = ConnectionError("its name has no address")
        for tried, (family, kind, protocol, _, to) in enumerate(addresses):
            # An address that is silent leaves the others their share.
            share = time.monotonic() + _left(until) / (len(addresses) - tried)
            try:
                raw = socket.socket(family, kind, protocol)
            except OSError as wrong:
                failed = wrong
                continue
            try:
                raw.settimeout(_left(share))
                raw.connect(to)
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return raw if tls_name is None else self._secured(raw, tls_name, share)
            except ssl.SSLError:
                raw.close()
                raise
            except OSError as wrong:
                raw.close()
                failed = wrong
            except BaseException:
                raw.close()
                raise
        raise failed

    def _secured(self, raw: socket.socket, name: str, until: float) -> ssl.SSLSocket:
        raw.settimeout(_left(until))
        made = self._context.wrap_socket(raw, server_hostname=name)
        if self._pins is not None:
            seen = hashlib.sha256(made.getpeercert(binary_form=True) or b"").hexdigest()
            if seen not in self._pins:
                made.close()
                printed = ":".join(re.findall("..", seen.upper()))
                raise ssl.SSLCertVerificationError(
                    f"its certificate has the fingerprint {printed}, which is not pinned"
                )
        return made


_OWN = frozenset(["connection", "content-length", "transfer-encoding"])
"""The headers that say how a request is framed, which whoever sends it knows."""


class _Timed:
    """A connection for one exchange, whose reads and writes end when the time for all of them is over: a server that sends a
    byte now and then would otherwise keep its thread for ever."""

    def __init__(self, stream: socket.socket, until: float) -> None:
        self._stream = stream
        self._until = until

    def sendall(self, data: bytes) -> None:
        self.in_time().sendall(data)

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(_Answer(self))

    def close(self) -> None:
        """Nothing: whoever made the connection ends it."""

    def in_time(self) -> socket.socket:
        self._stream.settimeout(_left(self._until))
        return self._stream


class _Answer(io.RawIOBase):
    def __init__(self, timed: _Timed) -> None:
        self._timed = timed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._timed.in_time().recv_into(buffer)


def _context(is_pinned: bool) -> ssl.SSLContext:
    if not is_pinned:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    # Whose certificate it is is looked at once it is there; that the server has its key, TLS itself makes sure of.
    context.verify_mode = ssl.CERT_NONE
    return context


def _fingerprint(text: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"a fingerprint is a text, not `{type(text).__name__}`")
    bare = text.strip().replace(":", "").lower()
    if not re.fullmatch("[0-9a-f]{64}", bare):
        raise ConfigError(f"`{text[:100]}` is no fingerprint: one is 64 hexadecimal digits, with or without colons")
    return bare


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("it took too long")
    return left


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _exchanged(connection: HTTPConnection, request: HttpRequest, target: str) -> HttpAnswer:
    given = [(name, value) for name, value in request.headers if name.lower() not in _OWN]
    has_host = any(name.lower() == "host" for name, _ in given)
    connection.putrequest(request.method, target, skip_host=has_host, skip_accept_encoding=True)
    for name, value in given:
        if not re.fullmatch(r"[!-9;-~]+", name) or re.search(r"[^\t -~\x80-\xff]", value):
            # Without the value, which may be a secret.
            raise ValueError(f"the header `{name[:100]}` cannot be sent: a line ends in it, or it is no Latin-1")
        connection.putheader(name, value.encode("latin-1"))
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        connection.putheader("Content-Length", str(len(request.body)))
    connection.putheader("Connection", "close")
    connection.endheaders(request.body)
    answer = connection.getresponse()
    body = answer.read(request.largest_answer + 1)
    if answer.length and len(body) <= request.largest_answer:
        raise ConnectionError(f"the exchange broke off: {answer.length} bytes of the answer are missing")
    return HttpAnswer(answer.status, answer.getheaders(), body)
