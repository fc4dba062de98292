"""Keys and signatures as the program `minisign` makes them; Ed25519 by RFC 8032, section 5.1, for tests alone."""

from __future__ import annotations

from base64 import b64encode
from hashlib import blake2b, sha512

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, PRIME) % PRIME
Point = tuple[int, int]
NEUTRAL: Point = (0, 1)
BASE: Point = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    46316835694926478169428394003475163141307993866256225615783033603165251855960,
)


def add(one: Point, other: Point) -> Point:
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2 % PRIME
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, PRIME)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, PRIME)
    return x % PRIME, y % PRIME


def times(scalar: int, point: Point = BASE) -> Point:
    result = NEUTRAL
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def encode(point: Point) -> bytes:
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def number(*parts: bytes) -> int:
    return int.from_bytes(sha512(b"".join(parts)).digest(), "little")


class Key:
    """The key of a seed: the same seed, the same key."""

    def __init__(self, seed: int) -> None:
        self.id = bytes([seed]) * 8
        digest = sha512(bytes([seed]) * 32).digest()
        self.prefix = digest[32:]
        self.secret = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
        self.point = encode(times(self.secret))

    def public(self) -> str:
        """The last line of `minisign.pub`."""
        return b64encode(b"Ed" + self.id + self.point).decode()

    def sign(self, content: bytes) -> str:
        """What stands in the file `….minisig` of this content."""
        signature = self._sign(blake2b(content).digest())
        comment = "timestamp:1795392000\tfile:plugin.toml\thashed"
        whole = b64encode(self._sign(signature + comment.encode())).decode()
        line = b64encode(b"ED" + self.id + signature).decode()
        return f"untrusted comment: signature from minisign secret key\n{line}\ntrusted comment: {comment}\n{whole}\n"

    def _sign(self, message: bytes) -> bytes:
        nonce = number(self.prefix, message) % ORDER
        commitment = encode(times(nonce))
        challenge = number(commitment, self.point, message) % ORDER
        return commitment + ((nonce + challenge * self.secret) % ORDER).to_bytes(32, "little")
