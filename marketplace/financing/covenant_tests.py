"""The test days of a loan's covenants: from the disbursement to the maturity, each with what was reported and decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Date,
    ForeignKey,
    Index,
    Numeric,
    String,
    UniqueConstraint,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, new_id, session
from marketplace.core.errors import NotFound
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.financing.amendments import AmendmentMoved
from marketplace.financing.covenant_rules import CovenantKind, Measure, days_of_tests, plain
from marketplace.financing.covenants import Covenant, covenants_of_loan
from marketplace.financing.loans import RUNNING, Loan, LoanDisbursed, LoanPaidOff, find_loan, lent_by, loan_for_party
from marketplace.financing.warning_signs import SIGNS


class TestStatus(StrEnum):
    """How far a test day has come."""

    __test__ = False

    DUE = "due"
    REPORTED = "reported"
    OVERDUE = "overdue"
    MET = "met"
    BREACHED = "breached"
    CURED = "cured"
    WAIVED = "waived"
    ENDED = "ended"


S = TestStatus
TEST_LIFECYCLE = Lifecycle(
    "covenant test",
    {
        S.DUE: {S.REPORTED, S.OVERDUE, S.MET, S.BREACHED, S.WAIVED, S.ENDED},
        S.REPORTED: {S.DUE, S.OVERDUE, S.MET, S.BREACHED, S.CURED, S.WAIVED, S.ENDED},
        S.OVERDUE: {S.REPORTED, S.WAIVED, S.ENDED},
        S.BREACHED: {S.REPORTED, S.CURED, S.WAIVED, S.ENDED},
        S.MET: set(),
        S.CURED: set(),
        S.WAIVED: set(),
        S.ENDED: set(),
    },
)
OPEN_TEST = (S.DUE, S.REPORTED, S.OVERDUE, S.BREACHED)
FINDING_WORDS = {
    "below_limit": _l("The value over the debt is below its limit"),
    "pledged_again": _l("A right was pledged again without consent"),
    "licensed": _l("A right was licensed without consent"),
}


class CovenantTest(Model):
    """One covenant on one of its days."""

    __tablename__ = "covenant_tests"
    __table_args__ = (
        UniqueConstraint("covenant_id", "nr"),
        CheckConstraint("due_on >= tested_on", name="period"),
        CheckConstraint("figure IS NULL OR figure >= 0", name="figure"),
        CheckConstraint("status <> 'reported' OR reported_at IS NOT NULL", name="reported_when"),
        CheckConstraint("status NOT IN ('breached', 'cured') OR breached_on IS NOT NULL", name="breached_when"),
        CheckConstraint("(waiver_asked_by IS NULL) = (waiver_reason = '')", name="waiver_has_reason"),
        CheckConstraint(
            "status <> 'waived' OR (waived_by IS NOT NULL AND waiver_asked_by IS NOT NULL "
            "AND waived_by <> waiver_asked_by)",
            name="waived_by_second_person",
        ),
        Index(
            "ix_covenant_tests_nightly", "tested_on", postgresql_where=text("status IN ('due', 'breached')")
        ),
    )  # fmt: skip

    covenant_id: Mapped[UUID] = mapped_column(ForeignKey("covenants.id"))
    nr: Mapped[int]
    tested_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    status: Mapped[TestStatus] = mapped_column(default=TestStatus.DUE)
    figure: Mapped[Decimal | None] = mapped_column(Numeric(20, 4))
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    note: Mapped[str] = mapped_column(String(500), default="")
    reported_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    reported_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(String(500), default="")
    answered_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    breached_on: Mapped[date | None] = mapped_column(Date)
    findings: Mapped[list[str]] = mapped_column(default=list)
    waiver_reason: Mapped[str] = mapped_column(String(500), default="")
    waiver_asked_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    waived_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))

    @property
    def is_open(self) -> bool:
        """Whether anything can still come of it."""
        return self.status in OPEN_TEST

    @property
    def finding_words(self) -> list[str]:
        """What the nightly look found, in the page's language."""
        return [str(SIGNS[one].words if one in SIGNS else FINDING_WORDS[one]) for one in self.findings]

    @property
    def figure_words(self) -> str:
        """The reported or seen figure as it is read."""
        return "—" if self.figure is None else plain(self.figure)

    def become(self, status: TestStatus) -> None:
        """Move to the next status of the table."""
        self.status = TEST_LIFECYCLE.check(self.status, status)


@dataclass(frozen=True)
class CovenantTestMoved(Fact):
    """A test day was reported, confirmed, disputed, missed, kept, broken, cured or waived."""

    test_id: UUID
    loan_id: UUID
    status: str


