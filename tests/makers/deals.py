"""Negotiations and deals at every stage, for tests."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.money import Money
from marketplace.deals.closing import complete_step, steps_of
from marketplace.deals.closing_rules import StepCode
from marketplace.deals.deals import Deal, DealStatus
from marketplace.deals.negotiations import Negotiation
from marketplace.deals.offers import accept_offer, make_offer
from marketplace.deals.recordal import confirm_recordal, file_recordal, upload_recordal_proof
from marketplace.deals.settlement import approve_release, collections_of, propose_release
from marketplace.documents.files import store_file
from marketplace.documents.signatures import sign
from marketplace.identity.organisations import Organisation
from marketplace.payments.collections import confirm_transfer
from tests.makers.documents import make_pdf
from tests.makers.identity import make_actor, make_organisation
from tests.makers.listings import make_listing

PRICE = Money(4_800_000_00, "CNY")


class Parties:
    """Everybody a sale needs."""

    def __init__(self, mode: str = "fixed_price", **terms: Any) -> None:
        self.now = datetime.now(UTC)
        self.seller, self.buyer, self.stranger = make_actor(), make_actor(), make_actor()
        self.platform: Organisation = make_organisation("platform_operator")
        self.operator, self.second = make_actor(self.platform), make_actor(self.platform)
        self.listing = make_listing(self.seller, mode, **terms)

    def offer(self, price: Money = PRICE, special_terms: str = "") -> Negotiation:
        """The buyer's first offer."""
        return make_offer(self.buyer, self.listing.id, price, special_terms, self.now)

    def agree(self, price: Money = PRICE) -> Deal:
        """An accepted offer."""
        return accept_offer(self.seller, self.offer(price).id, 1, self.now)

    def sign(self, deal: Deal) -> Deal:
        """Both sides sign."""
        assert deal.envelope_id is not None
        sign(self.seller, deal.envelope_id, self.now)
        sign(self.buyer, deal.envelope_id, self.now)
        return deal

    def pay(self, deal: Deal, parts: int = 2) -> Deal:
        """The buyer's transfers are confirmed by the operator."""
        for collection in collections_of(deal)[:parts]:
            confirm_transfer(self.operator, collection.id, f"BANK-{collection.reference}", collection.amount, self.now)
        return deal

    def document(self, actor: Actor) -> UUID:
        """A document of the actor's."""
        return store_file(actor, make_pdf(), "document.pdf", "closing", self.now).id

    def complete(self, deal: Deal) -> Deal:
        """The seller does every step of the checklist but the pledgee's."""
        for step in steps_of(deal.id):
            if step.code is not StepCode.PLEDGEE_PAYOFF:
                complete_step(self.seller, deal.id, step.id, self.document(self.seller), "done", self.now)
        return deal

    def file(self, deal: Deal) -> Deal:
        """The recordal is filed and its proof uploaded."""
        file_recordal(self.buyer, deal.id, "2026-1", self.now.date(), self.document(self.buyer), self.now)
        return upload_recordal_proof(self.buyer, deal.id, self.document(self.buyer), self.now)

    def prove(self, deal: Deal) -> Deal:
        """The operator confirms the proof."""
        return confirm_recordal(self.operator, deal.id, self.now)

    def release(self, deal: Deal) -> Deal:
        """One person proposes, another approves the release."""
        propose_release(self.operator, deal.id, self.now)
        return approve_release(self.second, deal.id, self.now)

    def bring_to(self, status: DealStatus, deal: Deal | None = None) -> Deal:
        """A deal brought to this status by the book."""
        deal = deal or self.agree()
        course = [
            (DealStatus.AWAITING_FUNDS, self.sign),
            (DealStatus.FUNDS_HELD, self.pay),
            (DealStatus.RECORDAL_FILED, lambda one: self.file(self.complete(one))),
            (DealStatus.RECORDAL_PROVEN, self.prove),
            (DealStatus.RELEASED, self.release),
        ]
        passed = [reached for reached, _act in course].index(deal.status) + 1 if deal.status in dict(course) else 0
        for reached, act in course[passed:]:
            if deal.status is status:
                return deal
            act(deal)
            assert deal.status is reached
        assert deal.status is status
        return deal


__all__ = ["PRICE", "SYSTEM", "Parties"]
