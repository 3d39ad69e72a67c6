"""What was put into a pool: every transfer with what the account held after it, and the sums by payer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from marketplace.core.actor import Actor
from marketplace.core.db import find, session
from marketplace.core.errors import NotFound, require
from marketplace.core.http import cursor_page
from marketplace.core.money import Money
from marketplace.identity.organisations import Organisation
from marketplace.ledger.accounts import Account
from marketplace.ledger.journals import ENTRIES, Journal
from marketplace.risk_pool import policy
from marketplace.risk_pool.pools import Pool
from marketplace.risk_pool.replenishments import Purpose, Reason, Replenishment, ReplenishmentStatus, SponsorKind

SPONSORS = {
    SponsorKind.ORGANISATION: {"zh": "机构", "en": "Organisation"},
    SponsorKind.CENTRAL_BUDGET: {"zh": "中央财政", "en": "Central budget"},
    SponsorKind.PROVINCIAL_BUDGET: {"zh": "省级财政", "en": "Provincial budget"},
    SponsorKind.CITY_BUDGET: {"zh": "市级财政", "en": "City budget"},
    SponsorKind.DISTRICT_BUDGET: {"zh": "区级财政", "en": "District budget"},
    SponsorKind.ACCOUNT_INTEREST: {"zh": "账户利息", "en": "Interest of the account"},
    SponsorKind.OTHER_BODY: {"zh": "其他单位", "en": "Another body"},
}
"""Whose money it is, in words."""
REASONS = {
    Reason.YEARLY_BUDGET: {"zh": "年度预算", "en": "Yearly budget"},
    Reason.ADDED_BUDGET: {"zh": "追加预算", "en": "Added budget"},
    Reason.INTEREST: {"zh": "利息收入", "en": "Interest earned"},
    Reason.DONATION: {"zh": "捐赠", "en": "Donation"},
    Reason.RETURNED_MONEY: {"zh": "退回款项", "en": "Returned money"},
    Reason.CONTRIBUTION: {"zh": "合作机构出资", "en": "Contribution of a partner"},
}
PURPOSES = {
    Purpose.FUND: {"zh": "风险补偿", "en": "Sharing losses"},
    Purpose.SUBSIDY: {"zh": "贴息与费用补助", "en": "Interest and fee aid"},
}


def replenishments_seen(actor: Actor, pool_id: UUID, after: str | None, limit: int) -> dict[str, Any]:
    """What was put into a pool, in the order of recording, for its administrator and the auditor."""
    pool = find(Pool, pool_id)
    require(policy.administers(actor, pool) or actor.may("audit.read"), NotFound())
    return cursor_page(select(Replenishment).where(Replenishment.pool_id == pool.id), Replenishment, after, limit)


def waiting_replenishments(actor: Actor) -> list[Replenishment]:
    """What somebody else recorded and the actor may confirm."""
    query = (
        select(Replenishment)
        .join(Pool, Pool.id == Replenishment.pool_id)
        .where(
            Pool.administrator_id == actor.organisation_id, Replenishment.status == ReplenishmentStatus.RECORDED,
            Replenishment.recorded_by != actor.person_id,
        )
        .order_by(Replenishment.id)
        .limit(20)
    )  # fmt: skip
    return list(session.execute(query).scalars()) if actor.may("pool.approve") else []


def balances_after(pool: Pool, listed: list[Replenishment]) -> dict[UUID, Money]:
    """What the account held right after each confirmed transfer, as the books say."""
    references = {each.reference: each.id for each in listed}
    accounts = [pool.account(purpose.value) for purpose in Purpose]
    rows = session.execute(
        select(Journal.reference, ENTRIES.c.balance_after_minor)
        .join(ENTRIES, ENTRIES.c.journal_id == Journal.id)
        .join(Account, Account.id == ENTRIES.c.account_id)
        .where(Journal.reference.in_(references), Account.code.in_(accounts))
    )
    return {references[reference]: Money(int(minor), pool.currency) for reference, minor in rows}


def sponsor_words(kind: SponsorKind, name: str, organisation: Organisation | None) -> Mapping[str, str]:
    """The payer in both languages."""
    if organisation is not None:
        known = organisation.name_zh or organisation.name_en or ""
        return {"zh": known, "en": organisation.name_en or known}
    if kind is SponsorKind.OTHER_BODY:
        return {"zh": name, "en": name}
    words = SPONSORS[kind]
    return {"zh": f"{words['zh']}（{name}）", "en": f"{words['en']} ({name})"} if name else words


def sponsors_of(listed: list[Replenishment]) -> dict[UUID, Mapping[str, str]]:
    """Who paid each of these transfers."""
    wanted = {each.sponsor_id for each in listed}
    query = select(Organisation).where(Organisation.id.in_(wanted))
    known = {each.id: each for each in session.execute(query).scalars()}
    return {
        each.id: sponsor_words(each.sponsor_kind, each.sponsor_name, known.get(each.sponsor_id or each.id))
        for each in listed
    }


def put_in_by_sponsor(pool: Pool, begins: datetime, until: datetime) -> list[tuple[Mapping[str, str], Purpose, Money]]:
    """How much each payer put in between two instants, counted when it was confirmed, largest first."""
    columns = Replenishment.__table__.c
    total = func.sum(columns.amount_minor)
    payer = (columns.sponsor_kind, columns.sponsor_name, columns.sponsor_id, columns.purpose)
    rows = session.execute(
        select(*payer, total)
        .where(columns.pool_id == pool.id, columns.confirmed_at >= begins, columns.confirmed_at < until)
        .group_by(*payer)
        .order_by(total.desc(), *payer)
    ).all()
    query = select(Organisation).where(Organisation.id.in_({row[2] for row in rows}))
    known = {each.id: each for each in session.execute(query).scalars()}
    return [
        (sponsor_words(SponsorKind(row[0]), row[1], known.get(row[2])), Purpose(row[3]), Money(int(row[4]), pool.currency))
        for row in rows
    ]  # fmt: skip
