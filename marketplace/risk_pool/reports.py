"""A pool's periodic report: what was enrolled, claimed, paid, recovered and moved in a quarter, recomputable from the books."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from marketplace.core.actor import Actor
from marketplace.core.clock import MARKET_TIME, market_day
from marketplace.core.db import find, session
from marketplace.core.errors import Malformed, NotFound, require
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.documents.contracts_pdf import render_pdf
from marketplace.identity.organisations import find_organisation
from marketplace.ledger.accounts import Account
from marketplace.ledger.journals import ENTRIES, Journal, Phase
from marketplace.risk_pool import policy
from marketplace.risk_pool.boards import BankExposure, exposure_by_bank
from marketplace.risk_pool.capacity import Capacity
from marketplace.risk_pool.claims import Claim, ClaimShare, ClaimStatus
from marketplace.risk_pool.enrolments import Enrolment, EnrolmentStatus, capacity_of
from marketplace.risk_pool.form_rows import PARTIES
from marketplace.risk_pool.pools import Pool
from marketplace.risk_pool.recoveries import Recovery, RecoveryShare
from marketplace.risk_pool.replenishment_boards import PURPOSES, put_in_by_sponsor
from marketplace.risk_pool.replenishments import Purpose

E = EnrolmentStatus
MOVEMENTS = {
    "pool_replenished": {"zh": "注资及利息", "en": "Money put in"},
    "claim_compensated": {"zh": "补偿支出", "en": "Compensation"},
    "recovery_settled": {"zh": "追偿返还", "en": "Recoveries returned"},
    "take_over_paid": {"zh": "收储支出", "en": "Take-over purchases"},
    "take_over_resold": {"zh": "收储转售收入", "en": "Resales"},
    "subsidy_funded": {"zh": "补助资金注入", "en": "Aid money put in"},
    "subsidy_granted": {"zh": "补助支出", "en": "Aid granted"},
    "premium_paid_by_pool": {"zh": "资金池承担的保费与担保费", "en": "Premiums paid by the pool"},
}
"""What moves a pool's fund and its aid account, by the kind of journal."""


@dataclass(frozen=True)
class Counted:
    """How many, and how much together."""

    count: int
    amount: Money


@dataclass(frozen=True)
class PoolReport:
    """One quarter of a pool, and how it stands on the day of the report."""

    pool: Pool
    begins_on: date
    ends_on: date
    opening: Money
    closing: Money
    movements: dict[str, Money]
    aid_opening: Money
    aid_movements: dict[str, Money]
    enrolled: Counted
    claimed: Counted
    compensated: Counted
    borne: dict[str, Money]
    recovered: Counted
    returned: dict[str, Money]
    capacity: Capacity
    exposure: Sequence[BankExposure]
    put_in: Sequence[tuple[Mapping[str, str], Purpose, Money]]

    @property
    def aid_closing(self) -> Money:
        """What the aid account holds at the end."""
        return sum(self.aid_movements.values(), self.aid_opening)


def _moved(movements: Mapping[str, Money]) -> list[tuple[dict[str, str], str, Money]]:
    return [(MOVEMENTS.get(kind, {"zh": kind, "en": kind}), "", amount) for kind, amount in sorted(movements.items())]


def lines_of(report: PoolReport) -> list[tuple[dict[str, str], str, Money]]:
    """The report line by line: what, how many, how much."""
    moved, aided = (_moved(each) for each in (report.movements, report.aid_movements))
    counted = (
        ({"zh": "本期入库（担保本金）", "en": "Enrolled (secured principal)"}, report.enrolled),
        ({"zh": "本期申请补偿（本金损失）", "en": "Claimed (principal lost)"}, report.claimed),
        ({"zh": "本期决定补偿（本金损失）", "en": "Compensated (principal lost)"}, report.compensated),
        ({"zh": "本期追偿所得", "en": "Recovered"}, report.recovered),
    )
    return [
        ({"zh": "期初余额", "en": "Balance at the beginning"}, "", report.opening),
        *moved,
        ({"zh": "期末余额", "en": "Balance at the end"}, "", report.closing),
        ({"zh": "补助账户期初余额", "en": "Aid account at the beginning"}, "", report.aid_opening),
        *aided,
        ({"zh": "补助账户期末余额", "en": "Aid account at the end"}, "", report.aid_closing),
        *((words, str(one.count), one.amount) for words, one in counted),
        ({"zh": "制表日可承载", "en": "Can carry on the day of this report"}, "", report.capacity.limit),
        ({"zh": "制表日在库", "en": "Enrolled on the day of this report"}, "", report.capacity.enrolled),
    ]


def report_pdf(actor: Actor, pool_id: UUID, period: tuple[int, int], now: datetime) -> bytes:
    """The report of a quarter as a bilingual PDF."""
    report = report_of(actor, pool_id, *period)
    administrator = find_organisation(report.pool.administrator_id)
    names = {"zh": administrator.name_zh, "en": administrator.name_en}
    rows = [[f"{words['zh']} {words['en']}", count or "—", str(amount)] for words, count, amount in lines_of(report)]
    for title, shares in (("承担 Borne by", report.borne), ("分得 Returned to", report.returned)):
        rows += [[f"{title}: {PARTIES.get(party, party)}", "—", str(amount)] for party, amount in shares.items()]
    rows += [
        [f"注资 From: {who['zh']} {who['en']}", PURPOSES[purpose]["zh"], str(amount)]
        for who, purpose, amount in report.put_in
    ]
    return render_pdf(
        "pool_report",
        {
            "reference": f"{report.pool.id}/{period[0]}Q{period[1]}",
            "issued_on": market_day(now),
            "parties": [
                {
                    "role": {"zh": "资金池管理机构", "en": "Pool administrator"},
                    "name": names,
                    "code": administrator.credit_code,
                }
            ],
            "pool": {"zh": report.pool.name_zh, "en": report.pool.name_en},
            "since": report.begins_on,
            "until": report.ends_on,
            "rows_title": {"zh": "本期数据", "en": "Figures"},
            "rows_head": ["项目 Item", "笔数 Count", "金额 Amount"],
            "rows": rows,
        },
    )


