"""Somebody with everything the marketplace keeps: a dump of every table, the logs, the stored files, the settings.

The attacker looks for an amount in every likely writing, breaks fingerprints by guessing, and tries every word that
could be a key on every envelope and every officer's share.
"""

import base64
import binascii
import hashlib
import hmac
import re
import struct
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from marketplace.core.embedded_postgres import find_binaries
from marketplace.core.money import Money
from marketplace.deals import sealing

HEX_WORD = re.compile(rb"[0-9a-fA-F]{10,}")
BASE64_WORD = re.compile(rb"[A-Za-z0-9+/_-]{12,}={0,2}")


def dump_of(database_url: str) -> bytes:
    """What pg_dump writes of the whole database."""
    command = [str(find_binaries() / "pg_dump"), "--no-owner", database_url]
    return subprocess.run(command, check=True, capture_output=True).stdout


def files_of(folder: Path) -> bytes:
    """Every file the marketplace has stored, logs included."""
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@dataclass(frozen=True)
class Envelope:
    """A sealed bid as the dump shows it, with the place it is bound to."""

    content: bytes
    purpose: str


class Haul:
    """All that was found, as it is and with every hexadecimal and base64 word decoded."""

    def __init__(self, *pieces: bytes) -> None:
        self.raw = b"\n".join(pieces)
        decoded = [*_decoded_hex(self.raw), *_decoded_base64(self.raw)]
        self.words = {word for word in decoded if len(word) in (16, 32)}
        self.everything = self.raw + b"\n" + b"\n".join(decoded)

    def mentions(self, amount: Money) -> list[str]:
        """The writings of the amount that occur."""
        return [name for name, written in writings(amount) if written in self.everything]

    def breaks_fingerprint(self, amount: Money, context: Iterable[str]) -> bool:
        """Whether some hash in the haul is that of the amount with a salt or key that lies there too."""
        hashes = {word for word in self.words if len(word) == 32}
        salts = [b"", *(text.encode() for text in context), *self.words, *(word.hex().encode() for word in self.words)]
        for text in _phrases(amount, list(context)):
            for salt in salts:
                for made in (text + salt, salt + text):
                    if hashlib.sha256(made).digest() in hashes:
                        return True
                if salt and hmac.new(salt, text, "sha256").digest() in hashes:
                    return True
        return False

    def opens(self, envelopes: list[Envelope], sealed_shares: list[tuple[int, bytes]]) -> list[Money]:
        """The amounts read by trying every possible key on every envelope, directly and through the officers' shares."""
        seeds = [word for word in self.words if len(word) == 16]
        private = [word.hex() for word in self.words if len(word) == 32]
        shares = [
            (number, share) for number, sealed in sealed_shares for share in _unsealed([sealed], private, "share")
        ]
        seeds += [sealing.join_shares(pair) for pair in combinations(shares, 2) if pair[0][0] != pair[1][0]]
        found = []
        for envelope in envelopes:
            for seed in seeds:
                try:
                    opened = sealing.unseal_with_seed(envelope.content, seed, envelope.purpose)
                except sealing.CannotOpen:
                    continue
                found.append(sealing.SealedAmount.from_bytes(opened).amount)
            for opened in _unsealed([envelope.content], private, envelope.purpose):
                found.append(sealing.SealedAmount.from_bytes(opened).amount)
        return found


def writings(amount: Money) -> Iterator[tuple[str, bytes]]:
    """The amount in every likely writing, each also as hexadecimal and base64 at any place of a longer text."""
    minor, plain = amount.amount_minor, amount.format()
    short = minor.to_bytes((minor.bit_length() + 7) // 8)
    forms = {
        "major units": plain.encode(),
        "minor units": str(minor).encode(),
        "grouped": f"{amount.amount:,.2f}".encode(),
        "scientific": f"{float(amount.amount):.10e}".rstrip("0").encode(),
        "full width": plain.translate({48 + n: 0xFF10 + n for n in range(10)}).encode(),
        "utf-16": plain.encode("utf-16-le"),
        "reversed": plain[::-1].encode(),
        "big endian": short,
        "little endian": short[::-1],
        "double of major": struct.pack("<d", float(amount.amount)),
        "double of minor": struct.pack("<d", float(minor)),
        "double, big endian": struct.pack(">d", float(amount.amount)),
    }
    for name, form in forms.items():
        yield name, form
        yield f"{name}, hexadecimal", form.hex().encode()
        yield f"{name}, upper hexadecimal", form.hex().upper().encode()
        for shift in range(3):
            core = base64.b64encode(b"\0" * shift + form)[(0, 2, 3)[shift] :]
            yield f"{name}, base64 at {shift}", core.rstrip(b"=")[: -1 if core.endswith(b"=") else None]


def _phrases(amount: Money, context: list[str]) -> list[bytes]:
    plain = amount.format()
    texts = [plain, plain.removesuffix(".00"), str(amount.amount_minor), f"{amount.amount_minor}|{amount.currency}"]
    texts += [f"{amount.amount_minor}|{amount.currency}|B{place}|" for place in (1, 2, 3)]
    body = f'{{"amount": {{"amount": "{plain}", "currency": "{amount.currency}"}}}}'
    bodies = [body, body.replace(": ", ":").replace(", ", ",")]
    texts += bodies + [f"POST{path}\0{one}" for path in context for one in bodies]
    return [text.encode() for text in texts]


def _unsealed(sealed: list[bytes], private_keys: list[str], purpose: str) -> Iterator[bytes]:
    for content in sealed:
        for key in private_keys:
            try:
                yield sealing.unseal_with_key(content, key, purpose)
            except sealing.CannotOpen:
                continue


def _decoded_hex(raw: bytes) -> Iterator[bytes]:
    for found in set(HEX_WORD.findall(raw)):
        yield bytes.fromhex(found[: len(found) // 2 * 2].decode())


def _decoded_base64(raw: bytes) -> Iterator[bytes]:
    for found in set(BASE64_WORD.findall(raw)):
        try:
            yield base64.urlsafe_b64decode(found.replace(b"+", b"-").replace(b"/", b"_").rstrip(b"=") + b"==")
        except binascii.Error:
            continue
