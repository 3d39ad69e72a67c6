"""What the index stores of one asset: the texts as tokens, the facets packed together, numbers that keep an order."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from marketplace.listings.text import class_branches, fold, index_tokens, number_symbol
from marketplace.listings.vocabulary import day_number

SCHEMA_VERSION = 3
"""Counted up whenever entries change their shape; an index of another version is built anew."""
EVERYONE = "everyone"
"""The audience of what anybody may see."""
MISSING = -1
"""An unknown date or number: never inside a range, last in every order."""
KEY_BITS = 29
KNOWN_FROM = 1 << KEY_BITS
"""Orders below this belong to unknown dates and prices."""

PROFILES: dict[str, tuple[str, ...]] = {
    "right_profile": ("kind", "status", "office"),
    "branch_profile": ("section",),
    "offer_profile": ("mode", "licence", "price", "life", "pledged", "financing"),
}
"""Facets counted together: one pass over the hits counts a whole profile, which is then taken apart."""
BETWEEN_FACETS, BETWEEN_VALUES = "|", ","

PRICE_STEPS: dict[str, tuple[int, int | None]] = {
    "0..100000": (0, 100_000), "100000..1000000": (100_000, 1_000_000), "1000000..10000000": (1_000_000, 10_000_000),
    "10000000..": (10_000_000, None),
}  # fmt: skip
"""Asking price in yuan; the upper bound is not included."""
LIFE_STEPS: dict[str, tuple[int, int | None]] = {"0..3": (0, 3), "3..8": (3, 8), "8..15": (8, 15), "15..": (15, None)}
"""Years until the right ends; the upper bound is not included."""


@lru_cache(maxsize=64)
def stepped_bounds(name: str, today: date) -> dict[str, tuple[int, int | None]]:
    """The stored bounds of each step of price or life: low included, high excluded."""
    if name == "price":
        return {step: (low * 100, None if high is None else high * 100) for step, (low, high) in PRICE_STEPS.items()}
    return {
        step: (years_on(today, low).toordinal(), None if high is None else years_on(today, high).toordinal())
        for step, (low, high) in LIFE_STEPS.items()
    }


def years_on(today: date, years: int) -> date:
    """The same day so many years later, at most the 28th of its month."""
    return date(today.year + years, today.month, min(today.day, 28)) if years else today


def _step(name: str, value: int | None, today: date) -> str:
    if value is None:
        return ""
    for step, (low, high) in stepped_bounds(name, today).items():
        if low <= value and (high is None or value < high):
            return step
    return ""


@dataclass(frozen=True)
class AssetDocument:
    """Everything about one asset that search may show on a day, before it is taken apart for the index."""

    asset_id: UUID
    titles: tuple[str, ...] = ()
    abstracts: tuple[str, ...] = ()
    applicants: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    inventors: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    ipc: tuple[str, ...] = ()
    cpc: tuple[str, ...] = ()
    nice: tuple[str, ...] = ()
    kind: str = ""
    status: str = ""
    office: str = ""
    mode: tuple[str, ...] = ()
    licence: tuple[str, ...] = ()
    pledged: bool = False
    financing: bool = False
    filed: date | None = None
    granted: date | None = None
    expires: date | None = None
    claims: int | None = None
    price_minor: int | None = None
    listed_on: date | None = None
    family: str = ""
    audience: tuple[str, ...] = (EVERYONE,)
    extra: tuple[str, ...] = ()
    life: str = ""

    @property
    def key(self) -> int:
        """A short number for the asset, used in orders and cursors."""
        return asset_key(self.asset_id)

    @property
    def fingerprint(self) -> int:
        """A number that changes when anything in the document changes."""
        return short_key(f"{SCHEMA_VERSION} {self!r}")


def life_on(expires: date | None, today: date) -> str:
    """The step of remaining life in which a right stands on a day; none for one that ended."""
    return _step("life", day_number(expires) if expires else None, today)


def short_key(text: str) -> int:
    """Fifty-six bits of the text's hash: small enough for a cursor, two equal ones among a million assets: 1 in 10⁵."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7])


def asset_key(asset_id: UUID) -> int:
    """The short number of an asset."""
    return short_key(str(asset_id))


TITLE_WEIGHT = 5
"""So many times a word of the title counts in the rank: the title stands that often in the text of everything."""
_APART = " ¦ "
"""Keeps a phrase from reaching across two texts."""


