"""How a pledged right is sold to pay its creditor: notice, floor, deposit and time of each round; rules as data, pure.

The figures are those of the Supreme People's Court for online judicial sales, which the house applies to every sale in
which a creditor is to be paid. A sale the parties agreed on in the pledge contract rests on art. 45 of the
interpretation of security interests (担保制度解释).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from marketplace.core.i18n import _l
from marketplace.core.money import Money

COURT_SALES = {
    "zh": "最高人民法院关于人民法院网络司法拍卖若干问题的规定（法释〔2016〕18号）",
    "en": "Supreme People's Court provisions on online judicial auctions, Fa Shi [2016] No. 18",
}
HOUSE = {"zh": "平台规则", "en": "rule of the house"}
EFFECTIVE_FROM = date(2017, 1, 1)


class SaleRound(StrEnum):
    """The two auctions, and the sale at a price after them (变卖)."""

    FIRST = "first"
    SECOND = "second"
    PRIVATE = "private"


@dataclass(frozen=True)
class RoundRule:
    """What one round must keep, each figure with the article it comes from; none for a rule of the house."""

    notice: timedelta
    notice_article: int | None
    floor_bps: int
    floor_of: str
    floor_article: int | None
    open_for: timedelta
    open_article: int | None
    follows_within: timedelta | None = None

    @property
    def articles(self) -> list[int]:
        """The articles of the court's provisions behind the figures."""
        named = {self.notice_article, self.floor_article, self.open_article}
        return sorted(number for number in named if number is not None)


NEEDS_TOLD_BEFORE_NOTICE = timedelta(days=3)
"""Known holders of a priority right are told at least three days before the notice (art. 16)."""
DEPOSIT_BPS = (500, 2_000)
"""The deposit is five to twenty per cent of the start price (art. 17)."""
RULES: dict[SaleRound, RoundRule] = {
    SaleRound.FIRST: RoundRule(timedelta(days=30), 12, 7_000, "appraisal", 10, timedelta(hours=24), 20),
    SaleRound.SECOND: RoundRule(
        timedelta(days=15), 12, 8_000, "start", 26, timedelta(hours=24), 20, timedelta(days=30)
    ),
    SaleRound.PRIVATE: RoundRule(
        timedelta(days=15), None, 10_000, "start", None, timedelta(days=60), None, timedelta(days=60)
    ),
}
"""First sale: 30 days' notice, at least 70 % of the appraisal. Second: within 30 days, 15 days' notice, at most 20 %
below the first start. Afterwards the right is offered for 60 days at the second start price or more."""
NEXT = {SaleRound.FIRST: SaleRound.SECOND, SaleRound.SECOND: SaleRound.PRIVATE}


@dataclass(frozen=True)
class PlannedSale:
    """The terms of one round as they are weighed."""

    round: SaleRound
    appraisal: Money
    start: Money
    earlier_start: Money | None
    deposit: Money | None
    opens_at: datetime
    closes_at: datetime
    priority_told_at: datetime | None = None
    earlier_ended_at: datetime | None = None
    reserve: Money | None = None
    ascending: bool = True


def floor_of(round_: SaleRound, appraisal: Money, earlier_start: Money | None) -> Money:
    """The lowest start price of a round; a part of a cent is rounded up."""
    rule = RULES[round_]
    base = appraisal if rule.floor_of == "appraisal" or earlier_start is None else earlier_start
    return Money(-(-base.amount_minor * rule.floor_bps // 10_000), base.currency)


@dataclass(frozen=True)
class Fault:
    """One rule a planned sale breaks."""

    rule: str
    message: Any


def faults_of(sale: PlannedSale, notice_at: datetime) -> list[Fault]:
    """Every rule the sale would break if its notice were published at this instant."""
    rule = RULES[sale.round]
    found = []
    if sale.appraisal.currency != sale.start.currency:
        return [Fault("currency", _l("Appraisal and start price must be in one currency."))]
    if sale.opens_at < notice_at + rule.notice:
        found.append(Fault("notice", _l("The notice must be published longer before the opening.")))
    if sale.start < floor_of(sale.round, sale.appraisal, sale.earlier_start):
        found.append(Fault("floor", _l("The start price is below the floor of this round.")))
    if sale.closes_at - sale.opens_at < rule.open_for:
        found.append(Fault("time", _l("The sale must stay open longer.")))
    if (sale.reserve and sale.reserve != sale.start) or not sale.ascending:
        found.append(
            Fault("open_price", _l("The start price is the reserve, and bids are open and ascending (art. 10)."))
        )
    low, high = (sale.start.amount_minor * bps for bps in DEPOSIT_BPS)
    if sale.deposit and not low <= sale.deposit.amount_minor * 10_000 <= high:
        found.append(Fault("deposit", _l("The deposit must be five to twenty per cent of the start price.")))
    if sale.priority_told_at and notice_at < sale.priority_told_at + NEEDS_TOLD_BEFORE_NOTICE:
        found.append(
            Fault("priority", _l("Holders of a priority right must have been told three days before the notice."))
        )
    late = rule.follows_within and sale.earlier_ended_at and notice_at > sale.earlier_ended_at + rule.follows_within
    if late:
        found.append(
            Fault("late", _l("The next round must follow within the time the rules give: begin a first sale."))
        )
    return found
