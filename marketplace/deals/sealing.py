"""The cryptography of sealed bids: HPKE envelopes to a lot's own key, whose seed is shared two-of-n among officers.

The seed of a lot's key exists only while it is made; afterwards every officer's share lies encrypted to that officer's
key, which the marketplace never keeps. One share says nothing about the seed (Shamir 1979).
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from Crypto.Protocol.SecretSharing import Shamir
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from marketplace.core.money import Money

ENVELOPES = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
SEED_BYTES = 16
SALT_BYTES = 32
THRESHOLD = 2


class CannotOpen(Exception):
    """The key does not fit, or the content was tampered with."""


def new_key() -> tuple[str, str]:
    """A fresh key pair as hexadecimal text: private, public."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw().hex(), private.public_key().public_bytes_raw().hex()


def new_seed() -> bytes:
    """The secret from which a lot's key follows."""
    return secrets.token_bytes(SEED_BYTES)


def _key_of(seed: bytes) -> X25519PrivateKey:
    derived = HKDF(SHA256(), 32, salt=None, info=b"opening key of a lot").derive(seed)
    return X25519PrivateKey.from_private_bytes(derived)


def public_key_of(seed: bytes) -> str:
    """The key to which bids are sealed."""
    return _key_of(seed).public_key().public_bytes_raw().hex()


def split_seed(seed: bytes, officers: int) -> list[tuple[int, bytes]]:
    """One numbered share for each officer; any two give the seed back."""
    return [(number, bytes(share)) for number, share in Shamir.split(THRESHOLD, officers, seed)]


def join_shares(shares: Sequence[tuple[int, bytes]]) -> bytes:
    """The seed out of two shares."""
    return bytes(Shamir.combine(list(shares[:THRESHOLD])))


def seal(content: bytes, public_key: str, purpose: str) -> bytes:
    """Encrypt to a key; the purpose binds the envelope to its place."""
    return ENVELOPES.encrypt(content, X25519PublicKey.from_public_bytes(bytes.fromhex(public_key)), purpose.encode())


def _unseal(envelope: bytes, private: X25519PrivateKey, purpose: str) -> bytes:
    try:
        return ENVELOPES.decrypt(envelope, private, purpose.encode())
    except (InvalidTag, ValueError) as fault:
        raise CannotOpen from fault


def unseal_with_key(envelope: bytes, private_key: str, purpose: str) -> bytes:
    """Decrypt with a person's private key, given as hexadecimal text."""
    try:
        private = X25519PrivateKey.from_private_bytes(bytes.fromhex(private_key.strip()))
    except ValueError as fault:
        raise CannotOpen from fault
    return _unseal(envelope, private, purpose)


def unseal_with_seed(envelope: bytes, seed: bytes, purpose: str) -> bytes:
    """Decrypt with a lot's joined seed."""
    return _unseal(envelope, _key_of(seed), purpose)


@dataclass(frozen=True)
class SealedAmount:
    """What lies in an envelope: the amount and the salt that makes its commitment unguessable."""

    amount: Money
    salt: str

    def to_bytes(self) -> bytes:
        """Always 43 bytes, so that the length of an envelope says nothing."""
        return self.amount.amount_minor.to_bytes(8) + self.amount.currency.encode() + bytes.fromhex(self.salt)

    @classmethod
    def from_bytes(cls, content: bytes) -> "SealedAmount":
        """The amount as it was put in."""
        return cls(Money(int.from_bytes(content[:8]), content[8:11].decode()), content[11:].hex())

    def commitment(self, bidder_code: str) -> str:
        """What is published when the envelope is lodged: SHA-256 of amount, currency, bidder and salt."""
        text = f"{self.amount.amount_minor}|{self.amount.currency}|{bidder_code}|{self.salt}"
        return hashlib.sha256(text.encode()).hexdigest()


def with_salt(amount: Money) -> SealedAmount:
    """The amount with a fresh salt of 256 bits."""
    return SealedAmount(amount, secrets.token_hex(SALT_BYTES))
