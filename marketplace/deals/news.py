"""Telling the parties what happened in their negotiations and deals."""

from datetime import datetime
from typing import Any
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.db import find
from marketplace.deals import wording
from marketplace.deals.closing import steps_of
from marketplace.deals.deals import (
    Deal,
    DealCancelled,
    DealFundsHeld,
    DealOpened,
    DealRefunding,
    DealReleased,
)
from marketplace.deals.messages import MessageSent
from marketplace.deals.negotiations import Negotiation, NegotiationEnded, Offer, OfferMade
from marketplace.deals.settlement import deal_of_envelope
from marketplace.documents.signatures import EnvelopeCompleted
from marketplace.identity.organisations import OrganisationKind, organisations_of_kind
from marketplace.notices.inbox import tell
from marketplace.registry.assets import find_asset


def tell_offer(_actor: Actor, fact: OfferMade, now: datetime) -> None:
    """The other side learns of the offer."""
    offer, negotiation = find(Offer, fact.offer_id), find(Negotiation, fact.negotiation_id)
    params = {"title": _title(negotiation.asset_id), "price": offer.price, "until": offer.expires_at}
    tell(fact.to_organisation_id, wording.OFFER_RECEIVED, params, f"/negotiations/{negotiation.id}", now)


def tell_negotiation_ended(_actor: Actor, fact: NegotiationEnded, now: datetime) -> None:
    """The other side learns that the talks are over."""
    negotiation = find(Negotiation, fact.negotiation_id)
    params = {"title": _title(negotiation.asset_id)}
    tell(fact.told_organisation_id, wording.NEGOTIATION_OVER, params, f"/negotiations/{negotiation.id}", now)


def tell_message(_actor: Actor, fact: MessageSent, now: datetime) -> None:
    """The other side learns that it was written to."""
    negotiation = find(Negotiation, fact.negotiation_id)
    params = {"title": _title(negotiation.asset_id)}
    tell(fact.to_organisation_id, wording.MESSAGE_RECEIVED, params, f"/negotiations/{negotiation.id}", now)


def tell_opened(_actor: Actor, fact: DealOpened, now: datetime) -> None:
    """Both sides learn that a contract waits for them."""
    _tell_both(find(Deal, fact.deal_id), wording.DEAL_OPENED, now)


def tell_payment_due(_actor: Actor, fact: EnvelopeCompleted, now: datetime) -> None:
    """The buyer learns that the price is due."""
    deal = deal_of_envelope(fact.envelope_id)
    if deal is not None:
        _tell(deal.buyer_id, deal, wording.DEAL_PAYMENT_DUE, now)


def tell_funds_held(_actor: Actor, fact: DealFundsHeld, now: datetime) -> None:
    """Both sides learn that the closing begins, and a pledgee that its figure is wanted."""
    deal = find(Deal, fact.deal_id)
    _tell_both(deal, wording.DEAL_FUNDS_HELD, now)
    for responsible in {step.responsible_id for step in steps_of(deal.id)} - {None, deal.seller_id, deal.buyer_id}:
        if responsible is not None:
            _tell(responsible, deal, wording.DEAL_STEP_WAITS, now, f"/deals/{deal.id}/payoff")


def tell_released(_actor: Actor, fact: DealReleased, now: datetime) -> None:
    """Both sides learn that the deal is closed."""
    _tell_both(find(Deal, fact.deal_id), wording.DEAL_RELEASED, now)


def tell_ended(_actor: Actor, fact: DealCancelled | DealRefunding, now: datetime) -> None:
    """Both sides learn that the deal is off and why."""
    _tell_both(find(Deal, fact.deal_id), wording.DEAL_ENDED, now, reason=fact.reason)


def tell_operators_overdue(deal: Deal, now: datetime) -> None:
    """The operator decides on a deal that has stayed too long in one step."""
    for operator in organisations_of_kind(OrganisationKind.PLATFORM_OPERATOR):
        _tell(operator.id, deal, wording.DEAL_OVERDUE, now)


def _tell_both(deal: Deal, kind: str, now: datetime, **more: Any) -> None:
    for organisation_id in (deal.seller_id, deal.buyer_id):
        _tell(organisation_id, deal, kind, now, **more)


def _tell(organisation_id: UUID, deal: Deal, kind: str, now: datetime, link: str | None = None, **more: Any) -> None:
    params = {"title": _title(deal.asset_id), "price": deal.price, **more}
    tell(organisation_id, kind, params, link or f"/deals/{deal.id}", now)


def _title(asset_id: UUID) -> dict[str, str | None]:
    asset = find_asset(asset_id)
    titles = asset.titles or {}
    return {"zh": titles.get("zh") or asset.title, "en": titles.get("en") or asset.title}
