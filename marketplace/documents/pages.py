"""The pages of documents: download a file, read and sign a contract."""

from datetime import datetime
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from marketplace.core.actor import Actor
from marketplace.core.clock import database_now, now
from marketplace.core.http import Waiting, current_actor, dashboard_provider, idempotent, needs, page_form, signed_in
from marketplace.core.i18n import _
from marketplace.documents import files, room_pages, signatures
from marketplace.documents.blueprints import pages
from marketplace.documents.panels import as_attachment
from marketplace.documents.schemas import DeclineIn, SignIn
from marketplace.identity.organisations import names_of

__all__ = ["pages", "room_pages"]


@pages.get("/files/<uuid:file_id>")
@signed_in
def download(file_id: UUID) -> Response:
    """The file, as an attachment."""
    return as_attachment(current_actor(), file_id)


@pages.get("/signatures/<uuid:envelope_id>")
@signed_in
def sign_page(envelope_id: UUID) -> str:
    """Read a contract and sign it, or see who has signed."""
    return _show_envelope(current_actor(), envelope_id)


@pages.post("/signatures/<uuid:envelope_id>")
@needs("deal.sign")
@idempotent
def sign(envelope_id: UUID) -> Answer:
    """Sign for the acting organisation."""
    page_form(SignIn)
    trace = signatures.ClientTrace(request.remote_addr, request.user_agent.string)
    envelope = signatures.sign(current_actor(), envelope_id, database_now(), trace)
    return _back(envelope, _("Signed. The evidence is kept with the contract."))


@pages.post("/signatures/<uuid:envelope_id>/refusal")
@needs("deal.sign")
@idempotent
def decline(envelope_id: UUID) -> Answer:
    """Decline to sign, with the reason."""
    reason = page_form(DeclineIn)["reason"]
    return _back(signatures.decline(current_actor(), envelope_id, reason, database_now()), _("You declined to sign."))


@dashboard_provider
def signatures_waiting(actor: Actor, _now: datetime) -> list[Waiting]:
    """Contracts that wait for the reader's signature."""
    if actor.organisation_id is None or not actor.may("deal.sign"):
        return []
    return [
        Waiting(_("Sign a contract"), url_for("documents.sign_page", envelope_id=envelope.id), envelope.expires_at)
        for envelope in signatures.envelopes_waiting_for(actor.organisation_id)
    ]


def _show_envelope(actor: Actor, envelope_id: UUID) -> str:
    envelope = signatures.find_envelope(actor, envelope_id)
    place = envelope.place_of(actor.organisation_id)
    may_sign = (
        envelope.status is signatures.EnvelopeStatus.OPEN
        and place is not None
        and envelope.next_signatory is place
        and now() < envelope.expires_at
        and actor.may("deal.sign")
    )
    return render_template(
        "documents/sign.html",
        envelope=envelope,
        file=files.find_file(actor, envelope.file_id),
        names=names_of(one.organisation_id for one in envelope.signatories),
        may_sign=may_sign,
    )


def _back(envelope: signatures.Envelope, message: str) -> Answer:
    flash(message, "good")
    return redirect(envelope.link or url_for("documents.sign_page", envelope_id=envelope.id))
