"""Published rates that floating loans follow, as versioned data with their source; what is not known is a stated assumption."""

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from marketplace.core.errors import Refused
from marketplace.core.i18n import _l
from marketplace.financing.clauses import Clauses, RateReference

_DATA = Path(__file__).with_name("reference_rates.json")


class RateNotPublished(Refused):
    """Before its first publication a rate cannot be followed."""

    message = _l("No rate of this kind was published by %(day)s.")


@dataclass(frozen=True)
class ReferenceRate:
    """A published rate on a day, in basis points a year; assumed when the table ends before the day."""

    bps: int
    published_on: date
    assumed: bool


@dataclass(frozen=True)
class RateTable:
    """Every publication we know, with the version and the source of the table."""

    version: str
    source: str
    known_until: date
    steps: dict[RateReference, tuple[tuple[date, int], ...]]


@cache
def rate_table() -> RateTable:
    """The table in force."""
    data = json.loads(_DATA.read_text(encoding="utf-8"))
    steps = {
        RateReference(name): tuple((date.fromisoformat(day), bps) for day, bps in rows)
        for name, rows in data["rates"].items()
    }
    return RateTable(data["version"], data["source"], date.fromisoformat(data["known_until"]), steps)


def reference_on(reference: RateReference, day: date) -> ReferenceRate:
    """The last rate published by the day; after the end of the table the last known rate is assumed to hold."""
    table = rate_table()
    known = [(published, bps) for published, bps in table.steps[reference] if published <= day]
    if not known:
        raise RateNotPublished(day=day)
    published, bps = known[-1]
    return ReferenceRate(bps, published, assumed=day > table.known_until)


def rate_on(clauses: Clauses, fixed_bps: int, day: date) -> int:
    """The rate a loan bears from this day, in basis points a year, never below zero."""
    if not clauses.floats:
        return fixed_bps
    return max(reference_on(clauses.reference, day).bps + clauses.margin_bps, 0)
