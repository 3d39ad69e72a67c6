"""The demo's risk pool: its money with its payers, and its schemes, two of them with fictional premiums and aid."""

from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from demo.people import Cast
from marketplace.core.clock import market_day
from marketplace.core.money import Money
from marketplace.risk_pool import pools, replenishments, schemes
from marketplace.risk_pool.published_schemes import published_scheme
from marketplace.risk_pool.replenishments import Purpose, Reason, SponsorKind

PUT_IN = (
    ("DEMO-BUDGET", "40000000", SponsorKind.CITY_BUDGET, Reason.YEARLY_BUDGET, Purpose.FUND),
    ("DEMO-AID", "1500000", SponsorKind.DISTRICT_BUDGET, Reason.YEARLY_BUDGET, Purpose.SUBSIDY),
)
WAITING = ("DEMO-INTEREST", "38500.25", SponsorKind.ACCOUNT_INTEREST, Reason.INTEREST, Purpose.FUND)
CHANGED: dict[str, dict[str, Any]] = {
    "guangzhou-55": {
        "name": "demo-55-aid",
        "title": {"zh": "示范办法：五五分担，按南沙口径补助", "en": "Demo: half and half, with aid as in Nansha"},
    },
    "zhongshan": {
        "name": "demo-54-premium",
        "title": {
            "zh": "示范办法：中山分担，保险人收取保费",
            "en": "Demo: shares of Zhongshan, the insurer charges a premium",
        },
        "premium": [{"party": "insurer", "rate": "1", "base": "cover", "period": "year", "payer": "borrower"}],
    },
}
"""What the demo adds to published terms, under names of its own."""
ADOPTED = ("guangzhou-5311", "guangzhou-55", "zhongshan", "guangzhou-2025")


def make_pool(cast: Cast, now: datetime) -> list[schemes.Scheme]:
    """One pool of forty million, tenfold, with aid money, and its four adopted schemes."""
    recorder = cast.officers["pool_administrator1"]
    approver = replace(cast.approvers["pool_administrator1"], authenticated_at=now)
    name = {"zh": "示范知识产权质押风险补偿资金池（演示）", "en": "Demo IP pledge risk pool (fictional)"}
    pool = pools.open_pool(approver, name, "CNY", Fraction(10), now)
    for transfer in PUT_IN:
        put_in = replenishments.record_replenishment(recorder, pool.id, _told(transfer, now), now)
        replenishments.confirm_replenishment(approver, put_in.id, now)
    replenishments.record_replenishment(recorder, pool.id, _told(WAITING, now), now)
    first = date(now.year - 1, 1, 1)
    return [schemes.adopt_scheme(approver, pool.id, _terms(known), (first, None), now) for known in ADOPTED]


def _told(transfer: tuple[str, str, SponsorKind, Reason, Purpose], now: datetime) -> replenishments.Told:
    reference, amount, sponsor, reason, purpose = transfer
    return replenishments.Told(
        amount=Money.parse(amount, "CNY"), bank_reference=reference, received_on=market_day(now), reason=reason,
        sponsor_kind=sponsor, purpose=purpose,
    )  # fmt: skip


def _terms(known: str) -> dict[str, Any]:
    terms = published_scheme(known) | CHANGED.get(known, {})
    if known == "guangzhou-55":
        terms |= {"subsidies": published_scheme("nansha-aid")["subsidies"]}
    return terms
