"""From application to pay-off: who may do what, and what each step changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from marketplace.core.actor import SYSTEM
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.core.lifecycle import WrongStatus
from marketplace.core.money import Money
from marketplace.documents.signatures import decline
from marketplace.financing.ageing import LoanDay, age_to
from marketplace.financing.agreements import accept_term_sheet, cancel_loan
from marketplace.financing.applications import (
    ApplicationClosed,
    ApplicationStatus,
    decline_invitation,
    find_application,
    find_invitation,
    withdraw_application,
)
from marketplace.financing.caps import OverCap
from marketplace.financing.classification import LoanClass
from marketplace.financing.disbursement import LoanContractNotSigned, disburse_loan
from marketplace.financing.loan_quality import judge_loan, write_off_loan
from marketplace.financing.loans import (
    LoanStatus,
    find_loan,
    instalments_of,
    loan_for_party,
    outstanding_principal,
)
from marketplace.financing.pledge_check import WaiverNeeded
from marketplace.financing.pledges import (
    AssetAlreadyPledged,
    ContractNotSigned,
    LoanStillOwed,
    PledgeStatus,
    approve_release,
    ask_release,
    file_pledge,
    pledge_for_party,
    pledges_of_loan,
)
from marketplace.financing.policy import WrongActor
from marketplace.financing.repayments import MoreThanDue, Receipt, ReceiptRecorded, payoff_of, record_repayment
from marketplace.financing.term_sheets import (
    OfferExpired,
    OfferOutstanding,
    TermSheetStatus,
    approve_term_sheet,
    find_term_sheet,
    offers_on,
    prepare_term_sheet,
    withdraw_term_sheet,
)
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.identity.sign_in import ReauthenticationRequired
from marketplace.identity.verification import KycRequired
from marketplace.ledger.accounts import balance
from marketplace.notices.inbox import Notice
from marketplace.registry.encumbrances import EncumbranceKind, encumber, open_encumbrances
from marketplace.registry.rules import LegalRefusal
from tests.makers.financing import (
    Parties,
    cny,
    days_after,
    invitation_of,
    make_agreed_loan,
    make_application,
    make_bank,
    make_offer,
    make_parties,
    make_pledged_loan,
    make_running_loan,
    make_term_sheet,
    repay,
    sign_contracts,
)
from tests.makers.identity import make_actor


@pytest.fixture
def parties(db: Any) -> Parties:
    return make_parties()


def at_noon(day: Any) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def age(day: Any) -> int:
    return age_to(day, at_noon(day))


def test_a_holder_asks_several_banks_in_five_fields(parties: Parties) -> None:
    other = make_bank()[0]
    application = make_application(parties, other)
    assert application.status is ApplicationStatus.OPEN
    assert find_invitation(other, invitation_of(application, other).id).bank_id == other.organisation_id


def test_an_unverified_holder_cannot_apply(parties: Parties) -> None:
    with pytest.raises(KycRequired):
        make_application(replace(parties, holder=replace(parties.holder, approved=False)))


def test_somebody_elses_right_does_not_exist_for_an_application(parties: Parties) -> None:
    with pytest.raises(NotFound):
        make_application(replace(parties, holder=make_actor()))


def test_an_application_above_the_cap_is_refused_naming_the_binding_limit(parties: Parties) -> None:
    with pytest.raises(OverCap) as refusal:
        make_application(parties, amount=Money(10**15, "CNY"))
    assert refusal.value.status == 422
    assert refusal.value.params["binding_term"] in ("policy_cap", "lower_bound")


def test_an_offer_above_the_part_of_the_banks_own_value_is_refused(parties: Parties) -> None:
    application = make_application(parties)
    offer = make_offer(amount=cny(70_000), assessed_value=cny(100_000))
    with pytest.raises(OverCap) as refusal:
        prepare_term_sheet(parties.officer, invitation_of(application, parties.officer).id, offer, now())
    assert refusal.value.params == {"maximum": cny(60_000), "binding_term": "hard_cap"}


def test_a_bank_may_value_by_itself_only_up_to_ten_million(parties: Parties) -> None:
    application = make_application(parties)
    offer = make_offer(amount=cny(10_000_001), assessed_value=cny(100_000_000))
    with pytest.raises(OverCap) as refusal:
        prepare_term_sheet(parties.officer, invitation_of(application, parties.officer).id, offer, now())
    assert refusal.value.params["binding_term"] == "internal_valuation_limit"


def test_a_bank_sees_neither_the_application_nor_the_invitation_nor_the_offer_of_another(parties: Parties) -> None:
    rival, _ = make_bank()
    application = make_application(parties, rival)
    sheet = make_term_sheet(parties, application)
    for look in (
        lambda: find_application(rival, application.id),
        lambda: offers_on(rival, application.id),
        lambda: find_invitation(rival, invitation_of(application, parties.officer).id),
        lambda: find_term_sheet(rival, sheet.id),
        lambda: approve_term_sheet(rival, sheet.id, now()),
        lambda: withdraw_term_sheet(rival, sheet.id, now()),
    ):
        with pytest.raises(NotFound):
            look()


def test_an_offer_above_the_limit_waits_for_a_second_person(parties: Parties) -> None:
    application = make_application(parties)
    sheet = prepare_term_sheet(parties.officer, invitation_of(application, parties.officer).id, make_offer(), now())
    assert sheet.status is TermSheetStatus.PREPARED
    with pytest.raises(NotFound):
        find_term_sheet(parties.holder, sheet.id)
    with pytest.raises(SecondPersonNeeded):
        approve_term_sheet(parties.officer, sheet.id, now())
    approve_term_sheet(parties.approver, sheet.id, now())
    assert find_term_sheet(parties.holder, sheet.id).status is TermSheetStatus.OFFERED


def test_a_bank_has_one_live_offer_on_an_application(parties: Parties) -> None:
    sheet = make_term_sheet(parties)
    with pytest.raises(OfferOutstanding):
        prepare_term_sheet(parties.officer, sheet.invitation_id, make_offer(), now())


def test_offers_are_compared_by_what_they_really_cost(parties: Parties) -> None:
    second = make_bank()
    application = make_application(parties, second[0])
    fee = make_term_sheet(parties, application, rate_bps=400, upfront_fee=cny(300))
    plain = make_term_sheet(parties, application, bank=second, rate_bps=600)
    assert [sheet.id for sheet in offers_on(parties.holder, application.id)] == [plain.id, fee.id]
    assert fee.effective_cost_bps > plain.effective_cost_bps > 600


def test_only_the_borrower_accepts_and_freshly(parties: Parties) -> None:
    sheet = make_term_sheet(parties)
    with pytest.raises(WrongActor):
        accept_term_sheet(parties.officer, sheet.id, [], now())
    with pytest.raises(NotFound):
        accept_term_sheet(make_actor(), sheet.id, [], now())
    stale = replace(parties.holder, authenticated_at=now() - timedelta(hours=1))
    with pytest.raises(ReauthenticationRequired):
        accept_term_sheet(stale, sheet.id, [], now())


def test_accepting_one_offer_closes_the_others(parties: Parties) -> None:
    second = make_bank()
    application = make_application(parties, second[0])
    taken, left = make_term_sheet(parties, application), make_term_sheet(parties, application, bank=second)
    loan = accept_term_sheet(parties.holder, taken.id, [], now())
    session.expire_all()
    assert left.status is TermSheetStatus.NOT_CHOSEN
    assert loan.status is LoanStatus.APPROVED
    with pytest.raises(ApplicationClosed):
        accept_term_sheet(parties.holder, left.id, [], now())


def test_an_expired_offer_is_not_accepted(parties: Parties) -> None:
    sheet = make_term_sheet(parties, valid_days=1)
    fresh = replace(parties.holder, authenticated_at=now() + timedelta(days=3))
    with pytest.raises(OfferExpired):
        accept_term_sheet(fresh, sheet.id, [], now() + timedelta(days=3))


def test_a_right_preserved_by_a_court_is_not_pledged(parties: Parties) -> None:
    sheet = make_term_sheet(parties)
    today = now().date()
    encumber(
        SYSTEM, parties.asset_id, EncumbranceKind.PRESERVATION, None, today, today + timedelta(days=90), "court", now()
    )
    with pytest.raises(LegalRefusal) as refusal:
        accept_term_sheet(parties.holder, sheet.id, [], now())
    assert refusal.value.rule.id == "CN-REF-05"


def test_invalidation_proceedings_are_waived_only_by_informed_parties(parties: Parties) -> None:
    sheet = make_term_sheet(parties)
    encumber(
        SYSTEM, parties.asset_id, EncumbranceKind.INVALIDATION_PROCEEDINGS, None, now().date(), None, "case 1", now()
    )
    with pytest.raises(WaiverNeeded), session.begin_nested():
        accept_term_sheet(parties.holder, sheet.id, [], now())
    loan = accept_term_sheet(parties.holder, sheet.id, ["CN-REF-11"], now())
    assert pledges_of_loan(loan.id)[0].waived == ["CN-REF-11"]


def test_a_right_promised_to_one_bank_is_not_promised_to_another(parties: Parties) -> None:
    make_agreed_loan(parties)
    second = make_term_sheet(parties)
    with pytest.raises(AssetAlreadyPledged):
        accept_term_sheet(parties.holder, second.id, [], now())


def test_a_pledge_is_filed_only_when_both_have_signed(parties: Parties) -> None:
    loan = make_agreed_loan(parties)
    pledge = pledges_of_loan(loan.id)[0]
    with pytest.raises(ContractNotSigned):
        file_pledge(parties.officer, pledge.id, "F1", now())
    sign_contracts(parties, loan)
    assert file_pledge(parties.officer, pledge.id, "F1", now()).status is PledgeStatus.FILED


def test_a_pledge_burdens_the_right_from_its_registration_only(parties: Parties) -> None:
    loan = make_agreed_loan(parties)
    assert open_encumbrances(parties.asset_id, now().date()) == []
    sign_contracts(parties, loan)
    assert open_encumbrances(parties.asset_id, now().date()) == []
    from tests.makers.financing import register

    register(parties, pledges_of_loan(loan.id)[0])
    burden = open_encumbrances(parties.asset_id, now().date())[0]
    assert (burden.kind, burden.holder_id) == (EncumbranceKind.PLEDGE, parties.officer.organisation_id)


def test_nothing_is_paid_out_before_the_pledge_is_registered(parties: Parties) -> None:
    loan = make_agreed_loan(parties)
    with pytest.raises(LoanContractNotSigned), session.begin_nested():
        disburse_loan(parties.approver, loan.id, now())
    sign_contracts(parties, loan)
    with pytest.raises(LegalRefusal) as refusal, session.begin_nested():
        disburse_loan(parties.approver, loan.id, now())
    assert refusal.value.rule.id == "CN-PLG-02"


def test_the_person_who_prepared_the_offer_does_not_pay_it_out(parties: Parties) -> None:
    loan = make_pledged_loan(parties)
    with pytest.raises(SecondPersonNeeded):
        disburse_loan(parties.officer, loan.id, now())


@pytest.mark.parametrize("act", ["disburse", "register", "release", "repay", "judge", "write_off", "cancel"])
def test_the_borrower_cannot_do_what_is_the_lenders(parties: Parties, act: str) -> None:
    loan = make_agreed_loan(parties)
    pledge = pledges_of_loan(loan.id)[0]
    borrower = parties.holder
    receipt = Receipt(amount=cny(1), received_on=now().date(), bank_reference="x")
    acts: dict[str, Any] = {
        "disburse": lambda: disburse_loan(borrower, loan.id, now()),
        "register": lambda: file_pledge(borrower, pledge.id, "F", now()),
        "release": lambda: ask_release(borrower, pledge.id, "", now()),
        "repay": lambda: record_repayment(borrower, loan.id, receipt, now()),
        "judge": lambda: judge_loan(borrower, loan.id, LoanClass.LOSS, now()),
        "write_off": lambda: write_off_loan(borrower, loan.id, now()),
        "cancel": lambda: cancel_loan(borrower, loan.id, now()),
    }
    with pytest.raises(WrongActor) as refusal:
        acts[act]()
    assert (refusal.value.status, refusal.value.code) == (403, "wrong_actor")


@pytest.mark.parametrize("act", ["loan", "pledge", "disburse", "repay"])
def test_a_loan_does_not_exist_for_another_bank(parties: Parties, act: str) -> None:
    loan = make_agreed_loan(parties)
    rival = make_bank()[0]
    acts: dict[str, Any] = {
        "loan": lambda: loan_for_party(rival, loan.id),
        "pledge": lambda: pledge_for_party(rival, pledges_of_loan(loan.id)[0].id),
        "disburse": lambda: disburse_loan(rival, loan.id, now()),
        "repay": lambda: record_repayment(
            rival, loan.id, Receipt(amount=cny(1), received_on=now().date(), bank_reference="x"), now()
        ),
    }
    with pytest.raises(NotFound):
        acts[act]()


def books(parties: Parties) -> dict[str, int]:
    bank = parties.officer.organisation_id
    names = (
        "loans:performing",
        "loans:overdue",
        "loans:npl",
        "settlement",
        "income:interest",
        "income:fees",
        "income:penalty",
    )
    return {name: balance(f"bank:{bank}:{name}", "CNY").posted.amount_minor for name in names}


def test_a_disbursed_loan_stands_in_the_books_with_its_instalments(parties: Parties) -> None:
    loan = make_running_loan(parties, upfront_fee=cny(100))
    rows = instalments_of(loan.id)
    assert len(rows) == 12
    assert sum(row.principal_minor for row in rows) == loan.principal.amount_minor
    assert outstanding_principal(loan.id) == cny(10_000)
    found = books(parties)
    assert (found["loans:performing"], found["settlement"], found["income:fees"]) == (1_000_000, -990_000, 10_000)


def test_the_whole_schedule_paid_on_time_ends_the_loan(parties: Parties) -> None:
    loan = make_running_loan(parties)
    for row in instalments_of(loan.id):
        age(row.due_on)
        repay(parties, loan, row.total, row.due_on)
    loan = find_loan(loan.id)
    assert (loan.status, loan.outstanding.amount_minor, loan.loan_class) == (LoanStatus.PAID_OFF, 0, LoanClass.NORMAL)
    found = books(parties)
    interest = sum(row.interest_minor for row in instalments_of(loan.id))
    assert found["loans:performing"] == found["loans:overdue"] == found["loans:npl"] == 0
    assert found["income:interest"] == found["settlement"] == interest


def test_an_early_repayment_takes_exactly_the_payoff(parties: Parties) -> None:
    loan = make_running_loan(parties)
    on = days_after(loan, 10)
    age(on)
    payoff = payoff_of(loan, instalments_of(loan.id), on)
    first = instalments_of(loan.id)[0]
    assert cny(10_000) < payoff < cny(10_000) + first.money(first.interest_minor)
    with pytest.raises(MoreThanDue), session.begin_nested():
        repay(parties, loan, payoff + Money(1, "CNY"), on)
    repay(parties, loan, payoff, on)
    assert find_loan(loan.id).status is LoanStatus.PAID_OFF
    assert books(parties)["settlement"] == (payoff - cny(10_000)).amount_minor


def test_one_receipt_is_booked_once(parties: Parties) -> None:
    loan = make_running_loan(parties)
    receipt = Receipt(amount=cny(10), received_on=days_after(loan, 0), bank_reference="SLIP-1")
    record_repayment(parties.officer, loan.id, receipt, at_noon(days_after(loan, 0)))
    with pytest.raises(ReceiptRecorded):
        record_repayment(parties.officer, loan.id, receipt, at_noon(days_after(loan, 0)))


def test_a_loan_that_is_not_served_passes_through_the_five_tiers_and_defaults(parties: Parties) -> None:
    loan = make_running_loan(parties)
    due = instalments_of(loan.id)[0].due_on
    seen = {}
    for days in (0, 1, 90, 91, 271, 361):
        age(due + timedelta(days=days))
        session.expire_all()
        loan = find_loan(loan.id)
        seen[days] = (loan.status.value, loan.loan_class.value, loan.days_past_due)
    assert seen[0] == ("performing", "normal", 0)
    assert seen[1] == ("overdue", "special_mention", 1)
    assert seen[90] == ("overdue", "special_mention", 90)
    assert seen[91] == ("defaulted", "substandard", 91)
    assert seen[271] == ("defaulted", "doubtful", 271)
    assert seen[361] == ("defaulted", "loss", 361)
    found = books(parties)
    assert (found["loans:performing"], found["loans:overdue"], found["loans:npl"]) == (0, 0, 1_000_000)


def test_arrears_paid_with_penalty_make_the_loan_perform_again(parties: Parties) -> None:
    loan = make_running_loan(parties)
    row = instalments_of(loan.id)[0]
    on = row.due_on + timedelta(days=10)
    age(on)
    row = instalments_of(loan.id)[0]
    expected = 10 * round(row.principal_minor * loan.penalty_rate_bps / 3_600_000)
    assert row.penalty_minor == expected
    repay(parties, loan, row.total, on)
    session.expire_all()
    loan = find_loan(loan.id)
    assert (loan.status, loan.loan_class, loan.days_past_due) == (LoanStatus.PERFORMING, LoanClass.NORMAL, 0)
    found = books(parties)
    assert found["loans:overdue"] == 0
    assert found["loans:performing"] == loan.outstanding.amount_minor
    assert found["income:penalty"] == expected


def test_ageing_twice_changes_nothing(parties: Parties) -> None:
    loan = make_running_loan(parties)
    on = days_after(loan, 45)
    assert age(on) == 45
    before = [(row.nr, row.penalty_minor) for row in instalments_of(loan.id)]
    assert age(on) == 0
    assert [(row.nr, row.penalty_minor) for row in instalments_of(loan.id)] == before
    assert len(session.execute(select(LoanDay).where(LoanDay.loan_id == loan.id)).all()) == 45


def test_the_interest_of_the_days_sums_to_the_interest_of_the_period(parties: Parties) -> None:
    loan = make_running_loan(parties)
    first = instalments_of(loan.id)[0]
    age(first.due_on)
    days = session.execute(select(LoanDay.interest_minor).where(LoanDay.loan_id == loan.id)).scalars()
    assert sum(days) == first.interest_minor


def test_a_bank_judges_a_loan_worse_but_never_better(parties: Parties) -> None:
    loan = make_running_loan(parties)
    judge_loan(parties.officer, loan.id, LoanClass.SUBSTANDARD, now())
    assert find_loan(loan.id).loan_class is LoanClass.SUBSTANDARD
    assert books(parties)["loans:npl"] == 1_000_000
    judge_loan(parties.officer, loan.id, LoanClass.NORMAL, now())
    assert find_loan(loan.id).loan_class is LoanClass.NORMAL


def test_a_defaulted_loan_is_written_off_by_a_second_person(parties: Parties) -> None:
    loan = make_running_loan(parties)
    with pytest.raises(WrongStatus):
        write_off_loan(parties.approver, loan.id, now())
    age(instalments_of(loan.id)[0].due_on + timedelta(days=91))
    session.expire_all()
    with pytest.raises(SecondPersonNeeded):
        write_off_loan(parties.officer, loan.id, now())
    assert write_off_loan(parties.approver, loan.id, now()).status is LoanStatus.WRITTEN_OFF
    assert books(parties)["loans:npl"] == 0


def test_a_pledge_is_not_released_while_money_is_owed(parties: Parties) -> None:
    loan = make_running_loan(parties)
    pledge = pledges_of_loan(loan.id)[0]
    with pytest.raises(LoanStillOwed):
        ask_release(parties.officer, pledge.id, "", now())


def test_the_lender_lets_a_right_go_by_two_people(parties: Parties) -> None:
    loan = make_running_loan(parties)
    pledge = pledges_of_loan(loan.id)[0]
    ask_release(parties.officer, pledge.id, "Replaced by other security", now())
    assert pledge.status is PledgeStatus.REGISTERED
    with pytest.raises(SecondPersonNeeded):
        approve_release(parties.officer, pledge.id, now())
    approve_release(parties.approver, pledge.id, now())
    assert pledge.status is PledgeStatus.RELEASED
    assert open_encumbrances(parties.asset_id, now().date()) == []


def test_a_declined_or_withdrawn_application_takes_no_offers(parties: Parties) -> None:
    application = make_application(parties)
    invitation = invitation_of(application, parties.officer)
    decline_invitation(parties.officer, invitation.id, "Field not served", now())
    with pytest.raises(NotFound):
        withdraw_application(make_actor(), application.id, now())
    withdraw_application(parties.holder, application.id, now())
    with pytest.raises(ApplicationClosed):
        prepare_term_sheet(parties.officer, invitation.id, make_offer(), now())


def test_a_viewer_of_the_bank_prepares_nothing(parties: Parties) -> None:
    application = make_application(parties)
    viewer = replace(parties.officer, permissions=frozenset())
    with pytest.raises(NotAllowed):
        prepare_term_sheet(viewer, invitation_of(application, parties.officer).id, make_offer(), now())


def test_each_side_is_told_of_its_own_loan_only(parties: Parties) -> None:
    rival, rival_approver = make_bank()
    application = make_application(parties, rival)
    sheet = make_term_sheet(parties, application)
    make_term_sheet(parties, application, bank=(rival, rival_approver), rate_bps=888)
    accept_term_sheet(parties.holder, sheet.id, [], now())
    told = {
        name: {row.kind for row in session.execute(select(Notice).where(Notice.person_id == actor.person_id)).scalars()}
        for name, actor in (("holder", parties.holder), ("bank", parties.officer), ("rival", rival))
    }
    assert told["holder"] >= {"loan_offered"}
    assert told["bank"] >= {"loan_asked", "loan_offer_to_approve", "loan_agreed"}
    assert "loan_agreed" not in told["rival"] and "loan_offered" not in told["rival"] | told["bank"]


def test_a_contract_that_is_declined_frees_the_right(parties: Parties) -> None:
    loan = make_agreed_loan(parties)
    assert loan.envelope_id is not None
    decline(parties.holder, loan.envelope_id, "Terms changed", now())
    assert find_loan(loan.id).status is LoanStatus.CANCELLED
    assert pledges_of_loan(loan.id)[0].status is PledgeStatus.CANCELLED
    assert make_agreed_loan(parties).status is LoanStatus.APPROVED
