"""The pages of cross-licences: propose, answer, sign, show the recordal."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.http import Waiting, current_actor, dashboard_provider, idempotent, needs, page_form, signed_in
from marketplace.core.i18n import _
from marketplace.deals import cross_licences
from marketplace.deals.blueprints import pages
from marketplace.deals.cross_licence_schemas import CrossLicenceForm
from marketplace.deals.cross_licences import CrossLicence, CrossLicenceStatus
from marketplace.deals.deal_pages import needed_file
from marketplace.deals.schemas import NothingIn, ReasonIn
from marketplace.deals.step_words import CROSS_KINDS, CROSS_NAMES
from marketplace.documents.evidence import evidence_for
from marketplace.identity.organisations import names_of
from marketplace.registry.assets import find_asset, find_by_number
from marketplace.registry.ownership import assets_of

WORDS = {"status_names": CROSS_NAMES, "status_kinds": CROSS_KINDS}


def _listed(typed: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in typed.replace("，", ",").split(",") if part.strip())


@pages.get("/cross-licences")
@signed_in
def cross_licence_board() -> str:
    """What my organisation proposed and was proposed."""
    actor = current_actor()
    found = cross_licences.cross_licences_of(actor)
    names = names_of(side for one in found for side in (one.proposer_id, one.other_id))
    titles = {asset: find_asset(asset).title for one in found for asset in (one.first_asset_id, one.second_asset_id)}
    mine = actor.organisation_id
    return render_template("deals/cross_licences.html", found=found, names=names, titles=titles, mine=mine, **WORDS)


@pages.get("/cross-licences/new")
@needs("deal.trade")
def new_cross_licence() -> str:
    """The form that proposes one."""
    actor = current_actor()
    owned = assets_of(actor.organisation_id)[:500] if actor.organisation_id else []
    options = [(str(asset.id), f"{asset.title} · {asset.label}") for asset in owned]
    return render_template("deals/cross_licence_new.html", assets=options, number=request.args.get("number", ""))


@pages.post("/cross-licences")
@needs("deal.trade")
@idempotent
def propose_cross_licence() -> Response:
    """Propose it."""
    typed = page_form(CrossLicenceForm)
    scope: dict[str, Any] = {"territory": _listed(typed["territory"]), "fields": _listed(typed["fields_of_use"])}
    scope |= {"term_months": typed["term_months"], "special_terms": typed["special_terms"]}
    other = find_by_number(typed["other_number"])
    made = cross_licences.propose_cross_licence(current_actor(), typed["own_asset_id"], other.id, scope, now())
    return _back(made.id, _("The proposal is sent; it stands for 30 days."))


@pages.get("/cross-licences/<uuid:cross_licence_id>")
@signed_in
def cross_licence(cross_licence_id: UUID) -> str:
    """One cross-licence: the two rights, the scope, and what is to be done."""
    actor = current_actor()
    found = cross_licences.find_cross_licence(actor, cross_licence_id)
    return render_template(
        "deals/cross_licence.html", found=found, names=names_of([found.proposer_id, found.other_id]),
        first=find_asset(found.first_asset_id), second=find_asset(found.second_asset_id), mine=actor.organisation_id,
        may_act=actor.may("deal.trade"), proofs=evidence_for(found.id), **WORDS,
    )  # fmt: skip


@pages.post("/cross-licences/<uuid:cross_licence_id>/acceptance")
@needs("deal.trade")
@idempotent
def accept_cross_licence(cross_licence_id: UUID) -> Response:
    """Agree."""
    page_form(NothingIn)
    cross_licences.accept_cross_licence(current_actor(), cross_licence_id, now())
    return _back(cross_licence_id, _("Agreed. The contract waits for both signatures."))


@pages.post("/cross-licences/<uuid:cross_licence_id>/rejection")
@needs("deal.trade")
@idempotent
def decline_cross_licence(cross_licence_id: UUID) -> Response:
    """Say no."""
    cross_licences.decline_cross_licence(current_actor(), cross_licence_id, page_form(ReasonIn)["reason"], now())
    return _back(cross_licence_id, _("The proposal is declined."))


@pages.post("/cross-licences/<uuid:cross_licence_id>/withdrawal")
@needs("deal.trade")
@idempotent
def withdraw_cross_licence(cross_licence_id: UUID) -> Response:
    """Take it back."""
    page_form(NothingIn)
    cross_licences.withdraw_cross_licence(current_actor(), cross_licence_id, now())
    return _back(cross_licence_id, _("The proposal is withdrawn."))


@pages.post("/cross-licences/<uuid:cross_licence_id>/proof")
@needs("deal.trade")
@idempotent
def prove_cross_recordal(cross_licence_id: UUID) -> Response:
    """Upload the office's proof for one's own right."""
    actor = current_actor()
    cross_licences.prove_recordal(actor, cross_licence_id, needed_file(actor, cross_licences.PROOF), now())
    return _back(cross_licence_id, _("The proof is kept, and the other side can see it."))


def _back(cross_licence_id: UUID, message: str) -> Response:
    flash(message, "good")
    return redirect(url_for("deals.cross_licence", cross_licence_id=cross_licence_id), 303)


@dashboard_provider
def waiting(actor: Actor, _instant: Any) -> list[Waiting]:
    """Proposals to answer, and recordals still to be shown."""
    if actor.organisation_id is None or not actor.may("deal.trade"):
        return []
    found = cross_licences.cross_licences_of(actor)
    return [
        Waiting(text, url_for("deals.cross_licence", cross_licence_id=one.id), one.due_at)
        for one in found
        if (text := _task(actor, one))
    ]


def _task(actor: Actor, one: CrossLicence) -> str | None:
    if one.status is CrossLicenceStatus.PROPOSED and one.other_id == actor.organisation_id:
        return _("Answer the proposal of a cross-licence")
    shown = one.first_recorded_at if one.proposer_id == actor.organisation_id else one.second_recorded_at
    if one.status is CrossLicenceStatus.IN_FORCE and shown is None:
        return _("Have the cross-licence recorded and upload the proof")
    return None
