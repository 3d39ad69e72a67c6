"""Granting aid: the amount by the scheme's terms and by what the borrower has had, paid from the pool's aid account."""

from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from marketplace.core.actor import Actor
from marketplace.core.clock import MARKET_TIME, market_day
from marketplace.core.db import find, session
from marketplace.core.errors import Refused, require
from marketplace.core.i18n import _l, pick
from marketplace.core.money import Money
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.identity.sign_in import require_fresh
from marketplace.ledger.accounts import Side, open_account
from marketplace.ledger.entries import Posting, post
from marketplace.risk_pool import policy
from marketplace.risk_pool.aid_terms import AidCase, Grant, Limit, SubsidyKind, aid_for
from marketplace.risk_pool.aid_words import explained
from marketplace.risk_pool.enrolments import Enrolment, EnrolmentStatus, scheme_of
from marketplace.risk_pool.loans_seen import loan_seen
from marketplace.risk_pool.pools import Pool, year_of
from marketplace.risk_pool.schemes import Scheme
from marketplace.risk_pool.subsidies import (
    S,
    SubsidyRequest,
    become,
    find_subsidy,
    require_time,
    rule_of,
    said,
    subsidies_of,
)


class NothingToGrant(Refused):
    """By the scheme's terms nothing is left for this loan."""

    message = _l("By the scheme's terms nothing can be granted: %(limits)s.")


def grant_subsidy(actor: Actor, subsidy_id: UUID, reason: str, now: datetime) -> SubsidyRequest:
    """Grant a reviewed request as the second person: the amount by the scheme becomes payable to the borrower."""
    asked, enrolment, pool = find_subsidy(actor, subsidy_id)
    require(policy.may_decide(actor, pool))
    require(actor.person_id != asked.reviewed_by, SecondPersonNeeded())
    require_fresh(actor, now)
    pool = find(Pool, pool.id, lock=True)
    require_time(rule_of(scheme_of(enrolment), asked.name), enrolment)
    grant = preview_subsidy(asked, enrolment, now)
    if not grant.amount:
        raise NothingToGrant(limits=pick(explained(rule_of(scheme_of(enrolment), asked.name), grant)))
    become(asked, S.GRANTED)
    asked.amount, asked.limits = grant.amount, {"counted": grant.counted.amount_minor, "bound": list(grant.limits)}
    asked.decided_by, asked.decided_at, asked.reason = actor.person_id, now, reason
    payable = f"organisation:{enrolment.borrower_id}:payable"
    open_account(pool.account("subsidy"), pool.currency, Side.CREDIT, 0, pool.administrator_id)
    open_account(payable, pool.currency, Side.CREDIT, 0, enrolment.borrower_id)
    lines = [Posting(pool.account("subsidy"), payable, grant.amount)]
    post(actor, f"subsidy:{asked.id}:granted", "subsidy_granted", lines, now)
    return said(actor, asked, now, reason)


def preview_subsidy(asked: SubsidyRequest, enrolment: Enrolment, now: datetime) -> Grant:
    """What would be granted now: by the interest really paid, and what the borrower's year has used."""
    scheme = scheme_of(enrolment)
    rule, seen = rule_of(scheme, asked.name), loan_seen(enrolment.loan_id, market_day(now))
    counted = seen.interest_within(rule.months_at_most)
    term = seen.term_months
    if rule.kind is SubsidyKind.INTEREST_SHARE and rule.months_at_most:
        term = min(term, rule.months_at_most)
    first, last = year_of(market_day(now))
    spent = _granted(scheme, enrolment, asked.name)
    year = func.date(func.timezone(MARKET_TIME.key, SubsidyRequest.decided_at)).between(first, last)
    case = AidCase(
        loan=enrolment.principal, ip_share=enrolment.ip_share or Fraction(0), interest_paid=counted, months=term,
        rate=Fraction(seen.rate_bps, 10_000), benchmark=asked.benchmark,
        fees={rule.fee: asked.fee_paid} if rule.fee else {}, repaid=enrolment.status is EnrolmentStatus.REPAID,
        granted=frozenset(one.name for one in subsidies_of(enrolment.id) if one.status is S.GRANTED),
        loan_so_far=_total(spent, enrolment, SubsidyRequest.enrolment_id == enrolment.id),
        borrower_year_so_far=_total(spent, enrolment, year), unit_so_far=_total(spent, enrolment),
    )  # fmt: skip
    grant = aid_for(rule, case)
    cut = rule.kind is SubsidyKind.INTEREST_SHARE and term < seen.term_months
    return Grant(grant.amount, grant.counted, (Limit.MONTHS, *grant.limits)) if cut else grant


def _granted(scheme: Scheme, enrolment: Enrolment, name: str) -> Any:
    """The sum granted to this borrower under any version of the scheme in this pool."""
    return (
        select(func.coalesce(func.sum(SubsidyRequest.__table__.c.amount_minor), 0))
        .join(Enrolment, Enrolment.id == SubsidyRequest.enrolment_id)
        .join(Scheme, Scheme.id == Enrolment.scheme_id)
        .where(
            Enrolment.pool_id == enrolment.pool_id, Enrolment.borrower_id == enrolment.borrower_id,
            Scheme.name == scheme.name, SubsidyRequest.name == name, SubsidyRequest.status == S.GRANTED,
        )
    )  # fmt: skip


def _total(query: Any, enrolment: Enrolment, *conditions: Any) -> Money:
    return Money(int(session.execute(query.where(*conditions)).scalar_one()), enrolment.principal.currency)
