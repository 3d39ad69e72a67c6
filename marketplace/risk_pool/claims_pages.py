"""The pages of claims and recoveries."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.errors import Malformed
from marketplace.core.http import current_actor, idempotent, needs, page_form, signed_in
from marketplace.core.i18n import _
from marketplace.documents.files import store_file
from marketplace.identity.organisations import names_of
from marketplace.risk_pool import claims, compensation, policy, recoveries
from marketplace.risk_pool.claims import ClaimDocumentKind, ClaimStatus
from marketplace.risk_pool.enrolments import find_enrolment, scheme_of
from marketplace.risk_pool.pages_blueprint import pages
from marketplace.risk_pool.schemas import ClaimForm, NothingIn, ReasonIn, RecoveryForm, ReferenceIn

Step = Callable[[Actor, UUID, dict[str, Any], datetime], Any]
CLAIM_STEPS: dict[str, tuple[type[Any], Step]] = {
    "withdrawal": (NothingIn, lambda actor, it, _given, at: claims.withdraw_claim(actor, it, at)),
    "review": (NothingIn, lambda actor, it, _given, at: claims.review_claim(actor, it, at)),
    "recommendation": (ReasonIn, lambda actor, it, given, at: claims.recommend_claim(actor, it, given["reason"], at)),
    "return": (ReasonIn, lambda actor, it, given, at: claims.return_claim(actor, it, given["reason"], at)),
    "rejection": (ReasonIn, lambda actor, it, given, at: compensation.reject_claim(actor, it, given["reason"], at)),
    "compensation": (NothingIn, lambda actor, it, _given, at: compensation.compensate_claim(actor, it, at)),
    "closing": (ReasonIn, lambda actor, it, given, at: recoveries.close_recovery(actor, it, given["reason"], at)),
}
"""Each step of a claim as its form sends it."""


@pages.get("/risk-pool/enrolments/<uuid:enrolment_id>/claim")
@needs("loan.underwrite")
def new_claim(enrolment_id: UUID) -> str:
    """The form of a claim with its document list."""
    enrolment, _pool = find_enrolment(current_actor(), enrolment_id)
    return render_template("risk_pool/new_claim.html", enrolment=enrolment, kinds=list(ClaimDocumentKind))


@pages.post("/risk-pool/enrolments/<uuid:enrolment_id>/claim")
@needs("loan.underwrite")
@idempotent
def file_claim(enrolment_id: UUID) -> Response:
    """Claim the loss of an own enrolled loan."""
    actor, given = current_actor(), page_form(ClaimForm)
    loss = (given["loss"], given["other_loss"])
    claim = claims.file_claim(actor, enrolment_id, loss, _uploaded(actor), now())
    flash(_("The claim is filed."), "good")
    return redirect(url_for("risk_pool.show_claim", claim_id=claim.id), 303)


@pages.get("/risk-pool/claims/<uuid:claim_id>")
@signed_in
def show_claim(claim_id: UUID) -> str:
    """One claim: its file, how the loss is shared, what came back, and the next step."""
    actor, at = current_actor(), now()
    claim, enrolment, pool = claims.find_claim(actor, claim_id)
    decided = claim.status is ClaimStatus.COMPENSATED
    shared = recoveries.recoveries_of(claim.id)
    parties = {each.organisation_id for each in claim.shares} | {each.organisation_id for each in enrolment.parties}
    return render_template(
        "risk_pool/claim.html",
        claim=claim,
        enrolment=enrolment,
        pool=pool,
        scheme=scheme_of(enrolment),
        preview=None if decided else compensation.preview_claim(claim, enrolment, pool, at),
        position=recoveries.position_of(claim, enrolment) if decided else None,
        recoveries=shared,
        names=names_of([*parties, enrolment.bank_id, enrolment.borrower_id, pool.administrator_id]),
        mine=actor.organisation_id,
        is_bank=policy.may_enrol(actor, enrolment.bank_id),
        may_receive=actor.organisation_id == enrolment.bank_id and actor.may("loan.approve"),
        may_review=policy.may_review(actor, pool),
        may_decide=policy.may_decide(actor, pool) and actor.person_id != claim.reviewed_by,
        sees_file=policy.administers(actor, pool) or actor.organisation_id == enrolment.bank_id,
        today=at.date(),
    )


@pages.post("/risk-pool/claims/<uuid:claim_id>/resubmission")
@needs("loan.underwrite")
@idempotent
def resubmit_claim(claim_id: UUID) -> Response:
    """Hand a returned claim in again with what was missing."""
    actor = current_actor()
    page_form(NothingIn)
    claims.resubmit_claim(actor, claim_id, _uploaded(actor), now())
    return _back(claim_id)


@pages.post("/risk-pool/claims/<uuid:claim_id>/steps/<step>")
@signed_in
@idempotent
def take_claim_step(claim_id: UUID, step: str) -> Response:
    """Take one step of a claim."""
    if step not in CLAIM_STEPS:
        raise Malformed("step", _("There is no such step."))
    schema, act = CLAIM_STEPS[step]
    act(current_actor(), claim_id, page_form(schema), now())
    return _back(claim_id)


@pages.post("/risk-pool/claims/<uuid:claim_id>/shares/<party>")
@needs("loan.approve")
@idempotent
def receive_claim_share(claim_id: UUID, party: str) -> Response:
    """Confirm that a party's share reached the bank."""
    reference = page_form(ReferenceIn)["bank_reference"]
    compensation.receive_claim_share(current_actor(), claim_id, party, reference, now())
    return _back(claim_id)


@pages.post("/risk-pool/claims/<uuid:claim_id>/recoveries")
@needs("loan.underwrite")
@idempotent
def record_recovery(claim_id: UUID) -> Response:
    """Record what was recovered and share it back."""
    given = page_form(RecoveryForm)
    details = (given["received_on"], given["source"], given["bank_reference"])
    recoveries.record_recovery(current_actor(), claim_id, given["received"], given["cost"], details, now())
    return _back(claim_id)


@pages.post("/risk-pool/recoveries/<uuid:recovery_id>/shares/<party>")
@signed_in
@idempotent
def settle_recovery_share(recovery_id: UUID, party: str) -> Response:
    """Confirm that our share of a recovery reached us."""
    reference = page_form(ReferenceIn)["bank_reference"]
    recovery = recoveries.settle_recovery_share(current_actor(), recovery_id, party, reference, now())
    return _back(recovery.claim_id)


def _uploaded(actor: Actor) -> list[tuple[ClaimDocumentKind, UUID]]:
    """The files of the form, stored, each as the document its field asks for."""
    stored = []
    for kind in ClaimDocumentKind:
        for upload in request.files.getlist(kind.value):
            content = upload.read()
            if content:
                file = store_file(actor, content, upload.filename or kind.value, "claim", now())
                stored.append((kind, file.id))
    return stored


def _back(claim_id: UUID) -> Response:
    flash(_("Done."), "good")
    return redirect(url_for("risk_pool.show_claim", claim_id=claim_id), 303)
