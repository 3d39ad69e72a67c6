"""The pages of the risk pools: board, enrolments, published schemes."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.errors import Malformed, NotFound
from marketplace.core.http import (
    Waiting,
    current_actor,
    dashboard_provider,
    idempotent,
    needs,
    page_form,
    public,
    signed_in,
)
from marketplace.core.i18n import _
from marketplace.financing.monitoring import checks_of_loan
from marketplace.financing.pledges import pledges_of_loan
from marketplace.identity.organisations import names_of
from marketplace.registry.assets import find_asset
from marketplace.risk_pool import (
    aid_pages,
    boards,
    claims_pages,
    enrolling,
    form_pages,
    forms,
    halts,
    panels,
    policy,
    portfolio_pages,
    replenishment_pages,
    report_pages,
    schemes,
    standings,
    take_over_pages,
    take_overs,
)
from marketplace.risk_pool.claims import ClaimStatus, live_claim
from marketplace.risk_pool.enrolments import EnrolmentStatus, capacity_of, find_enrolment, scheme_of
from marketplace.risk_pool.pages_blueprint import pages
from marketplace.risk_pool.pools import pools_seen_by
from marketplace.risk_pool.published_schemes import published_schemes
from marketplace.risk_pool.schemas import EnrolmentForm, NothingIn, ReasonIn

MORE = (claims_pages, form_pages, panels, portfolio_pages, replenishment_pages, report_pages, take_over_pages)

Step = Callable[[Actor, UUID, dict[str, Any], datetime], Any]
STEPS: dict[str, tuple[type[Any], Step]] = {
    "agreement": (NothingIn, lambda actor, it, _given, at: enrolling.agree_to_share(actor, it, at)),
    "submission": (NothingIn, lambda actor, it, _given, at: enrolling.submit_enrolment(actor, it, at)),
    "withdrawal": (NothingIn, lambda actor, it, _given, at: enrolling.withdraw_enrolment(actor, it, at)),
    "review": (NothingIn, lambda actor, it, _given, at: enrolling.review_enrolment(actor, it, at)),
    "return": (ReasonIn, lambda actor, it, given, at: enrolling.return_enrolment(actor, it, given["reason"], at)),
    "rejection": (ReasonIn, lambda actor, it, given, at: enrolling.reject_enrolment(actor, it, given["reason"], at)),
    "admission": (NothingIn, lambda actor, it, _given, at: enrolling.enrol(actor, it, at)),
    "extension": (ReasonIn, lambda actor, it, given, at: enrolling.extend_enrolment(actor, it, given["reason"], at)),
}
"""Each step of an enrolment as its form sends it."""


@pages.get("/risk-pool")
@signed_in
def board() -> str:
    """What the reader's organisation sees of the pools: capacity, exposure, enrolments, claims."""
    actor = current_actor()
    enrolments = boards.enrolments_seen_by(actor, request.args.get("after"), 50)
    claims = boards.claims_seen_by(actor, None, 100)
    of_claim = boards.enrolments_of(claims["items"])
    shown = [*enrolments["items"], *of_claim.values()]
    own = [pool for pool in pools_seen_by(actor) if policy.administers(actor, pool)]
    return render_template(
        "risk_pool/board.html",
        enrolments=enrolments,
        claims=claims["items"],
        of_claim=of_claim,
        own=[
            (
                pool,
                capacity_of(pool),
                boards.exposure_by_bank(pool),
                schemes.schemes_of(pool.id),
                halts.open_halt(pool.id),
            )
            for pool in own
        ],
        names=names_of(one for each in shown for one in (each.bank_id, each.borrower_id)),
        may_enrol=actor.may("loan.underwrite"),
        me=actor.person_id,
    )


@pages.get("/risk-pool/schemes")
@public
def scheme_list() -> str:
    """Every published scheme with its source and what is not known."""
    aid = {document["name"]: aid_pages.published_aid(document) for document in published_schemes()}
    return render_template("risk_pool/schemes.html", documents=published_schemes(), aid=aid)


@pages.get("/risk-pool/enrolments/new")
@needs("loan.underwrite")
def new_enrolment() -> str:
    """Choose the scheme and the sharing parties for a loan."""
    return render_template(
        "risk_pool/new_enrolment.html",
        loan_id=request.args.get("loan", ""),
        schemes=schemes.open_schemes(now().date()),
        parties=enrolling.possible_parties(),
    )


@pages.post("/risk-pool/enrolments")
@needs("loan.underwrite")
@idempotent
def propose_enrolment() -> Response:
    """Draft the enrolment of an own loan."""
    given = page_form(EnrolmentForm)
    parties = {name: given[name] for name in enrolling.STOOD_FOR if given.get(name)}
    enrolment = enrolling.propose_enrolment(current_actor(), given["scheme_id"], given["loan_id"], parties, now())
    flash(_("The enrolment is drafted. Hand it in when the sharing parties have agreed."), "good")
    return redirect(url_for("risk_pool.show_enrolment", enrolment_id=enrolment.id), 303)


