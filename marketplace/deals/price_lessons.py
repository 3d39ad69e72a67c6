"""A released deal teaches the price level what was really paid; related parties are marked and never teach."""

from datetime import datetime

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import find
from marketplace.deals.deals import Deal, DealReleased
from marketplace.identity.organisations import are_related
from marketplace.listings.offer_lessons import note_sold
from marketplace.valuation.sales import record_sale


def teach_price(_actor: Actor, fact: DealReleased, now: datetime) -> None:
    """Keep the price of a released deal, once, and that its offer found a buyer."""
    deal = find(Deal, fact.deal_id)
    related = are_related(deal.seller_id, deal.buyer_id)
    record_sale(SYSTEM, deal.asset_id, deal.kind.value, deal.price, f"deal:{deal.id}", now, related)
    note_sold(SYSTEM, deal.listing_id, related, now)
