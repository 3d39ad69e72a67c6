"""The JSON API of published lending rules and of what they say about an own right."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, needs
from marketplace.financing import criteria, indications
from marketplace.financing import criteria_schemas as s
from marketplace.financing.api_blueprint import api
from marketplace.financing.schemas import NothingIn


@api.get("/criteria")
@needs("loan.underwrite")
@api.output(s.CriteriaListOut)
def my_criteria() -> Any:
    """Every version of my bank's lending rules."""
    return {"items": criteria.criteria_of(current_actor())}


@api.post("/criteria")
@needs("loan.underwrite")
@idempotent
@api.input(s.CriteriaIn, arg_name="rules")
@api.output(s.CriteriaOut, status_code=201)
def prepare_criteria(rules: dict[str, Any]) -> Any:
    """Write a new version of my bank's lending rules; a second person publishes it."""
    return criteria.prepare_criteria(current_actor(), rules, now())


@api.post("/criteria/<uuid:criteria_id>/publication")
@needs("loan.approve")
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(s.CriteriaOut)
def publish_criteria(criteria_id: UUID, nothing: dict[str, Any]) -> Any:
    """Publish as the bank's second person."""
    return criteria.publish_criteria(current_actor(), criteria_id, now())


@api.get("/assets/<uuid:asset_id>/indicative-offers")
@needs("loan.apply")
@api.output(s.IndicativesOut)
def show_indicative_offers(asset_id: UUID) -> Any:
    """What banks' published rules say about an own right, with every reason."""
    return {"items": [show(one) for one in indications.indicate_offers(current_actor(), asset_id, now())]}


def show(one: indications.BankIndication) -> dict[str, Any]:
    """An indication as the owner reads it."""
    said = one.indicative
    return {
        "bank_id": one.bank_id, "bank": one.bank, "version": one.version, "fits": said.fits, "amount": said.amount,
        "rate_bps": said.rate_bps, "term_months": said.term_months,
        "reasons": [{"words": words, "met": met} for words, met in said.words],
    }  # fmt: skip
