"""The operators learn of every dispute and its end."""

from datetime import datetime

from marketplace.core.actor import Actor
from marketplace.core.db import find
from marketplace.core.i18n import _l
from marketplace.identity.organisations import OrganisationKind, organisations_of_kind
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say
from marketplace.payments.collections import Collection
from marketplace.payments.disputes import Dispute, DisputeEnded, PaymentDisputed

OPENED, WON, LOST = "payment_disputed", "dispute_won", "dispute_lost"

say(
    OPENED,
    subject=_l("Card payment %(reference)s is disputed"),
    text=_l("Answer it at Stripe before its deadline. Nothing bought with this payment is released meanwhile."),
)
say(WON, subject=_l("Dispute of %(reference)s is won"), text=_l("The money is back."))
say(
    LOST,
    subject=_l("Dispute of %(reference)s is lost"),
    text=_l("The payer has the money back. End what was bought with it."),
)


def tell_disputed(_actor: Actor, fact: PaymentDisputed | DisputeEnded, now: datetime) -> None:
    """Every operator organisation finds it in the inbox."""
    collection = find(Collection, find(Dispute, fact.dispute_id).collection_id)
    kind = OPENED if isinstance(fact, PaymentDisputed) else WON if fact.status == "won" else LOST
    for operator in organisations_of_kind(OrganisationKind.PLATFORM_OPERATOR):
        tell(operator.id, kind, {"reference": collection.reference}, "/payments/disputes", now)
