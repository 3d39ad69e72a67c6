"""What is told about requests for quotation and negotiated tenders."""

from datetime import datetime

from marketplace.core.actor import Actor
from marketplace.core.i18n import _l
from marketplace.deals.quotations import FinalRoundCalled, QuotationAsked, QuotationEnded, QuoteMade, QuoteTakenBack
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say

say("quote_asked", subject=_l("A buyer asks for your quote"), text=_l("Read what is needed and quote, or decline."))
say("tender_invited", subject=_l("A holder invites your quote"), text=_l("Read what is offered and quote, or decline."))
say(
    "quote_made", subject=_l("Somebody you asked quoted"), text=_l("A quote for your request came in, or was improved.")
)
say(
    "quote_taken_back",
    subject=_l("Somebody you asked declined or withdrew"),
    text=_l("The reason given: %(reason)s"),
)
say(
    "final_round",
    subject=_l("Best and final quotes"),
    text=_l("Give your best and final quote. Without an answer your last quote stands."),
)
say(
    "quotation_ended",
    subject=_l("A request for quotation ended"),
    text=_l("It was decided, given up, or the time ran out. See whether your quote was chosen."),
)


def tell_asked(_actor: Actor, fact: QuotationAsked | FinalRoundCalled | QuotationEnded, now: datetime) -> None:
    """Tell those asked."""
    kinds = {QuotationAsked: "quote_asked", FinalRoundCalled: "final_round", QuotationEnded: "quotation_ended"}
    kind = "tender_invited" if isinstance(fact, QuotationAsked) and fact.tender else kinds[type(fact)]
    for organisation_id in fact.asked_ids:
        tell(organisation_id, kind, {}, f"/quotations/{fact.request_id}", now)


def tell_asker(_actor: Actor, fact: QuoteMade | QuoteTakenBack, now: datetime) -> None:
    """Tell the one who asked."""
    link = f"/quotations/{fact.request_id}"
    if isinstance(fact, QuoteTakenBack):
        tell(fact.asker_id, "quote_taken_back", {"reason": fact.reason}, link, now)
    else:
        tell(fact.asker_id, "quote_made", {}, link, now)
