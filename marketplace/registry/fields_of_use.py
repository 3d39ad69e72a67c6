"""Fields of use as an algebra: everything, an IPC/CPC prefix, or a named field, each except smaller ones.

A classification prefix covers whatever begins with it, so two prefixes overlap when one begins with the
other. Two names overlap when they are equal. A name and a classification overlap only through «*»,
because nothing tells which classes a name covers; contracts should therefore not mix them. «H04 except H04L9;
H04W» is what remains of a field when smaller ones are taken out of it.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _, _l

EVERYTHING = "*"
EXCEPT = " except "
_EXCEPT = re.compile(r"\s+except\s+|\s+除\s*|\s*[(（]不含\s*")
_PREFIX = re.compile(r"^[A-HY](?:\d{2}(?:[A-Z](?:\d{1,4}(?:/\d{0,6})?)?)?)?$")
_TOP = "\U0010fffe"


@lru_cache(maxsize=20_000)
def field_key(text: str) -> str:
    """The field in its comparable form: «*», a class prefix in capitals, or «name:…», each except smaller ones."""
    base, *taken = _EXCEPT.split(text.strip().rstrip(")）"), maxsplit=1)
    smaller = re.split(r"[;；,，、]", taken[0]) if taken else []
    key = _without(_plain_key(base), frozenset(_plain_key(one) for one in smaller if one.strip()))
    if key is None:
        raise Malformed("fields", _l("The exception leaves nothing of the field."))
    return key


def _plain_key(text: str) -> str:
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


@lru_cache(maxsize=20_000)
def _parts(key: str) -> tuple[str, frozenset[str]]:
    """A key's field and what is taken out of it."""
    base, _, taken = key.partition(EXCEPT)
    return base, frozenset(taken.split("; ")) if taken else frozenset()


def _without(base: str, taken: frozenset[str]) -> str | None:
    """The key of a field without others; nothing when they cover it."""
    inside = [one for one in taken if _meet(base, one) is not None]
    if any(_holds(one, base) for one in inside):
        return None
    least = [one for one in inside if not any(_holds(other, one) for other in inside if other != one)]
    return base + (EXCEPT + "; ".join(sorted(least)) if least else "")


@lru_cache(maxsize=20_000)
def field_keys(texts: tuple[str, ...]) -> frozenset[str]:
    """The fields of a grant; none stated means every field."""
    keys = frozenset(field_key(text) for text in texts)
    return frozenset({EVERYTHING}) if not keys or EVERYTHING in keys else keys


def fields_in_words(keys: Iterable[str]) -> str:
    """Fields of use in the reader's language."""
    return ", ".join(_in_words(*_parts(field_key(key))) for key in keys)


def _in_words(base: str, taken: frozenset[str]) -> str:
    names = [str(_l("every use")) if key == EVERYTHING else key.removeprefix("name:") for key in (base, *sorted(taken))]
    if not taken:
        return names[0]
    return _("%(field)s except %(smaller)s", field=names[0], smaller=", ".join(names[1:]))


def covers(wider: str, narrower: str) -> bool:
    """Whether everything in the second field lies in the first."""
    (wide, missing), (narrow, left_out) = _parts(wider), _parts(narrower)
    if not _holds(wide, narrow):
        return False
    needed = [part for one in missing if (part := _meet(one, narrow)) is not None]
    return all(any(_holds(out, part) for out in left_out) for part in needed)


def overlap(one: str, other: str) -> bool:
    """Whether any use lies in both fields."""
    (first, out_of_first), (second, out_of_second) = _parts(one), _parts(other)
    part = _meet(first, second)
    return part is not None and not any(_holds(out, part) for out in out_of_first | out_of_second)


def exceptions_of(key: str) -> int:
    """How many smaller fields are taken out of a field."""
    return len(_parts(key)[1])


def common(fields: Iterable[str], others: Iterable[str]) -> frozenset[str]:
    """What lies both in the first fields and in the second."""
    pairs = [(one, other) for one in fields for other in others if overlap(one, other)]
    return frozenset(key for one, other in pairs if (key := _common(one, other)) is not None)


def _common(one: str, other: str) -> str | None:
    (first, out_of_first), (second, out_of_second) = _parts(one), _parts(other)
    base = _meet(first, second)
    return None if base is None else _without(base, out_of_first | out_of_second)


@lru_cache(maxsize=50_000)
def fields_meet(fields: frozenset[str], others: frozenset[str]) -> bool:
    """Whether any use lies both in the first fields and in the second."""
    return any(overlap(one, other) for one in fields for other in others)


def remaining(fields: Iterable[str], taken: Iterable[str]) -> frozenset[str]:
    """What is left of the first fields when the second are taken out of them."""
    left = frozenset(fields)
    for other in taken:
        left = frozenset(part for one in left for part in _remainder(one, other))
    return left


@lru_cache(maxsize=20_000)
def _remainder(one: str, other: str) -> tuple[str, ...]:
    (base, out), (taken, given_back) = _parts(one), _parts(other)
    if _meet(base, taken) is None:
        return (one,)
    first = _without(base, out | {taken})
    back = [_without(part, out) for free in given_back if (part := _meet(base, free)) is not None]
    return tuple(part for part in (first, *back) if part is not None)


def _meet(one: str, other: str) -> str | None:
    """The smaller of two plain fields when it lies in the other."""
    if _holds(one, other):
        return other
    return one if _holds(other, one) else None


def _holds(wider: str, narrower: str) -> bool:
    """Whether one plain field lies in another."""
    if wider in (EVERYTHING, narrower):
        return True
    if wider.startswith("name:") or narrower.startswith("name:") or narrower == EVERYTHING:
        return False
    return narrower.startswith(wider) and _boundary(wider, narrower)


def _boundary(wider: str, narrower: str) -> bool:
    """A main group ends at its slash: H04L1 is not the beginning of H04L12/00."""
    rest = narrower[len(wider) :]
    if not rest or not wider[-1].isdigit() or len(wider) <= 4:
        return True
    if "/" in wider:
        return True
    return rest.startswith("/")


def intervals_of(keys: Iterable[str]) -> list[tuple[str | None, str | None]]:
    """The fields as intervals of text that do not touch, for the database's exclusion constraint; open ends are None."""
    pieces = sorted({piece for key in keys for piece in _pieces(key)}, key=lambda piece: piece[0] or "")
    whole: list[tuple[str | None, str | None]] = []
    for begins, ends in pieces:
        first, last = whole[-1] if whole else (None, "")
        if whole and (last is None or begins is None or begins <= last):
            whole[-1] = (first, None if last is None or ends is None else max(last, ends))
        else:
            whole.append((begins, ends))
    return whole


def _pieces(key: str) -> list[tuple[str | None, str | None]]:
    """One field without what is taken out of it."""
    base, taken = _parts(key)
    low, high = _interval(base)
    pieces = []
    for begins, ends in sorted(_interval(one) for one in taken):
        if low is None or (begins is not None and low < begins):
            pieces.append((low, begins))
        low = ends
    return pieces if low is not None and low == high else [*pieces, (low, high)]


def _interval(key: str) -> tuple[str | None, str | None]:
    if key == EVERYTHING:
        return None, None
    if key.startswith("name:"):
        return key, key + "\x01"
    if len(key) > 4 and "/" not in key:
        key += "/"
    return key, key + _TOP