def lay_out_tests(_actor: Actor, fact: LoanDisbursed | AmendmentMoved, _now: datetime) -> None:
    """The test days of a loan paid out, and the further ones of a loan whose maturity moved."""
    covenants = covenants_of_loan(fact.loan_id)
    loan = find_loan(fact.loan_id)
    if not covenants or loan.disbursed_on is None or loan.matures_on is None:
        return
    rows = [
        {"id": new_id(), "covenant_id": one.id, "nr": day.nr, "tested_on": day.tested_on, "due_on": day.due_on,
         "status": S.DUE, "findings": [], "note": "", "answer": "", "waiver_reason": ""}
        for one in covenants
        for day in days_of_tests(loan.disbursed_on, loan.matures_on, one.every_months, one.days_after, loan.currency)
    ]  # fmt: skip
    if rows:
        session.execute(insert(CovenantTest).on_conflict_do_nothing(), rows)


def end_tests(actor: Actor, fact: LoanPaidOff, now: datetime) -> None:
    """Nothing is owed any longer, so nothing is tested."""
    for test in covenant_tests_of(fact.loan_id):
        if test.is_open:
            move_test(actor, test, fact.loan_id, TestStatus.ENDED, now)


def covenant_tests_of(loan_id: UUID) -> list[CovenantTest]:
    """Every test day of a loan, the nearest first."""
    query = select(CovenantTest).join(Covenant, Covenant.id == CovenantTest.covenant_id)
    query = query.where(Covenant.loan_id == loan_id).order_by(CovenantTest.due_on, CovenantTest.id)
    return list(session.execute(query).scalars())


def covenant_tests_for(actor: Actor, loan_id: UUID) -> list[CovenantTest]:
    """The test days of a loan, for its parties."""
    return covenant_tests_of(loan_for_party(actor, loan_id).id)


def covenant_test_for(actor: Actor, test_id: UUID) -> tuple[CovenantTest, Covenant, Loan]:
    """The test day for the parties of its loan; the loan is locked first, as everywhere."""
    found = session.get(CovenantTest, test_id)
    if found is None:
        raise NotFound()
    covenant = find(Covenant, found.covenant_id)
    loan = loan_for_party(actor, covenant.loan_id, lock=True)
    return find(CovenantTest, test_id, lock=True), covenant, loan


def waivers_asked(loan_id: UUID) -> list[UUID]:
    """The open test days of a loan for which a waiver waits for its second person."""
    return [one.id for one in covenant_tests_of(loan_id) if one.is_open and one.waiver_asked_by is not None]


def waiting_tests(organisation_id: UUID, on: date) -> list[tuple[CovenantTest, Covenant, Loan]]:
    """The test days on which borrower or bank has something to do, the nearest first."""
    asked = CovenantTest.waiver_asked_by.is_not(None) & CovenantTest.status.in_(OPEN_TEST)
    to_report = is_reported() & CovenantTest.status.in_((S.DUE, S.OVERDUE, S.BREACHED)) & (CovenantTest.tested_on <= on)
    query = (
        select(CovenantTest, Covenant, Loan)
        .join(Covenant, Covenant.id == CovenantTest.covenant_id)
        .join(Loan, Loan.id == Covenant.loan_id)
        .where(lent_by(organisation_id) | (Loan.borrower_id == organisation_id), Loan.status.in_(RUNNING))
        .where(asked | to_report | (CovenantTest.status == S.REPORTED))
        .order_by(CovenantTest.due_on, CovenantTest.id)
        .limit(100)
    )
    return [(test, covenant, loan) for test, covenant, loan in session.execute(query)]


def is_reported() -> ColumnElement[bool]:
    """The condition that the borrower reports on a covenant; the rest is seen by the marketplace."""
    figures = (Covenant.kind == CovenantKind.FINANCIAL) & (Covenant.measure != Measure.COVERAGE)
    return (Covenant.kind == CovenantKind.INFORMATION) | figures


def signs_of_promises(loan_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """The warning signs of several loans' covenants, in one query."""
    query = (
        select(Covenant.loan_id, CovenantTest.status)
        .join(Covenant, Covenant.id == CovenantTest.covenant_id)
        .where(Covenant.loan_id.in_(loan_ids), CovenantTest.status.in_((S.BREACHED, S.OVERDUE)))
        .distinct()
    )
    found: dict[UUID, list[str]] = {}
    for loan_id, status in session.execute(query):
        found.setdefault(loan_id, []).append("covenant_broken" if status is S.BREACHED else "report_late")
    return found


def move_test(actor: Actor, test: CovenantTest, loan_id: UUID, status: TestStatus, now: datetime) -> None:
    """Take one step and say so."""
    test.become(status)
    session.flush()
    announce(actor, now, CovenantTestMoved(test.id, loan_id, status.value))
