"""What borrower and bank do on a covenant's test day: report, confirm, dispute, and waive by a second person."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.core.errors import Malformed, Refused, require
from marketplace.core.events import announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import WrongStatus
from marketplace.documents.files import find_file, show_file
from marketplace.financing import policy
from marketplace.financing.club_votes import forget_votes, require_club_agrees
from marketplace.financing.covenant_rules import CovenantKind, Outcome, judge_figure, require_figure
from marketplace.financing.covenant_tests import (
    TEST_LIFECYCLE,
    CovenantTest,
    CovenantTestMoved,
    TestStatus,
    covenant_test_for,
    move_test,
)
from marketplace.financing.covenants import Covenant
from marketplace.financing.due_dates import business_date
from marketplace.financing.lenders import lenders_of
from marketplace.financing.loans import Loan
from marketplace.identity.four_eyes import require_another_person
from marketplace.identity.sign_in import require_fresh
from marketplace.identity.verification import require_approved


class NothingToReport(Refused):
    """What the register and the values show is not reported."""

    message = _l("This covenant is judged by the register and the value of the rights; there is nothing to report.")


class TooEarlyToReport(Refused):
    """The period has not ended."""

    message = _l("The period ends on %(day)s; it is reported from then on.")


class NoWaiverAsked(Refused):
    """The second person agrees to a waiver that somebody asked for."""

    message = _l("Nobody has asked to waive this test.")


def report_on_covenant(
    actor: Actor, test_id: UUID, figure: Decimal | None, file_id: UUID | None, note: str, now: datetime
) -> CovenantTest:
    """The borrower reports the figure of a test day with the file that shows it; the lenders may read the file."""
    test, covenant, loan = covenant_test_for(actor, test_id)
    require(actor.organisation_id == loan.borrower_id, policy.WrongActor())
    require(actor.may("loan.apply"))
    require_approved(actor)
    require(covenant.promise.is_reported, NothingToReport())
    require(business_date(now) >= test.tested_on, TooEarlyToReport(day=test.tested_on))
    TEST_LIFECYCLE.check(test.status, TestStatus.REPORTED)
    _require_complete(covenant, figure, file_id)
    if file_id is not None:
        find_file(actor, file_id, now)
        for bank_id in lenders_of(loan):
            show_file(actor, file_id, bank_id, now)
    test.figure, test.file_id, test.note, test.answer = figure, file_id, note, ""
    test.reported_by, test.reported_at = actor.person_id, now
    move_test(actor, test, loan.id, TestStatus.REPORTED, now)
    return test


def confirm_report(actor: Actor, test_id: UUID, now: datetime) -> CovenantTest:
    """The bank takes the report as true; the rule then says whether the covenant is kept."""
    test, covenant, loan = _for_bank(actor, test_id)
    _require_reported(test)
    broken = judge_figure(covenant.promise, test.figure) is Outcome.BROKEN
    kept = TestStatus.CURED if test.breached_on else TestStatus.MET
    if broken:
        test.breached_on = test.breached_on or business_date(now)
    test.answered_by = actor.person_id
    move_test(actor, test, loan.id, TestStatus.BREACHED if broken else kept, now)
    return test


def dispute_report(actor: Actor, test_id: UUID, reason: str, now: datetime) -> CovenantTest:
    """The bank does not take the report as true, with its reason; the borrower reports anew."""
    test, _covenant, loan = _for_bank(actor, test_id)
    _require_reported(test)
    test.answer, test.answered_by = reason, actor.person_id
    late = TestStatus.OVERDUE if business_date(now) > test.due_on else TestStatus.DUE
    move_test(actor, test, loan.id, TestStatus.BREACHED if test.breached_on else late, now)
    return test


def ask_waiver(actor: Actor, test_id: UUID, reason: str, now: datetime) -> CovenantTest:
    """One person of the bank asks to waive a covenant for one test day."""
    test, _covenant, loan = _for_bank(actor, test_id)
    TEST_LIFECYCLE.check(test.status, TestStatus.WAIVED)
    test.waiver_asked_by, test.waiver_reason = actor.person_id, reason
    forget_votes(test.id)
    session.flush()
    announce(actor, now, CovenantTestMoved(test.id, loan.id, "waiver_asked"))
    return test


def approve_waiver(actor: Actor, test_id: UUID, now: datetime) -> CovenantTest:
    """A second person of the bank waives the covenant for this day; of several banks two thirds have agreed."""
    test, _covenant, loan = _for_bank(actor, test_id)
    require(actor.may("loan.approve"))
    require_fresh(actor, now)
    require(test.waiver_asked_by is not None, NoWaiverAsked())
    require_another_person(actor, test.waiver_asked_by)
    require_club_agrees(loan, test.id)
    test.waived_by = actor.person_id
    move_test(actor, test, loan.id, TestStatus.WAIVED, now)
    return test


def _for_bank(actor: Actor, test_id: UUID) -> tuple[CovenantTest, Covenant, Loan]:
    test, covenant, loan = covenant_test_for(actor, test_id)
    require(policy.is_lender(actor, loan.bank_id), policy.WrongActor())
    require(actor.may("loan.underwrite") or actor.may("loan.approve"))
    return test, covenant, loan


def _require_reported(test: CovenantTest) -> None:
    """Only a report is confirmed or disputed, whatever else the table allows."""
    require(test.status is TestStatus.REPORTED, WrongStatus(current=test.status.value, wanted="reported"))


def _require_complete(covenant: Covenant, figure: Decimal | None, file_id: UUID | None) -> None:
    if (covenant.kind is CovenantKind.FINANCIAL) != (figure is not None):
        raise Malformed("figure", _l("A financial covenant is reported with its figure, another without one."))
    if figure is not None:
        require_figure("figure", figure)
    if file_id is None and covenant.kind is CovenantKind.INFORMATION:
        raise Malformed("file_id", _l("Choose a file."))
