"""Business days: which days banks work, and where a due date goes that falls on another."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l

_DATA = Path(__file__).with_name("holidays.json")
_DAY = timedelta(days=1)


class Convention(StrEnum):
    """Where a due date moves that is no business day."""

    UNADJUSTED = "unadjusted"
    FOLLOWING = "following"
    MODIFIED_FOLLOWING = "modified_following"
    PRECEDING = "preceding"
    MODIFIED_PRECEDING = "modified_preceding"
    NEAREST = "nearest"


@dataclass(frozen=True)
class Calendar:
    """The business days of one market, with the place they were read from."""

    name: str
    source: str
    provisional_from: int
    closed: frozenset[date]
    open: frozenset[date]

    def is_business_day(self, day: date) -> bool:
        """Whether banks of this market work on the day."""
        return day in self.open or (day.weekday() < 5 and day not in self.closed)

    def is_provisional(self, day: date) -> bool:
        """Whether the official notice for that year has not been published yet."""
        return day.year >= self.provisional_from

    def following(self, day: date) -> date:
        """The day itself or the next business day."""
        while not self.is_business_day(day):
            day += _DAY
        return day

    def preceding(self, day: date) -> date:
        """The day itself or the last business day before it."""
        while not self.is_business_day(day):
            day -= _DAY
        return day

    def adjust(self, day: date, convention: Convention) -> date:
        """The due date by the convention; "modified" never leaves the month."""
        later, earlier = self.following(day), self.preceding(day)
        match convention:
            case Convention.UNADJUSTED:
                return day
            case Convention.FOLLOWING:
                return later
            case Convention.PRECEDING:
                return earlier
            case Convention.MODIFIED_FOLLOWING:
                return later if later.month == day.month else earlier
            case Convention.MODIFIED_PRECEDING:
                return earlier if earlier.month == day.month else later
            case _:
                return later if later - day <= day - earlier else earlier


ALIASES: Mapping[str, str] = {
    "china_interbank": "china_interbank",
    "china_ib": "china_interbank",
    "china": "china_interbank",
    "china_sse": "china_exchanges",
    "china_exchanges": "china_exchanges",
    "hong_kong": "hong_kong",
    "hongkong": "hong_kong",
    "hk": "hong_kong",
    "singapore": "singapore",
    "sg": "singapore",
}
"""Names under which a calendar may be asked for."""


def find_calendar(name: str) -> Calendar | None:
    """The calendar of that name; "none" is no calendar, an unknown name is malformed."""
    plain = name.strip().lower().replace(" ", "_").replace("-", "_")
    if not plain or plain.startswith("none"):
        return None
    if plain not in ALIASES:
        raise Malformed("calendar", _l("This holiday calendar is not known here."))
    return _calendars()[ALIASES[plain]]


def find_convention(name: str) -> Convention:
    """The convention of that name, however its words are joined; an unknown name is malformed."""
    plain = name.strip().lower().replace(" ", "").replace("_", "").replace("-", "")
    for convention in Convention:
        if convention.value.replace("_", "") == plain:
            return convention
    raise Malformed("convention", _l("This business day convention is not known here."))


@cache
def _calendars() -> dict[str, Calendar]:
    data = json.loads(_DATA.read_text(encoding="utf-8"))
    return {
        name: Calendar(
            name,
            entry["source"],
            entry["provisional_from"],
            _days(entry["years"], "closed"),
            _days(entry["years"], "open"),
        )
        for name, entry in data["calendars"].items()
    }


def _days(years: Mapping[str, Mapping[str, list[str]]], key: str) -> frozenset[date]:
    return frozenset(
        date.fromisoformat(f"{year}-{day}") for year, entry in years.items() for day in entry.get(key, ())
    )  # fmt: skip
