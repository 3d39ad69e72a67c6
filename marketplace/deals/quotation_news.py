"""What buyers and holders are told about requests for quotation."""

from datetime import datetime

from marketplace.core.actor import Actor
from marketplace.core.i18n import _l
from marketplace.deals.quotations import FinalRoundCalled, QuotationAsked, QuotationEnded, QuoteMade, QuoteTakenBack
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say

say("quote_asked", subject=_l("A buyer asks for your quote"), text=_l("Read what is needed and quote, or decline."))
say("quote_made", subject=_l("A holder quoted"), text=_l("A quote for your request came in, or was improved."))
say(
    "quote_taken_back",
    subject=_l("A holder declined or withdrew"),
    text=_l("A holder you asked gave this reason: %(reason)s"),
)
say(
    "final_round",
    subject=_l("Best and final quotes"),
    text=_l("The buyer asks for your best and final quote. Without an answer your last quote stands."),
)
say(
    "quotation_ended",
    subject=_l("A request for quotation ended"),
    text=_l("The buyer chose, gave up, or the time ran out. See whether your quote was chosen."),
)


def tell_asked(_actor: Actor, fact: QuotationAsked | FinalRoundCalled | QuotationEnded, now: datetime) -> None:
    """Tell the holders concerned."""
    kinds = {QuotationAsked: "quote_asked", FinalRoundCalled: "final_round", QuotationEnded: "quotation_ended"}
    for seller_id in fact.seller_ids:
        tell(seller_id, kinds[type(fact)], {}, f"/quotations/{fact.request_id}", now)


def tell_buyer(_actor: Actor, fact: QuoteMade | QuoteTakenBack, now: datetime) -> None:
    """Tell the buyer."""
    link = f"/quotations/{fact.request_id}"
    if isinstance(fact, QuoteTakenBack):
        tell(fact.buyer_id, "quote_taken_back", {"reason": fact.reason}, link, now)
    else:
        tell(fact.buyer_id, "quote_made", {}, link, now)
