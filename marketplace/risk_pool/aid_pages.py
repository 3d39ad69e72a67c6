"""Premiums and aid on the page of an enrolment, and their steps."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day, now
from marketplace.core.db import session
from marketplace.core.errors import Malformed, NotFound
from marketplace.core.http import Waiting, current_actor, dashboard_provider, idempotent, needs, page_form, signed_in
from marketplace.core.i18n import _, _l, pick
from marketplace.core.money import Money
from marketplace.documents.evidence import evidence_for
from marketplace.documents.files import store_file
from marketplace.identity.organisations import names_of
from marketplace.risk_pool import policy, premiums, subsidies, subsidy_grants
from marketplace.risk_pool.aid_cases import premiums_for
from marketplace.risk_pool.aid_schemas import AidForm, AidReviewForm
from marketplace.risk_pool.aid_terms import Grant, Limit, Subsidy
from marketplace.risk_pool.aid_words import explained, rule_words
from marketplace.risk_pool.enrolments import Enrolment, EnrolmentStatus, find_enrolment, scheme_of
from marketplace.risk_pool.loans_seen import loan_seen
from marketplace.risk_pool.pages_blueprint import pages
from marketplace.risk_pool.pools import Pool
from marketplace.risk_pool.premiums import PremiumDue, PremiumStatus
from marketplace.risk_pool.schemas import NothingIn, ReasonIn, ReferenceIn
from marketplace.risk_pool.subsidies import SubsidyRequest, SubsidyStatus
from marketplace.risk_pool.term_values import percent
from marketplace.risk_pool.terms import Terms
from marketplace.risk_pool.terms_reading import read_terms

S = SubsidyStatus
NOT_YET = (EnrolmentStatus.DRAFT, EnrolmentStatus.BANK_SUBMITTED, EnrolmentStatus.POOL_REVIEW)
Step = Callable[[Actor, UUID, dict[str, Any], datetime], Any]
STEPS: dict[str, tuple[type[Any], Step]] = {
    "review": (
        AidReviewForm,
        lambda actor, it, given, at: subsidies.review_subsidy(actor, it, given["reason"], _rate(given), at),
    ),
    "grant": (ReasonIn, lambda actor, it, given, at: subsidy_grants.grant_subsidy(actor, it, given["reason"], at)),
    "refusal": (ReasonIn, lambda actor, it, given, at: subsidies.refuse_subsidy(actor, it, given["reason"], at)),
    "withdrawal": (NothingIn, lambda actor, it, _given, at: subsidies.withdraw_subsidy(actor, it, at)),
}
"""Each step of a request for aid as its form sends it."""


def shown(actor: Actor, enrolment: Enrolment, pool: Pool) -> dict[str, Any]:
    """The premiums of an enrolled loan, and to its borrower and the pool the aid it may have."""
    terms, due = scheme_of(enrolment).terms, premiums.premiums_of(enrolment.id)
    sees = subsidies.may_see_aid(actor, enrolment, pool)
    asked = subsidies.subsidies_of(enrolment.id) if sees else []
    rules = {one.name: one for one in terms.subsidies} if sees else {}
    live = {one.name for one in asked if one.status not in (S.REFUSED, S.WITHDRAWN)}
    mine = actor.organisation_id == enrolment.borrower_id and actor.may("loan.apply")
    return {
        "premiums": due,
        "names": names_of(side for one in due for side in (one.payer_id, one.receiver_id)),
        "expected": _expected(enrolment, terms) if enrolment.status in NOT_YET else [],
        "rules": [(one, rule_words(one)) for one in rules.values()],
        "open": [
            (one.name, pick(one.label))
            for one in rules.values()
            if mine and one.name not in live and _may_be_asked(one, enrolment)
        ],
        "asked": asked,
        "labels": {name: one.label for name, one in rules.items()},
        "needs_rate": {one.id for one in asked if rules[one.name].needs_benchmark},
        "told": {one.id: _explained(one, enrolment, rules[one.name]) for one in asked},
        "proofs": {one.id: evidence_for(one.id) for one in asked},
    }


def published_aid(document: dict[str, Any]) -> list[tuple[Subsidy, dict[str, str]]]:
    """The aid a published scheme gives, each rule in words."""
    return [(one, rule_words(one)) for one in read_terms(document).subsidies]


@pages.post("/risk-pool/enrolments/<uuid:enrolment_id>/subsidies")
@needs("loan.apply")
@idempotent
def ask_subsidy(enrolment_id: UUID) -> Response:
    """Ask for aid on an own enrolled loan, with the proofs."""
    actor, given = current_actor(), page_form(AidForm)
    _enrolment, pool = find_enrolment(actor, enrolment_id)
    fee = Money.typed(given["fee"], pool.currency) if given["fee"] else None
    files = [
        store_file(actor, content, upload.filename or "proof", "subsidy", now()).id
        for upload in request.files.getlist("files")
        if (content := upload.read())
    ]
    subsidies.ask_subsidy(actor, enrolment_id, given["name"], (fee, files), now())
    return _back(enrolment_id)


@pages.post("/risk-pool/subsidies/<uuid:subsidy_id>/<step>")
@signed_in
@idempotent
def take_subsidy_step(subsidy_id: UUID, step: str) -> Response:
    """Take one step of a request for aid."""
    if step not in STEPS:
        raise NotFound()
    schema, act = STEPS[step]
    return _back(act(current_actor(), subsidy_id, page_form(schema), now()).enrolment_id)


@pages.post("/risk-pool/premiums/<uuid:premium_id>/receipt")
@signed_in
@idempotent
def receive_premium(premium_id: UUID) -> Response:
    """Say, as the party that is owed, that the premium arrived."""
    given = page_form(ReferenceIn)
    return _back(premiums.receive_premium(current_actor(), premium_id, given["bank_reference"], now()).enrolment_id)


def _back(enrolment_id: UUID) -> Response:
    flash(_("Done."), "good")
    return redirect(url_for("risk_pool.show_enrolment", enrolment_id=enrolment_id), 303)


def _rate(given: dict[str, Any]) -> int | None:
    """The published rate typed in per cent, in hundredths of a per cent."""
    if not given["benchmark"]:
        return None
    hundredths = percent("benchmark", given["benchmark"]) * 10_000
    if hundredths.denominator != 1:
        raise Malformed("benchmark", _l("The LPR has at most two decimals."))
    return int(hundredths)


def _expected(enrolment: Enrolment, terms: Terms) -> list[tuple[Any, Money]]:
    """What would be charged if the loan were enrolled today."""
    if not terms.premiums:
        return []
    months = loan_seen(enrolment.loan_id, market_day(now())).term_months
    return premiums_for(terms, enrolment.principal, enrolment.ip_share, months)


def _may_be_asked(rule: Subsidy, enrolment: Enrolment) -> bool:
    repaid = enrolment.status is EnrolmentStatus.REPAID
    return repaid or (enrolment.status in subsidies.RUNS_WELL and not rule.after_repayment)


def _explained(asked: SubsidyRequest, enrolment: Enrolment, rule: Subsidy) -> dict[str, str] | None:
    """The amount in words: as granted, or as it would be granted today once the rate is known."""
    if asked.amount is not None:
        counted = Money(int(asked.limits["counted"]), asked.amount.currency)
        return explained(rule, Grant(asked.amount, counted, tuple(Limit(name) for name in asked.limits["bound"])))
    if asked.status not in (S.ASKED, S.REVIEWED) or (rule.needs_benchmark and asked.benchmark_bps is None):
        return None
    return explained(rule, subsidy_grants.preview_subsidy(asked, enrolment, now()))


@dashboard_provider
def aid_waiting(actor: Actor, _now: datetime) -> list[Waiting]:
    """Requests for aid that wait for the reader, and premiums it is owed."""
    waiting: list[Waiting] = []
    wanted = [
        status for status, needed in ((S.ASKED, "pool.review"), (S.REVIEWED, "pool.approve")) if actor.may(needed)
    ]
    if actor.organisation_kind == "pool_administrator" and wanted:
        query = (
            select(SubsidyRequest.enrolment_id)
            .join(Enrolment, Enrolment.id == SubsidyRequest.enrolment_id)
            .join(Pool, Pool.id == Enrolment.pool_id)
            .where(Pool.administrator_id == actor.organisation_id, SubsidyRequest.status.in_(wanted))
        )
        waiting += _links(query, _("A request for aid waits for the pool"))
    if policy.shares(actor):
        owed = select(PremiumDue.enrolment_id).where(
            PremiumDue.receiver_id == actor.organisation_id, PremiumDue.status == PremiumStatus.DUE
        )
        waiting += _links(owed, _("A premium is owed to you"))
    return waiting


def _links(query: Any, text: str) -> list[Waiting]:
    found = session.execute(query.order_by(None).limit(20)).scalars()
    return [Waiting(text, url_for("risk_pool.show_enrolment", enrolment_id=each)) for each in found]
