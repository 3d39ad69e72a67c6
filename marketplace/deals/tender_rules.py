"""Limits of a reverse tender, where the lowest quote wins: pure rules on plain decimals (ProZorro).

Amounts are decimals in major units of the tender's currency.
"""

from decimal import ROUND_HALF_UP, Decimal


def highest_allowed_quote(current: Decimal, min_step: Decimal, non_price_cost: Decimal = Decimal(0)) -> Decimal:
    """In a reverse tender (lowest quote wins): the most the next quote may be.

    ``current`` is the standing figure, weighted by ``non_price_cost`` where costs beside the price count.
    """
    return current - non_price_cost - min_step


def highest_allowed_weighted(featured: Decimal, coefficient: Decimal, min_step: Decimal) -> Decimal:
    """The same where quality points lower the compared price: featured amount times coefficient minus the step."""
    limit = featured * coefficient - min_step
    return limit.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def quote_is_allowed(quote: Decimal, limit: Decimal, bidder: str, turn_of: str) -> bool:
    """A quote counts when it is that bidder's turn and it does not exceed the limit."""
    return bidder == turn_of and quote <= limit
