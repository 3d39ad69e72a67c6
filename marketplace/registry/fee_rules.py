"""When a fee may first be paid, what it costs late, how a lapsed right comes back, and what proves a payment.

Sources: Chinese Patent Law art. 43-44, Implementing Rules 6, 98 and 99, CNIPA fee table; Trademark Law 2019 art. 40;
35 USC 41(b), 37 CFR 1.362 and 1.378; EPC art. 86 and 122, rules 51 and 136. What was not verified is left out.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from marketplace.core.money import Money
from marketplace.registry.assets import Asset, AssetKind
from marketplace.registry.fees import FeeDue, FeeState, fees_of
from marketplace.registry.register_events import RegisterEvent, current_events, events_of
from marketplace.registry.terms import after_months

LATE_RENEWAL_CNY = 250
RESTORATION_CNY = 1000
_AMERICAN = re.compile(r"\b(4|8|12)TH\s+Y(?:EA)?R|\bM[123]55([123])\b")
_EUROPEAN = re.compile(r"YEAR OF (?:FEE )?PAYMENT\W{0,3}(\d{1,2})\b")
_PATENT_YEARS = {"4": 3, "8": 7, "12": 11, "1": 3, "2": 7, "3": 11}


class Restoration(StrEnum):
    """The way back for a right whose fee was not paid even late."""

    TWO_MONTHS_FROM_NOTICE = "two_months_from_notice"
    NONE_FILE_ANEW = "none_file_anew"
    PETITION_UNINTENDED = "petition_unintended"
    RE_ESTABLISHMENT = "re_establishment"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Deadline:
    """One fee with everything a holder needs to keep the right."""

    fee: FeeDue
    opens_on: date | None
    surcharge: Money | None
    restoration: Restoration


def deadlines_of(asset: Asset, on: date) -> list[Deadline]:
    """Every fee of the right's life with its window, surcharge that day and way back; paid by evidence only."""
    proven = paid_years(asset.office, events_of(asset.id))
    return [deadline_of(asset, fee, on) for fee in fees_of(asset, on, proven)]


def coming_deadlines(asset: Asset, on: date, within_days: int = 400) -> list[Deadline]:
    """The deadlines a careful holder looks at now: soon due, or still payable late, and not proven paid."""
    return [
        item
        for item in deadlines_of(asset, on)
        if item.fee.grace_until >= on and (item.fee.due_on - on).days <= within_days
    ]


def coming_fees(assets: Sequence[Asset], on: date, within_days: int) -> dict[UUID, list[FeeDue]]:
    """The fees of several rights that are soon due or still payable late and not proven paid, in one query."""
    events = current_events([asset.id for asset in assets])
    return {
        asset.id: [
            fee
            for fee in fees_of(asset, on, paid_years(asset.office, events.get(asset.id, ())))
            if fee.state is not FeeState.PAID and fee.grace_until >= on and (fee.due_on - on).days <= within_days
        ]
        for asset in assets
    }


def deadline_of(asset: Asset, fee: FeeDue, on: date) -> Deadline:
    """What the office's rules say of one fee."""
    return Deadline(fee, _opens_on(asset, fee), surcharge_on(asset, fee, on), _restoration(asset))


def surcharge_on(asset: Asset, fee: FeeDue, on: date) -> Money | None:
    """What paying that day costs beyond the fee; None when nothing, or when the office's amount is not known to us.

    Chinese patents: five per cent of the full fee for each month begun after the first; trademarks: a flat sum a class.
    """
    if asset.office != "CN" or fee.amount is None or fee.state is FeeState.PAID:
        return None
    if on <= fee.due_on or on > fee.grace_until:
        return None
    if asset.kind is AssetKind.TRADEMARK:
        return Money(LATE_RENEWAL_CNY * 100 * max(1, len(asset.nice_classes)), "CNY")
    months = sum(1 for month in range(1, 6) if on > after_months(fee.due_on, month))
    return Money(fee.amount.amount_minor * 5 * months // 100, "CNY") if months else None


def paid_years(office: str, events: Iterable[RegisterEvent] | Sequence[RegisterEvent]) -> frozenset[int]:
    """The years whose fee the office's own events prove paid."""
    found: set[int] = set()
    for event in events:
        text = f"{event.code} {event.words}".upper()
        if office == "US":
            found |= {_PATENT_YEARS[year or code] for year, code in _AMERICAN.findall(text) if "PAY" in text}
        elif event.code.upper() == "PGFP":
            found |= {int(year) for year in _EUROPEAN.findall(text)}
    return frozenset(found)


def _opens_on(asset: Asset, fee: FeeDue) -> date | None:
    if asset.kind is AssetKind.TRADEMARK:
        return after_months(fee.due_on, -12) if asset.office == "CN" else None
    return after_months(fee.due_on, -6) if asset.office == "US" else None


def _restoration(asset: Asset) -> Restoration:
    if asset.office == "CN":
        mark = asset.kind is AssetKind.TRADEMARK
        return Restoration.NONE_FILE_ANEW if mark else Restoration.TWO_MONTHS_FROM_NOTICE
    if asset.kind is AssetKind.INVENTION:
        return {"US": Restoration.PETITION_UNINTENDED, "EP": Restoration.RE_ESTABLISHMENT}.get(
            asset.office, Restoration.UNKNOWN
        )
    return Restoration.UNKNOWN