@pages.get("/risk-pool/enrolments/<uuid:enrolment_id>")
@signed_in
def show_enrolment(enrolment_id: UUID) -> str:
    """One enrolment: its figures, who shares, and the next step."""
    actor = current_actor()
    enrolment, pool = find_enrolment(actor, enrolment_id)
    scheme = scheme_of(enrolment)
    people = [enrolment.bank_id, enrolment.borrower_id, pool.administrator_id]
    return render_template(
        "risk_pool/enrolment.html",
        enrolment=enrolment,
        pool=pool,
        scheme=scheme,
        claim=live_claim(enrolment.id),
        bought=take_overs.take_overs_of(enrolment.id),
        rights={one.id: one for one in pledges_of_loan(enrolment.loan_id)},
        offerable=take_overs.rights_to_offer(enrolment),
        labels=labels_of_loan(enrolment.loan_id),
        mine=actor.organisation_id,
        me=actor.person_id,
        aid=aid_pages.shown(actor, enrolment, pool),
        printable=forms.forms_of_enrolment(enrolment),
        watch=next(iter(checks_of_loan(enrolment.loan_id, 1)), None),
        names=names_of([*people, *(party.organisation_id for party in enrolment.parties)]),
        suspended=standings.open_suspension(pool.id, enrolment.bank_id),
        is_bank=policy.may_enrol(actor, enrolment.bank_id),
        may_review=policy.may_review(actor, pool),
        may_decide=policy.may_decide(actor, pool) and actor.person_id != enrolment.reviewed_by,
        decides=policy.may_decide(actor, pool),
        may_agree=[
            each for each in enrolment.parties
            if each.organisation_id == actor.organisation_id and each.agreed_at is None and policy.shares(actor)
        ],
    )  # fmt: skip


@pages.post("/risk-pool/enrolments/<uuid:enrolment_id>/<step>")
@signed_in
@idempotent
def take_step(enrolment_id: UUID, step: str) -> Response:
    """Take one step of an enrolment."""
    schema, act = _step(step)
    act(current_actor(), enrolment_id, page_form(schema), now())
    flash(_("Done."), "good")
    return redirect(url_for("risk_pool.show_enrolment", enrolment_id=enrolment_id), 303)


HALT_STEPS: dict[str, tuple[type[Any], Step]] = {
    "halt": (ReasonIn, lambda actor, it, given, at: halts.halt_pool(actor, it, given["reason"], at)),
    "reopening-request": (ReasonIn, lambda actor, it, given, at: halts.ask_reopening(actor, it, given["reason"], at)),
    "reopening": (NothingIn, lambda actor, it, _given, at: halts.reopen_pool(actor, it, at)),
}
"""Stopping a whole pool and, by two people, letting it go on."""


@pages.post("/risk-pool/pools/<uuid:pool_id>/<step>")
@signed_in
@idempotent
def stop_or_go_on(pool_id: UUID, step: str) -> Response:
    """Take one step of stopping a pool or letting it go on."""
    if step not in HALT_STEPS:
        raise NotFound()
    schema, act = HALT_STEPS[step]
    act(current_actor(), pool_id, page_form(schema), now())
    flash(_("Done."), "good")
    return redirect(url_for("risk_pool.board"), 303)


@pages.post("/risk-pool/pools/<uuid:pool_id>/suspensions/<uuid:bank_id>/lifting")
@needs("pool.approve")
@idempotent
def lift_suspension(pool_id: UUID, bank_id: UUID) -> Response:
    """Let a suspended bank back in."""
    standings.lift_suspension(current_actor(), pool_id, bank_id, page_form(ReasonIn)["reason"], now())
    flash(_("The suspension is lifted."), "good")
    return redirect(url_for("risk_pool.board"), 303)


def labels_of_loan(loan_id: UUID) -> dict[UUID, str]:
    """The rights that secure a loan, by pledge."""
    return {one.id: find_asset(one.asset_id).label for one in pledges_of_loan(loan_id)}


def _step(name: str) -> tuple[type[Any], Step]:
    if name not in STEPS:
        raise Malformed("step", _("There is no such step."))
    return STEPS[name]


@dashboard_provider
def pool_waiting(actor: Actor, _now: datetime) -> list[Waiting]:
    """Enrolments and claims that wait for the reader."""
    waiting: list[Waiting] = []
    if actor.organisation_kind == "pool_administrator":
        for status in (EnrolmentStatus.BANK_SUBMITTED, EnrolmentStatus.POOL_REVIEW):
            for each in boards.enrolments_seen_by(actor, None, 20, status)["items"]:
                link = url_for("risk_pool.show_enrolment", enrolment_id=each.id)
                waiting.append(Waiting(_("An enrolment waits for the pool"), link))
        for claim_status in (ClaimStatus.FILED, ClaimStatus.IN_REVIEW, ClaimStatus.RECOMMENDED):
            for claim in boards.claims_seen_by(actor, None, 20, claim_status)["items"]:
                link = url_for("risk_pool.show_claim", claim_id=claim.id)
                waiting.append(Waiting(_("A claim waits for the pool"), link))
    if policy.shares(actor):
        for each in boards.agreements_waiting(actor):
            link = url_for("risk_pool.show_enrolment", enrolment_id=each)
            waiting.append(Waiting(_("A bank asks you to share the loss of a loan"), link))
    return waiting


__all__ = ["pages"]