def quarter(year: int, number: int) -> tuple[date, date]:
    """The first and the last day of a quarter."""
    if not 1 <= number <= 4 or not 2000 <= year <= 2100:
        raise Malformed("quarter", _l("Choose a year and a quarter from 1 to 4."))
    following = date(year + number // 4, number % 4 * 3 + 1, 1)
    return date(year, number * 3 - 2, 1), following - timedelta(days=1)


def quarter_of(day: date) -> tuple[int, int]:
    """The year and the number of the quarter a day lies in."""
    return day.year, (day.month + 2) // 3


def report_of(actor: Actor, pool_id: UUID, year: int, number: int) -> PoolReport:
    """The report of a quarter for the pool's administrator and the auditor."""
    pool = find(Pool, pool_id)
    require(policy.administers(actor, pool) or actor.may("audit.read"), NotFound())
    begins, ends = quarter(year, number)
    moved = _movements(pool, "fund", begins, ends)
    eve = begins - timedelta(days=1)
    opening = sum(_movements(pool, "fund", None, eve).values(), pool.zero)
    return PoolReport(
        pool=pool,
        begins_on=begins,
        ends_on=ends,
        opening=opening,
        closing=opening + sum(moved.values(), pool.zero),
        movements=moved,
        aid_opening=sum(_movements(pool, "subsidy", None, eve).values(), pool.zero),
        aid_movements=_movements(pool, "subsidy", begins, ends),
        enrolled=_count(
            pool, Enrolment.__table__.c.ip_principal_minor, _within(Enrolment.decided_at, begins, ends),
            Enrolment.status != E.REJECTED,
        ),
        claimed=_count(pool, Claim.__table__.c.loss_minor, _within(Claim.filed_at, begins, ends)),
        compensated=_count(
            pool, Claim.__table__.c.loss_minor, _within(Claim.decided_at, begins, ends),
            Claim.status == ClaimStatus.COMPENSATED,
        ),
        borne=_by_party(pool, ClaimShare, _within(Claim.decided_at, begins, ends)),
        recovered=_count(pool, Recovery.__table__.c.received_minor, Recovery.received_on.between(begins, ends)),
        returned=_by_party(pool, RecoveryShare, Recovery.received_on.between(begins, ends)),
        capacity=capacity_of(pool),
        exposure=exposure_by_bank(pool),
        put_in=put_in_by_sponsor(pool, _midnight(begins), _midnight(ends + timedelta(days=1))),
    )  # fmt: skip


def _movements(pool: Pool, purpose: str, begins: date | None, ends: date) -> dict[str, Money]:
    """What every kind of journal added to one of the pool's accounts (less is negative) in the days."""
    added = func.sum(ENTRIES.c.amount_minor).filter(ENTRIES.c.side == Account.normal_side)
    taken = func.sum(ENTRIES.c.amount_minor).filter(ENTRIES.c.side != Account.normal_side)
    query = (
        select(Journal.kind, func.coalesce(added, 0) - func.coalesce(taken, 0))
        .select_from(ENTRIES)
        .join(Journal, Journal.id == ENTRIES.c.journal_id)
        .join(Account, Account.id == ENTRIES.c.account_id)
        .where(
            Account.code == pool.account(purpose), Account.currency == pool.currency, Journal.phase.in_((Phase.SINGLE, Phase.CAPTURE)),
            _within(Journal.at, begins, ends),
        )
        .group_by(Journal.kind)
    )  # fmt: skip
    return {kind: Money(int(amount), pool.currency) for kind, amount in session.execute(query)}


def _count(pool: Pool, amount: Any, *conditions: Any) -> Counted:
    """How many rows of a table of this pool meet the conditions, and their sum."""
    query = select(func.count(), func.coalesce(func.sum(amount), 0)).where(Enrolment.pool_id == pool.id, *conditions)
    table = amount.table
    if table is Claim.__table__:
        query = query.join_from(Claim, Enrolment, Enrolment.id == Claim.enrolment_id)
    elif table is Recovery.__table__:
        query = query.join_from(Recovery, Claim, Claim.id == Recovery.claim_id)
        query = query.join(Enrolment, Enrolment.id == Claim.enrolment_id)
    count, total = session.execute(query).one()
    return Counted(int(count), Money(int(total), pool.currency))


def _by_party(pool: Pool, kind: type[ClaimShare] | type[RecoveryShare], condition: Any) -> dict[str, Money]:
    """The sum of each party's shares."""
    query = select(kind.party, func.sum(kind.__table__.c.amount_minor))
    if kind is RecoveryShare:
        query = query.join(Recovery, Recovery.id == RecoveryShare.recovery_id).join(
            Claim, Claim.id == Recovery.claim_id
        )
    else:
        query = query.join(Claim, Claim.id == ClaimShare.claim_id)
    query = query.join(Enrolment, Enrolment.id == Claim.enrolment_id).where(Enrolment.pool_id == pool.id, condition)
    rows = session.execute(query.group_by(kind.party).order_by(kind.party))
    return {party: Money(int(total), pool.currency) for party, total in rows}


def _within(column: Any, begins: date | None, ends: date) -> Any:
    """Between two days of the market's calendar, both included."""
    until = column < _midnight(ends + timedelta(days=1))
    return until if begins is None else (column >= _midnight(begins)) & until


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=MARKET_TIME)