def _spaced(texts: Iterable[str]) -> str:
    return _APART.join([" ".join(index_tokens(text)) for text in texts])


def _number_variants(numbers: Iterable[str]) -> set[str]:
    variants: set[str] = set()
    for number in numbers:
        symbol = number_symbol(number)
        bare = symbol.lstrip("abcdefghijklmnopqrstuvwxyz")
        variants |= {symbol, bare, symbol[: len(symbol) - len(bare)] + _digits(bare), _digits(bare)}
    return variants - {""}


def _digits(text: str) -> str:
    end = next((at for at, sign in enumerate(text) if not sign.isdigit()), len(text))
    return text[:end]


def _order(value: int, key: int) -> int:
    """A total order: unknown values below all others, equal values by key."""
    capped = min(max(value + 1, 0), 1 << 33)
    return (capped << KEY_BITS) | (key & (KNOWN_FROM - 1))


def entry_of(document: AssetDocument) -> dict[str, Any]:
    """The asset as the index stores it, field by field."""
    key = document.key
    return (
        {"key": key, "family": short_key(document.family) if document.family else key}
        | {"fingerprint": document.fingerprint, "audience": list(document.audience)}
        | {"restricted": [] if EVERYONE in document.audience else ["yes"]}
        | dict(zip(("id_high", "id_low"), id_halves(document.asset_id), strict=True))
        | _words(document)
        | _facets(document)
        | _numbers(document, key)
    )


def id_halves(asset_id: UUID) -> tuple[int, int]:
    """The identity as two whole numbers."""
    return int.from_bytes(asset_id.bytes[:8], signed=True), int.from_bytes(asset_id.bytes[8:], signed=True)


def joined_id(high: int, low: int) -> UUID:
    """The asset whose two halves these are."""
    return UUID(bytes=high.to_bytes(8, signed=True) + low.to_bytes(8, signed=True))


def _words(document: AssetDocument) -> dict[str, Any]:
    variants = sorted(_number_variants(document.numbers))
    texts = {
        "title": _spaced(document.titles),
        "abstract": _spaced(document.abstracts),
        "applicant": _spaced(document.applicants),
        "owner": _spaced(document.owners),
        "inventor": _spaced(document.inventors),
    }
    rest = _spaced([*document.numbers, " ".join(variants), *document.ipc, *document.cpc, *document.extra])
    return texts | {
        "everything": _APART.join([texts["title"]] * (TITLE_WEIGHT - 1) + [*texts.values(), rest]),
        "number": variants,
        "ipc": sorted({branch for symbol in document.ipc for branch in class_branches(symbol)}),
        "cpc": sorted({branch for symbol in document.cpc for branch in class_branches(symbol)}),
        "nice": [fold(each) for each in document.nice],
    }


def _facets(document: AssetDocument) -> dict[str, Any]:
    sections = {symbol.strip()[:1].lower() for symbol in (*document.ipc, *document.cpc) if symbol.strip()}
    values: dict[str, list[str]] = {
        "kind": [document.kind],
        "status": [document.status],
        "office": [document.office.lower()],
        "section": sorted(sections),
        "mode": list(document.mode),
        "licence": list(document.licence),
        "pledged": ["yes" if document.pledged else "no"],
        "financing": ["yes" if document.financing else "no"],
    }
    packed = values | {"price": [_step("price", document.price_minor, date.min)], "life": [document.life]}
    profiles = {
        profile: BETWEEN_FACETS.join([BETWEEN_VALUES.join(packed[name]) for name in names])
        for profile, names in PROFILES.items()
    }
    return values | profiles


def _numbers(document: AssetDocument, key: int) -> dict[str, int]:
    days = {
        "filed": document.filed,
        "granted": document.granted,
        "expires": document.expires,
        "listed": document.listed_on,
    }
    whole = {name: day_number(day) if day else MISSING for name, day in days.items()}
    price = MISSING if document.price_minor is None else document.price_minor
    listed = whole.pop("listed")
    return whole | {
        "claims": MISSING if document.claims is None else document.claims,
        "price": price,
        "filed_order": _order(whole["filed"], key),
        "expires_order": _order(whole["expires"], key),
        "price_order": _order(price // 100, key),
        "listed_order": _order(listed, key),
    }
