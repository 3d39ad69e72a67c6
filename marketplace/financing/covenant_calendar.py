"""The covenant and fee calendar: what falls due on an organisation's loans within twelve months, for borrower and bank."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.core.i18n import pick
from marketplace.financing.covenant_tests import CovenantTest, TestStatus
from marketplace.financing.covenants import Covenant
from marketplace.financing.day_counts import add_months
from marketplace.financing.loan_terms import yuan
from marketplace.financing.loans import RUNNING, Instalment, Loan, lent_by
from marketplace.financing.pledges import Pledge, PledgeStatus
from marketplace.identity.organisations import names_of
from marketplace.registry.assets import Asset
from marketplace.registry.fee_rules import coming_fees

MONTHS = 12
MOST_LOANS = 500
"""A calendar page shows the loans that mature first; a larger book is read loan by loan."""
COMING = (TestStatus.DUE, TestStatus.OVERDUE, TestStatus.REPORTED)


@dataclass(frozen=True)
class Entry:
    """One thing that falls due on one loan."""

    day: date
    what: str
    words: dict[str, str]
    loan_id: UUID
    subject_id: UUID
    late: bool = False

    @property
    def text(self) -> str:
        """What falls due, in the page's language."""
        return pick(self.words)

    @property
    def uid(self) -> str:
        """The name of the entry, the same whenever the calendar is read."""
        return f"{self.what}-{self.subject_id}-{self.day}"


def entries_for(actor: Actor, on: date) -> list[Entry]:
    """The calendar of the acting organisation, the nearest day first; nothing for who has no loan."""
    if actor.organisation_id is None:
        return []
    query = select(Loan.id).where(
        lent_by(actor.organisation_id) | (Loan.borrower_id == actor.organisation_id), Loan.status.in_(RUNNING)
    )
    loan_ids = list(session.execute(query.order_by(Loan.matures_on, Loan.id).limit(MOST_LOANS)).scalars())
    until = add_months(on, MONTHS)
    found = [*_tests(loan_ids, on, until), *_instalments(loan_ids, on, until), *_fees(loan_ids, on, until)]
    return sorted(found, key=lambda entry: (entry.day, entry.what, entry.subject_id))


def other_sides(actor: Actor, entries: Iterable[Entry]) -> dict[UUID, str]:
    """Who stands on the other side of each loan of the calendar: the bank for the borrower, the borrower for a bank."""
    loan_ids = {entry.loan_id for entry in entries}
    loans = list(session.execute(select(Loan).where(Loan.id.in_(loan_ids))).scalars())
    other = {one.id: one.bank_id if one.borrower_id == actor.organisation_id else one.borrower_id for one in loans}
    names = names_of(other.values())
    return {loan_id: names.get(organisation_id, "") for loan_id, organisation_id in other.items()}


def _tests(loan_ids: list[UUID], on: date, until: date) -> Iterable[Entry]:
    query = (
        select(CovenantTest, Covenant)
        .join(Covenant, Covenant.id == CovenantTest.covenant_id)
        .where(Covenant.loan_id.in_(loan_ids), CovenantTest.status.in_(COMING), CovenantTest.due_on <= until)
    )
    for test, covenant in session.execute(query):
        late = test.due_on < on and test.status is not TestStatus.REPORTED
        yield Entry(test.due_on, "covenant", covenant.words, covenant.loan_id, test.id, late)


def _instalments(loan_ids: list[UUID], on: date, until: date) -> Iterable[Entry]:
    query = select(Instalment).where(
        Instalment.loan_id.in_(loan_ids), Instalment.settled_on.is_(None), Instalment.due_on <= until
    )
    for row in session.execute(query).scalars():
        amount = f"{yuan(row.open_minor, row.currency)} {row.currency}"
        words = {"zh": f"第{row.nr}期还款 {amount}", "en": f"Instalment {row.nr}: {amount}"}
        yield Entry(row.due_on, "instalment", words, row.loan_id, row.id, row.due_on < on)


def _fees(loan_ids: list[UUID], on: date, until: date) -> Iterable[Entry]:
    query = (
        select(Pledge, Asset)
        .join(Asset, Asset.id == Pledge.asset_id)
        .where(Pledge.loan_id.in_(loan_ids), Pledge.status == PledgeStatus.REGISTERED)
    )
    pledged = [(pledge.loan_id, asset) for pledge, asset in session.execute(query)]
    fees = coming_fees([asset for _loan_id, asset in pledged], on, (until - on).days)
    for loan_id, asset in pledged:
        for fee in fees[asset.id]:
            words = {
                "zh": f"{asset.label} 第{fee.year}年官费，最迟 {fee.grace_until}",
                "en": f"{asset.label}: official fee of year {fee.year}, at the latest {fee.grace_until}",
            }
            yield Entry(fee.due_on, "fee", words, loan_id, asset.id, fee.due_on < on)
