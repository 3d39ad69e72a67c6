"""Time stamps of an independent authority (RFC 3161): proof that something existed at a moment, by another's clock.

``TIMESTAMP_URL`` names the authority, ``TIMESTAMP_ROOTS`` a PEM file with the certificates it is trusted by. Without
them nothing is stamped, and nothing else changes.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import current_app

from marketplace.settings import Settings

WAIT_SECONDS = 15


class StampInvalid(ValueError):
    """A time stamp does not prove what it should."""


class AuthorityUnavailable(RuntimeError):
    """The authority did not answer; the job tries again."""


@dataclass(frozen=True)
class TimeStamp:
    """The authority's answer as it came, and the moment it states."""

    authority: str
    response: bytes
    at: datetime


def stamping_is_on() -> bool:
    """Whether an authority is configured."""
    return _settings().timestamp_url is not None


def request_stamp(message: bytes) -> TimeStamp:
    """Ask the authority to stamp this message and verify the answer; never inside a request of a person."""
    import httpx
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    url = _settings().timestamp_url or ""
    asked = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True).build()
    headers = {"Content-Type": "application/timestamp-query"}
    try:
        answer = httpx.post(url, content=asked.as_bytes(), headers=headers, timeout=WAIT_SECONDS)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise AuthorityUnavailable(str(error)) from error
    return TimeStamp(url, answer.content, verified_moment(answer.content, message))


def verified_moment(response: bytes, message: bytes) -> datetime:
    """The moment a stamp proves for this message; raises ``StampInvalid``."""
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    builder = VerifierBuilder()
    for root in _roots():
        builder = builder.add_root_certificate(root)
    try:
        decoded = decode_timestamp_response(response)
        builder.build().verify_message(decoded, message)
    except (VerificationError, ValueError) as error:
        raise StampInvalid(str(error)) from error
    moment: datetime = decoded.tst_info.gen_time
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _roots() -> list[Any]:
    from cryptography import x509

    path = _settings().timestamp_roots
    return x509.load_pem_x509_certificates(path.read_bytes()) if path else []


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
