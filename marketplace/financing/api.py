"""The JSON API of financing."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, needs, signed_in
from marketplace.financing import (
    agreements,
    amendment_api,
    applications,
    club_api,
    consent_api,
    covenant_api,
    criteria_api,
    disbursement,
    enforcement,
    loan_quality,
    loans,
    monitoring_api,
    pledge_api,
    pledges,
    receivable_api,
    repayments,
    statement_api,
    term_sheets,
    views,
)
from marketplace.financing import jobs as jobs
from marketplace.financing import schemas as s
from marketplace.financing.amendment_schemas import FirstPartIn
from marketplace.financing.api_blueprint import api

MORE = (
    amendment_api,
    club_api,
    consent_api,
    covenant_api,
    criteria_api,
    monitoring_api,
    pledge_api,
    receivable_api,
    statement_api,
)


@api.post("/applications")
@needs("loan.apply")
@idempotent
@api.input(s.WishIn, arg_name="wish")
@api.output(s.ApplicationOut, status_code=201)
def file_application(wish: dict[str, Any]) -> Any:
    """Ask chosen banks for a loan against own rights."""
    return applications.file_application(current_actor(), applications.Wish(**wish), now())


@api.get("/applications")
@signed_in
@api.output(s.ApplicationsOut)
def my_applications() -> Any:
    """What my organisation asked for."""
    return {"items": views.applications_seen_by(current_actor())}


@api.get("/applications/<uuid:application_id>")
@signed_in
@api.output(s.ApplicationOut)
def show_application(application_id: UUID) -> Any:
    """One application of my organisation."""
    return applications.find_application(current_actor(), application_id)


@api.get("/applications/<uuid:application_id>/term-sheets")
@signed_in
@api.output(s.TermSheetsOut)
def compare_term_sheets(application_id: UUID) -> Any:
    """The offers on my application, the cheapest by effective yearly cost first."""
    return {"items": term_sheets.offers_on(current_actor(), application_id)}


@api.post("/applications/<uuid:application_id>/withdrawal")
@needs("loan.apply")
@idempotent
@api.input(s.NothingIn, arg_name="nothing")
@api.output(s.ApplicationOut)
def withdraw_application(application_id: UUID, nothing: dict[str, Any]) -> Any:
    """Ask no longer."""
    return applications.withdraw_application(current_actor(), application_id, now())


@api.get("/invitations")
@needs("loan.underwrite")
@api.output(s.InvitationsOut)
def my_invitations() -> Any:
    """The applications my bank was invited to."""
    return {"items": views.invitation_facts(current_actor())}


@api.post("/invitations/<uuid:invitation_id>/term-sheets")
@needs("loan.underwrite")
@idempotent
@api.input(s.OfferIn, arg_name="offer")
@api.output(s.TermSheetOut, status_code=201)
def prepare_term_sheet(invitation_id: UUID, offer: dict[str, Any]) -> Any:
    """Make an offer; above the bank's limit a second person approves it."""
    return term_sheets.prepare_term_sheet(current_actor(), invitation_id, term_sheets.Offer(**offer), now())


@api.post("/invitations/<uuid:invitation_id>/declination")
@needs("loan.underwrite")
@idempotent
@api.input(s.ReasonIn, arg_name="given")
@api.output(s.NothingIn, status_code=200)
def decline_invitation(invitation_id: UUID, given: dict[str, Any]) -> Any:
    """Make no offer, with the reason."""
    applications.decline_invitation(current_actor(), invitation_id, given["reason"], now())
    return {}


@api.get("/term-sheets/<uuid:term_sheet_id>")
@signed_in
@api.output(s.TermSheetOut)
def show_term_sheet(term_sheet_id: UUID) -> Any:
    """One offer, for its bank and once it is out for the borrower."""
    return term_sheets.find_term_sheet(current_actor(), term_sheet_id)


@api.post("/term-sheets/<uuid:term_sheet_id>/approval")
@signed_in
@idempotent
@api.input(s.NothingIn, arg_name="nothing")
@api.output(s.TermSheetOut)
def approve_term_sheet(term_sheet_id: UUID, nothing: dict[str, Any]) -> Any:
    """Agree to an offer as the bank's second person."""
    return term_sheets.approve_term_sheet(current_actor(), term_sheet_id, now())


@api.post("/term-sheets/<uuid:term_sheet_id>/withdrawal")
@signed_in
@idempotent
@api.input(s.NothingIn, arg_name="nothing")
@api.output(s.TermSheetOut)
def withdraw_term_sheet(term_sheet_id: UUID, nothing: dict[str, Any]) -> Any:
    """Take an offer back."""
    return term_sheets.withdraw_term_sheet(current_actor(), term_sheet_id, now())


@api.post("/term-sheets/<uuid:term_sheet_id>/acceptance")
@signed_in
@idempotent
@api.input(s.AcceptanceIn, arg_name="given")
@api.output(s.LoanOut, status_code=201)
def accept_term_sheet(term_sheet_id: UUID, given: dict[str, Any]) -> Any:
    """Take one offer; the others close and the contracts are laid out to sign."""
    return agreements.accept_term_sheet(current_actor(), term_sheet_id, given["informed"], now(), given["covenants"])


@api.get("/loans")
@signed_in
@api.output(s.LoansOut)
def my_loans() -> Any:
    """The loans my organisation took or gave."""
    return {"items": views.loans_seen_by(current_actor())}


@api.get("/loans/<uuid:loan_id>")
@signed_in
@api.output(s.LoanOut)
def show_loan(loan_id: UUID) -> Any:
    """One loan, for its two parties."""
    return loans.loan_for_party(current_actor(), loan_id)


