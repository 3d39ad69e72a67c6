"""Held funds: client money under supervision (资金监管), in accounts of its own, never the platform's."""

from datetime import datetime
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.money import Money
from marketplace.ledger import accounts, entries
from marketplace.ledger.entries import Posting

FEES = "platform:fees"


def held_account(kind: str, subject_id: UUID, currency: str) -> str:
    """The account that holds one deal's or one lot's money: ``held:deal:<id>``, ``held:deposit:<id>``."""
    code = f"held:{kind}:{subject_id}"
    accounts.open_account(code, currency, "credit")
    return code


def charge_fee(actor: Actor, from_account: str, fee: Money, reference: str, now: datetime) -> None:
    """Take the platform's fee out of held funds."""
    if fee.amount_minor:
        accounts.open_account(FEES, fee.currency, "credit")
        entries.post(actor, reference, "fee", [Posting(from_account, FEES, fee)], now)
