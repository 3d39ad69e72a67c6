"""Fictional sales of the past months, closed by the same acts that real people take; they teach what rights sell for."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from demo.people import Cast
from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.core.money import Money
from marketplace.deals import closing, offers, recordal, settlement
from marketplace.deals.closing_rules import StepParty
from marketplace.deals.deals import Deal
from marketplace.documents.files import store_file
from marketplace.documents.signatures import sign
from marketplace.listings.listings import answer_due_diligence, draft_listing, publish_listing
from marketplace.listings.terms import ListingMode
from marketplace.payments.collections import confirm_transfer
from marketplace.registry.assets import Asset, AssetKind

SOLD_DAYS_AGO, APART_DAYS = 210, 30
"""The newest sale is older than the oldest loan of the demo, so that every loan rests on prices known when it was made."""
ANSWERS: dict[str, Any] = {
    "title": "DEMO register extract", "fees": "DEMO: paid for this year", "burdens": "DEMO: none",
    "validity": "DEMO: no proceedings", "inventors_not_available": True,
}  # fmt: skip
PRICES = (80, 400)
"""From and below, in ten thousands of yuan."""


def make_closed_deals(dice: random.Random, cast: Cast, owned: dict[str, list[UUID]], count: int, now: datetime) -> int:
    """Sell so many inventions, one a month back, each by another company; what was sold is no longer its seller's."""
    sellers = cast.companies[2 : 2 + count]
    for nr, seller in enumerate(sellers):
        asset_id = _first_invention(owned[seller])
        owned[seller].remove(asset_id)
        buyer = dice.choice([key for key in cast.companies if key != seller])
        price = Money(dice.randrange(*PRICES) * 1_000_000, "CNY")
        _sell(cast, (seller, buyer), asset_id, price, now - timedelta(days=SOLD_DAYS_AGO + APART_DAYS * nr))
        owned[buyer].append(asset_id)
    return len(sellers)


def _first_invention(asset_ids: list[UUID]) -> UUID:
    query = select(Asset.id).where(Asset.id.in_(asset_ids), Asset.kind == AssetKind.INVENTION)
    found: UUID = session.execute(query.order_by(Asset.number).limit(1)).scalar_one()
    return found


def _sell(cast: Cast, sides: tuple[str, str], asset_id: UUID, price: Money, at: datetime) -> None:
    seller, buyer = (replace(cast.officers[key], authenticated_at=at) for key in sides)
    terms = {"mode": ListingMode.FIXED_PRICE, "price": price, "summary": "DEMO"}
    listing = draft_listing(seller, asset_id, terms, at)
    answer_due_diligence(seller, listing.id, ANSWERS, at)
    publish_listing(seller, listing.id, at)
    deal = offers.buy_at_listed_price(buyer, listing.id, at)
    assert deal.envelope_id is not None
    for side in (seller, buyer):
        sign(side, deal.envelope_id, at)
    first, second = (
        replace(people["platform_operator1"], authenticated_at=at) for people in (cast.officers, cast.approvers)
    )
    for nr, collection in enumerate(settlement.collections_of(deal)):
        confirm_transfer(first, collection.id, f"DEMO-T{collection.id.hex[-8:]}-{nr}", collection.amount, at)
    _record(deal, seller, buyer, first, at)
    settlement.propose_release(first, deal.id, at)
    settlement.approve_release(second, deal.id, at)


def _record(deal: Deal, seller: Actor, buyer: Actor, operator: Actor, at: datetime) -> None:
    """The checklist, the filing and its proof."""
    for step in closing.steps_of(deal.id):
        doer = buyer if step.party is StepParty.BUYER else seller
        document = store_file(doer, b"DEMO document", "document.txt", "closing", at)
        closing.complete_step(doer, deal.id, step.id, document.id, "DEMO", at)
    filing = store_file(buyer, b"DEMO filing", "filing.txt", "closing", at)
    recordal.file_recordal(buyer, deal.id, f"DEMO-R{deal.id.hex[-6:]}", at.date(), filing.id, at)
    proof = store_file(buyer, b"DEMO proof", "proof.txt", "closing", at)
    recordal.upload_recordal_proof(buyer, deal.id, proof.id, at)
    recordal.confirm_recordal(operator, deal.id, at)