@api.get("/loans/<uuid:loan_id>/instalments")
@signed_in
@api.output(s.ScheduleOut)
def show_schedule(loan_id: UUID) -> Any:
    """The schedule with what was paid."""
    return {"items": loans.instalments_of(loans.loan_for_party(current_actor(), loan_id).id)}


@api.get("/loans/<uuid:loan_id>/pledges")
@signed_in
@api.output(s.PledgesOut)
def show_pledges(loan_id: UUID) -> Any:
    """What secures the loan."""
    return {"items": pledges.pledges_of_loan(loans.loan_for_party(current_actor(), loan_id).id)}


@api.get("/loans/<uuid:loan_id>/repayments")
@signed_in
@api.output(s.RepaymentsOut)
def show_repayments(loan_id: UUID) -> Any:
    """What arrived on the loan and where it went."""
    return {"items": repayments.repayments_of(loans.loan_for_party(current_actor(), loan_id).id)}


@api.post("/loans/<uuid:loan_id>/disbursement")
@signed_in
@idempotent
@api.input(FirstPartIn, arg_name="given")
@api.output(s.LoanOut)
def disburse_loan(loan_id: UUID, given: dict[str, Any]) -> Any:
    """Pay the loan, or a first part of it, out; only when the contracts are signed and every pledge is registered."""
    return disbursement.disburse_loan(current_actor(), loan_id, now(), given["first_part"])


@api.post("/loans/<uuid:loan_id>/repayments")
@signed_in
@idempotent
@api.input(s.ReceiptIn, arg_name="receipt")
@api.output(s.RepaymentOut, status_code=201)
def record_repayment(loan_id: UUID, receipt: dict[str, Any]) -> Any:
    """Confirm what arrived; it is applied in the agreed order."""
    return repayments.record_repayment(current_actor(), loan_id, repayments.Receipt(**receipt), now())


@api.post("/loans/<uuid:loan_id>/judgement")
@signed_in
@idempotent
@api.input(s.JudgementIn, arg_name="given")
@api.output(s.LoanOut)
def judge_loan(loan_id: UUID, given: dict[str, Any]) -> Any:
    """Classify a loan worse than its days past due."""
    return loan_quality.judge_loan(current_actor(), loan_id, given["loan_class"], now())


@api.post("/loans/<uuid:loan_id>/write-off")
@signed_in
@idempotent
@api.input(s.NothingIn, arg_name="nothing")
@api.output(s.LoanOut)
def write_off_loan(loan_id: UUID, nothing: dict[str, Any]) -> Any:
    """Give a defaulted loan up in the books."""
    return loan_quality.write_off_loan(current_actor(), loan_id, now())


@api.post("/loans/<uuid:loan_id>/cancellation")
@signed_in
@idempotent
@api.input(s.NothingIn, arg_name="nothing")
@api.output(s.LoanOut)
def cancel_loan(loan_id: UUID, nothing: dict[str, Any]) -> Any:
    """Give an agreed loan up before it is paid out."""
    return agreements.cancel_loan(current_actor(), loan_id, now())


@api.post("/pledges/<uuid:pledge_id>/filing")
@signed_in
@idempotent
@api.input(s.FilingIn, arg_name="given")
@api.output(s.PledgeOut)
def file_pledge(pledge_id: UUID, given: dict[str, Any]) -> Any:
    """Record that the signed pledge was filed."""
    return pledges.file_pledge(current_actor(), pledge_id, given["filing_number"], now())


@api.post("/pledges/<uuid:pledge_id>/registration")
@signed_in
@idempotent
@api.input(s.RegistrationIn, arg_name="given")
@api.output(s.PledgeOut)
def register_pledge(pledge_id: UUID, given: dict[str, Any]) -> Any:
    """Record the office's registration; only now the right is burdened."""
    return pledges.register_pledge(
        current_actor(), pledge_id, given["registration_number"], given["registered_on"], now()
    )


@api.post("/pledges/<uuid:pledge_id>/refusal")
@signed_in
@idempotent
@api.input(s.ReasonIn, arg_name="given")
@api.output(s.PledgeOut)
def note_refusal(pledge_id: UUID, given: dict[str, Any]) -> Any:
    """Record that the office refused."""
    return pledges.note_refusal(current_actor(), pledge_id, given["reason"], now())


@api.post("/pledges/<uuid:pledge_id>/release")
@signed_in
@idempotent
@api.input(s.ReleaseIn, arg_name="given")
@api.output(s.PledgeOut)
def ask_release(pledge_id: UUID, given: dict[str, Any]) -> Any:
    """Let the right go; above the limit or while money is owed a second person agrees."""
    return pledges.ask_release(current_actor(), pledge_id, given["reason"], now())


@api.post("/pledges/<uuid:pledge_id>/release-approval")
@signed_in
@idempotent
@api.input(s.NothingIn, arg_name="nothing")
@api.output(s.PledgeOut)
def approve_release(pledge_id: UUID, nothing: dict[str, Any]) -> Any:
    """Agree to a release as the second person."""
    return pledges.approve_release(current_actor(), pledge_id, now())


@api.post("/pledges/<uuid:pledge_id>/realisation")
@signed_in
@idempotent
@api.input(s.RealisationIn, arg_name="given")
@api.output(s.RealisationOut, status_code=201)
def realise_pledge(pledge_id: UUID, given: dict[str, Any]) -> Any:
    """Apply what the sale of a pledged right brought: costs, debt, surplus to the pledgor."""
    costs = given.pop("costs")
    return enforcement.realise_pledge(current_actor(), pledge_id, repayments.Receipt(**given), costs, now())
