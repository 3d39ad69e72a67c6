"""Step eight: what waits for everyone, what they were told, where their money stands, and what the trail says."""

import re
from decimal import Decimal
from functools import partial
from typing import Any

from demo.report import Figure, StepFailed, chapter, show
from demo.visitors import Visitor

MAIN_PARTIES = ("newcomer", "holder", "buyer", "clerk", "pool reviewer", "second operator")
MOVING = ("single", "capture")
"""The phases of a line that move money; holds only keep it back."""
WAITING = re.compile(r'<ul class="checklist">(.*?)</ul>', re.S)


def tell_everyone(people: dict[str, Visitor]) -> None:
    """One line for each main party."""
    chapter("Everyone")
    for name in MAIN_PARTIES:
        visitor = people[name]
        event = visitor.get("/audit/events", limit=1)["items"][0]
        path = f"/audit/events/{event['id']}"
        show(
            f"the {name}",
            waiting=Figure(waiting(visitor, "zh"), partial(waiting, visitor, "en")),
            unread=Figure(unread(visitor), visitor.reading("/notices", "unread")),
            last_act=visitor.figure(event["kind"], path, "kind"),
            hash=visitor.figure(event["event_hash"], path, "event_hash").shortened(lambda text: text[:12]),
        )
        tell_money(visitor)


def tell_money(visitor: Visitor) -> None:
    """Each account with the sum of its statement's lines, which must be its balance."""
    lying, summed = account_totals(visitor), statement_totals(visitor)
    for code, amount in sorted(summed.items()):
        show(
            f"  {_words_of(code)}",
            balance=Figure(amount, partial(lying.get, code)),
        )


def _words_of(code: str) -> str:
    """The account's name without identities."""
    return " ".join(
        part.replace("_", " ") for part in code.split(":") if not any(character.isdigit() for character in part)
    )


def waiting(visitor: Visitor, language: str) -> int:
    """How many things the dashboard names, in one language."""
    found = WAITING.search(visitor.open(f"/dashboard?lang={language}"))
    return len(re.findall("<li", found.group(1))) if found else 0


def unread(visitor: Visitor) -> int:
    """Notices without a reading, counted one by one."""
    return sum(not notice["read_at"] for notice in pages(visitor, "/notices"))


def statement_totals(visitor: Visitor) -> dict[str, Decimal]:
    """What every posted line of the statement adds up to, by account."""
    totals: dict[str, Decimal] = {}
    for line in pages(visitor, "/ledger/statement"):
        if line["phase"] in MOVING:
            totals[line["account"]] = totals.get(line["account"], Decimal(0)) + Decimal(line["amount"]["amount"])
    return totals


def account_totals(visitor: Visitor) -> dict[str, Decimal]:
    """What lies on every account that ever moved."""
    moved = statement_totals(visitor)
    balances = {
        account["code"]: Decimal(account["balance"]["posted"]["amount"])
        for account in visitor.get("/ledger/accounts")["items"]
    }
    if any(balance for code, balance in balances.items() if code not in moved):
        raise StepFailed(f"{visitor.name}: an account holds money that no line of the statement explains")
    return {code: balances[code] for code in moved}


def pages(visitor: Visitor, path: str) -> list[dict[str, Any]]:
    """Every page of a list."""
    items: list[dict[str, Any]] = []
    page = visitor.get(path, limit=100)
    while True:
        items += page["items"]
        if not page.get("next"):
            return items
        page = visitor.get(path, limit=100, after=page["next"])
