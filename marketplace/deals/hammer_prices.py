"""What a house keeps of a hammer price: pure figures."""

from dataclasses import dataclass

from marketplace.core.money import Money, percentage


@dataclass(frozen=True)
class HammerSplit:
    """What the buyer pays, the seller receives and the house keeps at one hammer price."""

    buyer_pays: Money
    seller_receives: Money
    house: Money


def commissions(hammer: Money, seller_bps: int, buyer_bps: int) -> HammerSplit:
    """Split a hammer price into the seller's proceeds, the buyer's total and the house's commission (basis points)."""
    from_seller, from_buyer = percentage(hammer, seller_bps), percentage(hammer, buyer_bps)
    return HammerSplit(hammer + from_buyer, hammer - from_seller, from_seller + from_buyer)
