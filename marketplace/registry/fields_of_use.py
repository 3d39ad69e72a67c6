"""Fields of use as an algebra: everything, an IPC/CPC prefix, or a named field.

A classification prefix covers whatever begins with it, so two prefixes overlap when one begins with the
other. Two names overlap when they are equal. A name and a classification overlap only through «*»,
because nothing tells which classes a name covers; contracts should therefore not mix them.
"""

import re
from functools import lru_cache

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l

EVERYTHING = "*"
_PREFIX = re.compile(r"^[A-HY](?:\d{2}(?:[A-Z](?:\d{1,4}(?:/\d{0,6})?)?)?)?$")
_TOP = "\U0010fffe"


@lru_cache(maxsize=20_000)
def field_key(text: str) -> str:
    """The field in its comparable form: «*», a class prefix in capitals, or «name:…»."""
    plain = " ".join(text.split())
    if plain in ("", EVERYTHING, "all", "ALL", "全部"):
        return EVERYTHING
    compact = plain.upper().replace(" ", "")
    if _PREFIX.match(compact):
        return compact
    name = plain.removeprefix("name:").strip().casefold()
    if not name or len(name) > 80:
        raise Malformed("fields", _l("Name the field of use in at most 80 characters."))
    return f"name:{name}"


def field_keys(texts: object) -> frozenset[str]:
    """The fields of a grant; none stated means every field."""
    given = (
        [texts] if isinstance(texts, str) else list(texts) if isinstance(texts, list | tuple | set | frozenset) else []
    )
    keys = {field_key(str(text)) for text in given}
    return frozenset({EVERYTHING}) if not keys or EVERYTHING in keys else frozenset(keys)


def covers(wider: str, narrower: str) -> bool:
    """Whether everything in the second field lies in the first."""
    if wider in (EVERYTHING, narrower):
        return True
    if wider.startswith("name:") or narrower.startswith("name:") or narrower == EVERYTHING:
        return False
    return narrower.startswith(wider) and _boundary(wider, narrower)


def overlap(one: str, other: str) -> bool:
    """Whether any use lies in both fields."""
    return covers(one, other) or covers(other, one)


def _boundary(wider: str, narrower: str) -> bool:
    """A main group ends at its slash: H04L1 is not the beginning of H04L12/00."""
    rest = narrower[len(wider) :]
    if not rest or not wider[-1].isdigit() or len(wider) <= 4:
        return True
    if "/" in wider:
        return True
    return rest.startswith("/")


def interval_of(key: str) -> tuple[str | None, str | None]:
    """The field as an interval of text, for the database's exclusion constraint."""
    if key == EVERYTHING:
        return None, None
    if key.startswith("name:"):
        return key, key + "\x01"
    if len(key) > 4 and "/" not in key:
        key += "/"
    return key, key + _TOP
