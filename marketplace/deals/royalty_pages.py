"""The page of a licence's royalties: periods, reports, payments, inspections, and each period's statement as PDF."""

from datetime import datetime
from io import BytesIO
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as Answer

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day, now
from marketplace.core.errors import Malformed
from marketplace.core.http import Waiting, current_actor, dashboard_provider, idempotent, needs, page_form, signed_in
from marketplace.core.i18n import _, _l
from marketplace.core.money import Money
from marketplace.deals import royalties, royalty_audits, royalty_statement
from marketplace.deals.blueprints import pages
from marketplace.deals.deals import find_deal
from marketplace.deals.royalty_schemas import BooksIn, FindingForm, ReportForm
from marketplace.deals.schemas import NothingIn
from marketplace.documents.files import store_file
from marketplace.identity.organisations import names_of
from marketplace.registry.assets import find_asset

PERIOD_WORDS = {
    "open": (_l("To be reported"), "wait"),
    "reported": (_l("To be paid"), "wait"),
    "paid": (_l("Paid"), "good"),
}


@pages.get("/deals/<uuid:deal_id>/royalties")
@signed_in
def royalty_accounts(deal_id: UUID) -> str:
    """The royalty accounts of a licence."""
    actor = current_actor()
    deal = find_deal(actor, deal_id)
    return render_template(
        "deals/royalties.html", deal=deal, asset=find_asset(deal.asset_id), words=PERIOD_WORDS,
        periods=royalties.royalty_periods(actor, deal.id), audits=royalty_audits.audits_of(actor, deal.id),
        names=names_of([deal.seller_id, deal.buyer_id]), today=market_day(now()),
        is_licensee=actor.organisation_id == deal.buyer_id, is_licensor=actor.organisation_id == deal.seller_id,
    )  # fmt: skip


@pages.get("/deals/<uuid:deal_id>/royalties/<int:number>/statement.pdf")
@signed_in
def royalty_statement_file(deal_id: UUID, number: int) -> Response:
    """One reported period's statement as a bilingual PDF."""
    content = royalty_statement.statement_pdf(current_actor(), deal_id, number)
    name = f"royalty-{number}.pdf"
    return send_file(BytesIO(content), mimetype="application/pdf", as_attachment=True, download_name=name)


@pages.post("/deals/<uuid:deal_id>/royalties/<int:number>/report")
@needs("deal.trade")
@idempotent
def report_royalty(deal_id: UUID, number: int) -> Answer:
    """Report an ended period."""
    actor, given = current_actor(), page_form(ReportForm)
    currency = find_deal(actor, deal_id).price.currency
    base = Money.typed(given["base"], currency, allow_zero=True)
    period = royalties.report_royalty(actor, deal_id, number, base, _sent_file(False), given["note"], now())
    flash(_("Reported. The royalty is %(amount)s.", amount=period.royalty), "good")
    return _back(deal_id)


@pages.post("/deals/<uuid:deal_id>/royalty-audits")
@needs("deal.trade")
@idempotent
def ask_for_books(deal_id: UUID) -> Answer:
    """Have the books inspected."""
    royalty_audits.ask_for_books(current_actor(), deal_id, page_form(BooksIn)["accountant"], now())
    flash(_("The licensee is asked for its books."), "good")
    return _back(deal_id)


@pages.post("/royalty-audits/<uuid:audit_id>/finding")
@needs("deal.trade")
@idempotent
def record_finding(audit_id: UUID) -> Answer:
    """Record what the accountant found."""
    actor, typed = current_actor(), page_form(FindingForm)["shortfall"]
    file_id = _sent_file(True)
    assert file_id is not None
    audit = royalty_audits.record_typed_finding(actor, audit_id, typed, file_id, now())
    return _back(audit.deal_id)


@pages.post("/royalty-audits/<uuid:audit_id>/acceptance")
@needs("deal.trade")
@idempotent
def accept_finding(audit_id: UUID) -> Answer:
    """Accept what was found."""
    page_form(NothingIn)
    return _back(royalty_audits.accept_finding(current_actor(), audit_id, now()).deal_id)


@dashboard_provider
def royalties_waiting(actor: Actor, instant: datetime) -> list[Waiting]:
    """Ended periods the licensee has not reported."""
    if actor.organisation_id is None or not actor.may("deal.trade"):
        return []
    found = royalties.unreported_periods(market_day(instant), actor.organisation_id)
    return [
        Waiting(
            _("Report the royalty of period %(number)s", number=period.number),
            url_for("deals.royalty_accounts", deal_id=deal.id),
            datetime.combine(period.due_on, datetime.min.time(), instant.tzinfo),
        )
        for period, deal in found
    ]


def _sent_file(needed: bool) -> UUID | None:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        if needed:
            raise Malformed("file", _l("Choose a file."))
        return None
    return store_file(current_actor(), sent.read(), sent.filename, "royalty", now()).id


def _back(deal_id: UUID) -> Answer:
    return redirect(url_for("deals.royalty_accounts", deal_id=deal_id), 303)
