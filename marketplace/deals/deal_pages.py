"""The pages of deals: my board, one deal as a checklist, and every act of its closing."""

from datetime import datetime
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day, now
from marketplace.core.http import Waiting, current_actor, dashboard_provider, idempotent, needs, page_form, signed_in
from marketplace.core.i18n import _
from marketplace.core.money import Money
from marketplace.deals import closing, overview, policy, recordal, settlement
from marketplace.deals.blueprints import pages
from marketplace.deals.closing_rules import StepParty
from marketplace.deals.deals import OVER, DealStatus
from marketplace.deals.filing_packs import filing_pack
from marketplace.deals.negotiations import negotiations_of
from marketplace.deals.schemas import FilingForm, NoteForm, NothingIn, PayoffForm, ReasonIn
from marketplace.deals.step_words import (
    LINE_NAMES,
    NEGOTIATION_KINDS,
    NEGOTIATION_NAMES,
    STATUS_KINDS,
    STATUS_NAMES,
)
from marketplace.documents.content_check import FileRefused
from marketplace.documents.files import store_file
from marketplace.identity.organisations import names_of
from marketplace.registry.assets import find_asset


@pages.get("/deals")
@signed_in
def my_deals() -> str:
    """My deals and negotiations with the next step and its due date."""
    actor = current_actor()
    found = overview.board(actor)
    names = names_of(each for deal in found for each in (deal.seller_id, deal.buyer_id))
    talks = negotiations_of(actor.organisation_id) if actor.organisation_id else []
    return render_template(
        "deals/my_deals.html",
        deals=[(deal, find_asset(deal.asset_id), overview.next_step(actor, deal, names)) for deal in found],
        talks=[(one, find_asset(one.asset_id)) for one in talks],
        names=names,
        mine=actor.organisation_id,
        status_names=STATUS_NAMES,
        status_kinds=STATUS_KINDS,
        talk_names=NEGOTIATION_NAMES,
        talk_kinds=NEGOTIATION_KINDS,
    )


@pages.get("/deals/<uuid:deal_id>")
@signed_in
def deal(deal_id: UUID) -> str:
    """One deal as a checklist, with the money held."""
    actor = current_actor()
    view = overview.deal_view(actor, deal_id)
    found = view["deal"]
    asset = find_asset(found.asset_id)
    responsible = [step.responsible_id for step in view["steps"] if step.responsible_id]
    names = names_of([found.seller_id, found.buyer_id, *responsible])
    return render_template(
        "deals/deal.html",
        **view,
        asset=asset,
        pack=filing_pack(found.kind, asset.kind, asset.office),
        names=names,
        lines=overview.checklist(actor, found, names),
        side=actor.organisation_id in (found.seller_id, found.buyer_id),
        platform=policy.is_platform(actor),
        actor=actor,
        over=found.status in OVER,
        statuses=DealStatus,
        status_names=STATUS_NAMES,
        status_kinds=STATUS_KINDS,
        line_names=LINE_NAMES,
        today=market_day(now()),
    )


@pages.post("/deals/<uuid:deal_id>/steps/<uuid:step_id>")
@signed_in
@idempotent
def complete_step(deal_id: UUID, step_id: UUID) -> Response:
    """Say that a step is done, with its document."""
    note, actor = page_form(NoteForm)["note"], current_actor()
    closing.complete_step(actor, deal_id, step_id, _uploaded(actor, "closing_step"), note, now())
    return _back(deal_id, _("The step is done."))


@pages.get("/deals/<uuid:deal_id>/payoff")
@signed_in
def payoff(deal_id: UUID) -> str:
    """The pledgee's page: what is outstanding and paid first out of the sale."""
    found, step = closing.deal_of_pledgee(current_actor(), deal_id, now())
    asset = find_asset(found.asset_id)
    return render_template("deals/payoff.html", deal=found, step=step, asset=asset)


@pages.post("/deals/<uuid:deal_id>/payoff")
@signed_in
@idempotent
def state_payoff(deal_id: UUID) -> Response:
    """The pledgee states what it is owed."""
    typed, actor = page_form(PayoffForm), current_actor()
    found, step = closing.deal_of_pledgee(actor, deal_id, now())
    owed = Money.typed(typed["amount"], found.price.currency, allow_zero=True)
    closing.state_payoff(actor, deal_id, step.subject_id or step.id, owed, typed["reference"], now())
    flash(_("Your figure is recorded. It is paid first when the money is released."), "good")
    return redirect(url_for("deals.payoff", deal_id=deal_id), 303)


