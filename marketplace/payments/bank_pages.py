"""The pages of bank statements: import, movements that wait for two people, the newest reconciliation."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from marketplace.core.clock import now
from marketplace.core.errors import Malformed
from marketplace.core.http import current_actor, idempotent, needs, page_form
from marketplace.core.i18n import _, _l
from marketplace.payments import bank_statements, collections, reconciliation, unmatched_lines
from marketplace.payments.bank_statements import LineStatus
from marketplace.payments.blueprints import pages
from marketplace.payments.schemas import DisagreementIn, NothingIn, ProposalIn
from marketplace.payments.unmatched_lines import Proposal

PROPOSALS = {
    Proposal.MATCH.value: _l("It pays a payment asked for"),
    Proposal.GIVE_BACK.value: _l("Give it back to the sender"),
    Proposal.CHARGE.value: _l("It is a charge of the bank"),
}


@pages.get("/payments/statements")
@needs("money.confirm")
def statements() -> str:
    """Import a statement, decide on what could not be matched, and see whether books and bank agree."""
    return render_template(
        "payments/statements.html",
        statements=bank_statements.newest_statements(),
        unmatched=bank_statements.lines_with(LineStatus.UNMATCHED),
        proposed=bank_statements.lines_with(LineStatus.PROPOSED),
        asked={one.id: one.reference for one in collections.awaiting_transfers()},
        newest=reconciliation.newest_reconciliation(), proposals=PROPOSALS, me=current_actor().person_id,
    )  # fmt: skip


@pages.post("/payments/statements")
@needs("money.confirm")
@idempotent
def import_statement() -> Response:
    """Take a camt.053 file into the books."""
    page_form(NothingIn)
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Malformed("file", _l("Choose a file."))
    made = bank_statements.import_statements(current_actor(), sent.read(), now())
    flash(_("%(count)s statements were imported.", count=len(made)), "good")
    return _back()


@pages.post("/payments/lines/<uuid:line_id>/proposal")
@needs("money.confirm")
@idempotent
def propose_line(line_id: UUID) -> Response:
    """Say what an unmatched movement was."""
    given = page_form(ProposalIn)
    proposal = Proposal(given["proposal"])
    unmatched_lines.propose(current_actor(), line_id, proposal, given["payment_reference"], given["note"], now())
    flash(_("A second person decides now."), "good")
    return _back()


@pages.post("/payments/lines/<uuid:line_id>/agreement")
@needs("money.confirm")
@idempotent
def agree_line(line_id: UUID) -> Response:
    """Agree as the second person."""
    page_form(NothingIn)
    unmatched_lines.agree(current_actor(), line_id, now())
    flash(_("The movement is settled in the books."), "good")
    return _back()


@pages.post("/payments/lines/<uuid:line_id>/disagreement")
@needs("money.confirm")
@idempotent
def disagree_line(line_id: UUID) -> Response:
    """Disagree as the second person."""
    unmatched_lines.disagree(current_actor(), line_id, page_form(DisagreementIn)["reason"], now())
    flash(_("The movement waits again."), "info")
    return _back()


@pages.post("/payments/reconciliation")
@needs("money.confirm")
@idempotent
def reconcile_now() -> Response:
    """Compare the books with the bank and with Stripe now."""
    page_form(NothingIn)
    made = reconciliation.reconcile(current_actor(), now())
    agrees = _("Books, bank and Stripe agree.")
    flash(agrees if made.agrees else _("There are differences; see below."), "good" if made.agrees else "stop")
    return _back()


def _back() -> Response:
    return redirect(url_for("payments.statements"), 303)
