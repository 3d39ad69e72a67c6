"""One text for one content: the canonical JSON that every hash of the trail is taken over."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from hashlib import sha256
from typing import Any
from uuid import UUID

from marketplace.core.money import Money


def canonical_json(value: Any) -> str:
    """The value as JSON with sorted keys and no spaces, the same text on every machine."""
    return json.dumps(plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def content_hash(value: Any) -> str | None:
    """The SHA-256 of a content's canonical JSON, in hexadecimal; nothing has no hash."""
    return None if value is None else sha256(canonical_json(value).encode()).hexdigest()


def instant_text(instant: datetime) -> str:
    """An instant in UTC to the microsecond, RFC 3339."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """The value made of JSON's own kinds; amounts, fractions and other numbers become exact text, never floats."""
    if value is None or isinstance(value, bool | int) or type(value) is str:
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Money):
        return {"amount_minor": value.amount_minor, "currency": value.currency}
    if isinstance(value, UUID | Decimal | Fraction | float | str):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    return _plain_collection(value)


def _plain_collection(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(content) for key, content in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((plain(content) for content in value), key=str)
    if isinstance(value, list | tuple):
        return [plain(content) for content in value]
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return str(value)