@pages.post("/deals/<uuid:deal_id>/filing")
@signed_in
@idempotent
def file_recordal(deal_id: UUID) -> Response:
    """The parties applied to the office."""
    filing, actor = page_form(FilingForm), current_actor()
    file_id = needed_file(actor, "recordal_filing")
    recordal.file_recordal(actor, deal_id, filing["number"], filing["filed_on"], file_id, now())
    return _back(deal_id, _("The filing is recorded."))


@pages.post("/deals/<uuid:deal_id>/proof")
@signed_in
@idempotent
def upload_recordal_proof(deal_id: UUID) -> Response:
    """Upload what the office issued."""
    actor = current_actor()
    recordal.upload_recordal_proof(actor, deal_id, needed_file(actor, "recordal_proof"), now())
    return _back(deal_id, _("The proof is uploaded; the operator checks it."))


@pages.post("/deals/<uuid:deal_id>/confirmation")
@needs("platform.operate")
@idempotent
def confirm_recordal(deal_id: UUID) -> Response:
    """The operator checked the proof."""
    page_form(NothingIn)
    recordal.confirm_recordal(current_actor(), deal_id, now())
    return _back(deal_id, _("The recordal is confirmed."))


@pages.post("/deals/<uuid:deal_id>/recordal-refusal")
@needs("platform.operate")
@idempotent
def report_recordal_refused(deal_id: UUID) -> Response:
    """The office refused."""
    reason, actor = page_form(ReasonIn)["reason"], current_actor()
    recordal.report_recordal_refused(actor, deal_id, reason, needed_file(actor, "recordal_refusal"), now())
    return _back(deal_id, _("The refund waits for a second person."))


@pages.post("/deals/<uuid:deal_id>/release-proposal")
@needs("money.confirm")
@idempotent
def propose_release(deal_id: UUID) -> Response:
    """One person asks for the release."""
    page_form(NothingIn)
    settlement.propose_release(current_actor(), deal_id, now())
    return _back(deal_id, _("The release waits for a second person."))


@pages.post("/deals/<uuid:deal_id>/release")
@needs("money.approve")
@idempotent
def approve_release(deal_id: UUID) -> Response:
    """A second person releases the money."""
    page_form(NothingIn)
    settlement.approve_release(current_actor(), deal_id, now())
    return _back(deal_id, _("The money is released and the register is changed."))


@pages.post("/deals/<uuid:deal_id>/end")
@signed_in
@idempotent
def end_deal(deal_id: UUID) -> Response:
    """Leave or end a deal."""
    recordal.end_deal(current_actor(), deal_id, page_form(ReasonIn)["reason"], now())
    return _back(deal_id, _("The deal is ended."))


@pages.post("/deals/<uuid:deal_id>/refund")
@needs("money.approve")
@idempotent
def approve_refund(deal_id: UUID) -> Response:
    """A second person sends everything back."""
    page_form(NothingIn)
    recordal.approve_refund(current_actor(), deal_id, now())
    return _back(deal_id, _("Everything the buyer paid goes back."))


@dashboard_provider
def steps_waiting(actor: Actor, _now: datetime) -> list[Waiting]:
    """Closing steps that wait for the reader, as a side, as pledgee, or as operator."""
    found = []
    if actor.organisation_id is not None and actor.may("deal.sign"):
        for step in closing.steps_waiting_for(actor.organisation_id):
            pledgee = step.party is StepParty.PLEDGEE
            url = url_for("deals.payoff" if pledgee else "deals.deal", deal_id=step.deal_id)
            due = datetime.combine(step.due_on, datetime.min.time(), tzinfo=_now.tzinfo)
            found.append(Waiting(_("Do a closing step"), url, due))
    if actor.may("platform.operate") or actor.may("deal.trade"):
        found += _turns(actor)
    return found


def _turns(actor: Actor) -> list[Waiting]:
    turns = []
    for one in overview.board(actor):
        line = overview.next_step(actor, one, {})
        if line is not None and line.mine and line.code in ("file", "prove", "confirm", "release"):
            turns.append(Waiting(line.title, url_for("deals.deal", deal_id=one.id), one.due_at))
    return turns


def _uploaded(actor: Actor, purpose: str) -> UUID | None:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return None
    return store_file(actor, sent.read(), sent.filename, purpose, now()).id


def needed_file(actor: Actor, purpose: str) -> UUID:
    """The document sent with the form; without one the form is shown again."""
    file_id = _uploaded(actor, purpose)
    if file_id is None:
        raise FileRefused(_("Choose the document to upload."))
    return file_id


def _back(deal_id: UUID, message: str) -> Response:
    flash(message, "good")
    return redirect(url_for("deals.deal", deal_id=deal_id), 303)
