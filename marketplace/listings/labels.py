"""The codes of facets, terms and statuses in the reader's words."""

from typing import Any

from marketplace.core.i18n import _l

FACETS: dict[str, Any] = {
    "kind": _l("Type of right"),
    "status": _l("Legal status"),
    "office": _l("Office"),
    "section": _l("IPC section"),
    "mode": _l("On offer as"),
    "licence": _l("Licence type"),
    "price": _l("Price (CNY)"),
    "life": _l("Remaining life"),
    "pledged": _l("Pledged"),
    "financing": _l("Financing welcome"),
}

_YES_NO = {"yes": _l("Yes"), "no": _l("No")}

VALUES: dict[str, dict[str, Any]] = {
    "kind": {
        "invention": _l("Invention patent"),
        "utility_model": _l("Utility model"),
        "design": _l("Design"),
        "trademark": _l("Trademark"),
        "copyright": _l("Copyright"),
        "software": _l("Software copyright"),
        "layout_design": _l("Layout design"),
        "plant_variety": _l("Plant variety"),
    },
    "status": {
        "pending": _l("Pending"),
        "in_force": _l("In force"),
        "lapsed": _l("Lapsed"),
        "expired": _l("Expired"),
        "invalidated": _l("Invalidated"),
        "refused": _l("Refused"),
        "withdrawn": _l("Withdrawn"),
        "unknown": _l("Unknown"),
    },
    "section": {
        "a": _l("A Human necessities"),
        "b": _l("B Operations, transport"),
        "c": _l("C Chemistry, metallurgy"),
        "d": _l("D Textiles, paper"),
        "e": _l("E Fixed constructions"),
        "f": _l("F Mechanical engineering"),
        "g": _l("G Physics"),
        "h": _l("H Electricity"),
        "y": _l("Y New technologies"),
    },
    "mode": {
        "fixed_price": _l("Sale at a fixed price"),
        "auction": _l("Sale by auction"),
        "licence": _l("Licence"),
        "open_licence": _l("Open licence"),
    },
    "licence": {
        "exclusive": _l("Exclusive"),
        "sole": _l("Sole"),
        "non_exclusive": _l("Non-exclusive"),
    },
    "price": {
        "0..100000": _l("Below 100,000"),
        "100000..1000000": _l("100,000 to 1 million"),
        "1000000..10000000": _l("1 to 10 million"),
        "10000000..": _l("10 million and more"),
    },
    "life": {
        "0..3": _l("Less than 3 years"),
        "3..8": _l("3 to 8 years"),
        "8..15": _l("8 to 15 years"),
        "15..": _l("15 years and more"),
    },
    "pledged": _YES_NO,
    "financing": _YES_NO,
    "sort": {
        "relevance": _l("Best match"),
        "newest_listed": _l("Newest on offer"),
        "newest_filed": _l("Newest filed"),
        "expiring": _l("Expiring soonest"),
        "cheapest": _l("Price: low to high"),
        "dearest": _l("Price: high to low"),
    },
    "listing_status": {
        "draft": _l("Draft"),
        "review": _l("In review"),
        "published": _l("Published"),
        "paused": _l("Paused"),
        "under_offer": _l("Under offer"),
        "reserved": _l("Reserved"),
        "suspended": _l("Suspended"),
        "closed": _l("Closed"),
        "withdrawn": _l("Withdrawn"),
    },
    "fee_scheme": {
        "lump_sum": _l("Lump sum"),
        "royalty": _l("Running royalty"),
        "entry_and_royalty": _l("Entry fee and running royalty"),
    },
    "royalty_base": {"net_sales": _l("of net sales"), "profit": _l("of profit")},
    "format": {
        "english": _l("Open ascending bids"),
        "sealed_first_price": _l("Sealed bids, the winner pays its own bid"),
        "vickrey": _l("Sealed bids, the winner pays the second bid"),
        "dutch": _l("Falling price"),
        "hybrid_dutch": _l("Falling price, then sealed bids, then a last word"),
        "portfolio": _l("Sold in a portfolio lot, as a whole or in parts"),
    },
    "wanted_right": {
        "transfer": _l("Purchase of the right"),
        "exclusive": _l("Exclusive licence"),
        "sole": _l("Sole licence"),
        "non_exclusive": _l("Plain licence"),
    },
    "need_status": {
        "open": _l("Open"),
        "met": _l("Met"),
        "withdrawn": _l("Withdrawn"),
        "expired": _l("Its time ran out"),
    },
    "need_part": {
        "words": _l("Words"),
        "classes": _l("Classes"),
        "right": _l("Right wanted"),
        "price": _l("Price"),
        "life": _l("Remaining life"),
    },
    "cadence": {"instant": _l("At once"), "daily": _l("Every day"), "weekly": _l("Every week")},
    "term": {
        "mode": _l("On offer as"),
        "summary": _l("Description"),
        "price": _l("Price"),
        "reserve": _l("Reserve"),
        "deposit": _l("Deposit"),
        "lot_rules": _l("Rules of the auction"),
        "opens_at": _l("Opens"),
        "closes_at": _l("Closes"),
        "exclusivity": _l("Licence type"),
        "territory": _l("Territory"),
        "fields_of_use": _l("Fields of use"),
        "term_months": _l("Term in months"),
        "fee_scheme": _l("Payment"),
        "royalty_bps": _l("Royalty rate"),
        "royalty_base": _l("Royalty base"),
        "ceiling_reason": _l("Reason for a fee above the guidance"),
        "financing_welcome": _l("Financing welcome"),
    },
    "lot_rule": {
        "format": _l("How the price is found"),
        "increments": _l("Steps between bids"),
        "buy_now": _l("Price for buying outright"),
        "reserve_public": _l("The reserve is public"),
        "proxy": _l("Bidders may leave a secret maximum"),
        "priority_holders": _l("Ranks of priority rights"),
        "soft_close_window_seconds": _l("Last seconds in which a bid extends the close"),
        "soft_close_extension_seconds": _l("Seconds by which the close is extended"),
        "max_extension_seconds": _l("Longest extension in seconds"),
        "step_bps": _l("Fall of the price a stage, in hundredths of a per cent"),
        "step_seconds": _l("Seconds a stage lasts"),
        "floor": _l("Lowest price"),
        "pause_seconds": _l("Seconds between stages of the sale"),
        "sealed_seconds": _l("Seconds for sealed bids"),
        "best_bid_seconds": _l("Seconds for the last word"),
    },
}

PILLS = {
    "open": "good", "met": "info",
    "in_force": "good", "published": "good", "pending": "wait", "review": "wait", "paused": "wait", "under_offer": "wait",
    "reserved": "wait", "lapsed": "stop", "expired": "stop", "invalidated": "stop", "refused": "stop",
    "suspended": "stop", "withdrawn": "stop",
}  # fmt: skip
"""Which kind of sign a status carries."""


def words(group: str, code: Any) -> str:
    """The words for a code; an unknown code is shown as it is."""
    text = str(getattr(code, "value", code) or "")
    return str(VALUES.get(group, {}).get(text, text.upper() if group == "office" else text))
