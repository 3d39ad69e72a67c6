"""The nightly look at covenants: late reports, fees and lapses, coverage, and charges or licences without consent.

Only test days that have come are read, in batches and in bulk, so that loans without covenants cost nothing; a row once
judged is not judged again, so that a killed job is simply started again.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import SYSTEM
from marketplace.core.clock import market_day
from marketplace.core.db import session
from marketplace.financing.covenant_rules import CovenantKind, Measure, Outcome, judge_coverage
from marketplace.financing.covenant_tests import CovenantTest, TestStatus, is_reported, move_test
from marketplace.financing.covenants import Covenant
from marketplace.financing.loans import RUNNING, Loan
from marketplace.financing.monitoring import Security, findings_of, securities_of
from marketplace.registry.consents import Consent
from marketplace.registry.encumbrances import LICENCE_KINDS, Encumbrance, EncumbranceKind

BATCH = 500
UPKEEP_SIGNS = ("right_ended", "fee_late")
NEEDS_CONSENT = {EncumbranceKind.PLEDGE: "pledge", EncumbranceKind.OPEN_LICENCE: "open_licence"} | dict.fromkeys(
    LICENCE_KINDS - {EncumbranceKind.OPEN_LICENCE}, "licence"
)
"""The act to which the pledgee must have agreed before such a burden."""
Found = tuple[Outcome, list[str], Decimal | None]


def judge_batch(on: date, now: datetime, after: UUID | None = None, size: int = BATCH) -> UUID | None:
    """Judge the next test days whose day has come; answers the last of them, none when all have been looked at."""
    rows = _to_judge(on, after, size)
    seen = [(test, covenant, loan) for test, covenant, loan in rows if not covenant.promise.is_reported]
    securities = securities_of(list({loan.id for _test, _covenant, loan in seen}), on) if seen else {}
    breaches = _without_consent([loan for _test, covenant, loan in seen if covenant.kind is CovenantKind.NEGATIVE], on)
    for test, covenant, loan in rows:
        if covenant.promise.is_reported:
            move_test(SYSTEM, test, loan.id, TestStatus.OVERDUE, now)
        else:
            mine = securities.get(loan.id, [])
            _settle(test, loan, _look(covenant, loan, mine, breaches.get(loan.id, []), on), on, now)
    return rows[-1][0].id if rows else None


def _to_judge(on: date, after: UUID | None, size: int) -> Sequence[tuple[CovenantTest, Covenant, Loan]]:
    late = is_reported() & (CovenantTest.status == TestStatus.DUE) & (CovenantTest.due_on < on)
    query = (
        select(CovenantTest, Covenant, Loan)
        .join(Covenant, Covenant.id == CovenantTest.covenant_id)
        .join(Loan, Loan.id == Covenant.loan_id)
        .where(
            Loan.status.in_(RUNNING),
            CovenantTest.status.in_((TestStatus.DUE, TestStatus.BREACHED)),
            CovenantTest.tested_on <= on,
            late | ~is_reported(),
        )
        .order_by(CovenantTest.id)
        .limit(size)
        .with_for_update(of=CovenantTest, skip_locked=True)
    )
    if after is not None:
        query = query.where(CovenantTest.id > after)
    return [(test, covenant, loan) for test, covenant, loan in session.execute(query)]


def _look(covenant: Covenant, loan: Loan, mine: Sequence[Security], breaches: list[str], on: date) -> Found:
    """How one promise stands by what the marketplace sees."""
    if covenant.measure is Measure.COVERAGE and covenant.threshold is not None:
        values = [None if one.value is None else one.value.amount_minor for one in mine]
        debt = loan.outstanding.amount_minor
        outcome = judge_coverage(covenant.threshold, values, debt)
        known = sum(value or 0 for value in values)
        figure = (
            (Decimal(known) / debt).quantize(Decimal("0.0001"), ROUND_DOWN) if debt and None not in values else None
        )
        return outcome, ["below_limit"] if outcome is Outcome.BROKEN else [], figure
    if covenant.kind is CovenantKind.UPKEEP:
        found = {sign for one in mine for sign in findings_of(one, on)}
        broken = [sign for sign in UPKEEP_SIGNS if sign in found]
    else:
        broken = breaches
    return (Outcome.BROKEN if broken else Outcome.KEPT), broken, None


def _settle(test: CovenantTest, loan: Loan, found: Found, on: date, now: datetime) -> None:
    """Write down what was found; what stays as it was is left alone."""
    outcome, findings, figure = found
    broken_before = test.status is TestStatus.BREACHED
    if outcome is Outcome.UNKNOWN or (outcome is Outcome.BROKEN and broken_before):
        return
    test.figure = figure
    if outcome is Outcome.BROKEN:
        test.breached_on, test.findings = on, findings
        move_test(SYSTEM, test, loan.id, TestStatus.BREACHED, now)
    else:
        move_test(SYSTEM, test, loan.id, TestStatus.CURED if broken_before else TestStatus.MET, now)


def _without_consent(loans: Iterable[Loan], on: date) -> dict[UUID, list[str]]:
    """What was put on the rights of several loans after they were paid out, without the pledgee's consent."""
    paid_out = {loan.id: loan.disbursed_on for loan in loans if loan.disbursed_on is not None}
    if not paid_out:
        return {}
    held = [(one.pledge.loan_id, one.pledge) for found in securities_of(list(paid_out), on).values() for one in found]
    own = {pledge.encumbrance_id for _loan_id, pledge in held if pledge.encumbrance_id is not None}
    consents = list(session.execute(select(Consent).where(Consent.encumbrance_id.in_(own))).scalars())
    query = select(Encumbrance).where(
        Encumbrance.asset_id.in_({pledge.asset_id for _loan_id, pledge in held}),
        Encumbrance.kind.in_(NEEDS_CONSENT),
        Encumbrance.id.not_in(own),
    )
    found: dict[UUID, list[str]] = {}
    for burden in session.execute(query).scalars():
        for loan_id, pledge in held:
            mine = [one for one in consents if one.encumbrance_id == pledge.encumbrance_id]
            late = burden.asset_id == pledge.asset_id and burden.begins_on > paid_out[loan_id]
            if late and burden.stands_on(on, None) and not is_allowed(burden, mine):
                sign = "pledged_again" if burden.kind is EncumbranceKind.PLEDGE else "licensed"
                found[loan_id] = sorted({*found.get(loan_id, []), sign})
    return found


def is_allowed(burden: Encumbrance, consents: Iterable[Consent]) -> bool:
    """Whether one of the pledgee's consents stood on the day the burden began."""
    day, act = burden.begins_on, NEEDS_CONSENT[burden.kind]
    return any(
        one.act == act
        and market_day(one.given_at) <= day
        and (one.expires_on is None or one.expires_on >= day)
        and (one.withdrawn_at is None or market_day(one.withdrawn_at) > day)
        for one in consents
    )
