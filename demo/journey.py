"""The whole journey over real HTTP as separate signed-in people, from nothing to a sale, a repaid loan and a default."""

import sys
import time
from datetime import UTC, datetime
from typing import Any

from demo import auction, defaulted_loan, real_records, repaid_loan, rights, sale
from demo.newcomers import become_member, former_right
from demo.report import Figure, StepFailed, chapter, show
from demo.rows import Announced, compare_with_rows
from demo.stage import Stage, open_stage
from demo.standing import tell_everyone
from demo.visitors import Visitor, enter_as_persona

PERSONAS = {
    "holder": "company1@demo.example", "buyer": "company2@demo.example", "rival": "company3@demo.example",
    "clerk": "bank1@demo.example", "bank approver": "bank1.second@demo.example",
    "other clerk": "bank2@demo.example", "other bank approver": "bank2.second@demo.example",
    "pool reviewer": "pool_administrator1@demo.example", "pool approver": "pool_administrator1.second@demo.example",
    "guarantor": "guarantor1@demo.example", "appraiser": "appraiser1@demo.example",
    "operator": "platform_operator1@demo.example", "second operator": "platform_operator1.second@demo.example",
}  # fmt: skip
CODE_NEEDED = ("clerk", "bank approver", "pool reviewer", "pool approver", "operator", "second operator", "guarantor")
IN_A_LOAN = 3
"""How many rights secure one loan together."""


def main() -> int:
    """Walk the journey; 0 when every step was answered as it should be and the books and the trail hold."""
    began = time.monotonic()
    try:
        with open_stage() as stage:
            walk(stage)
    except (StepFailed, KeyError, IndexError, StopIteration) as failure:
        print(f"FAILED  {failure!r}", file=sys.stderr)
        return 1
    print(f"journey complete in {time.monotonic() - began:.0f} s")
    return 0


def walk(stage: Stage) -> None:
    """Every step in order."""
    print("Amounts are in yuan (CNY). Each figure was read back from the marketplace before it was printed.\n")
    people = {name: enter_as_persona(stage, name, email) for name, email in PERSONAS.items()}
    show(
        "signed in over HTTP, each with a session of their own",
        people=Figure(len(people), lambda: len({person.get("/me")["person_id"] for person in people.values()})),
        with_a_second_factor=Figure(
            len(CODE_NEEDED), lambda: sum(people[name].get("/me")["second_factor"] for name in CODE_NEEDED)
        ),
    )
    own = [extract["id"] for extract in rights.inventions(people["holder"])]
    lot = auction.announce_lot(people["holder"], people["buyer"], own.pop())
    people["newcomer"] = become_member(stage, people["operator"], lot["id"])
    to_sell, to_pledge = choose_rights(stage, people, own)
    deal = sale.sell(people, people["newcomer"], to_sell)
    bid = auction.bid_against_each_other(stage, people, lot)
    repaid = repaid_loan.borrow_and_repay(people, [to_pledge, *own[: IN_A_LOAN - 1]])
    rest = own[IN_A_LOAN : 2 * IN_A_LOAN]
    claim = defaulted_loan.borrow_and_default(stage, people, rest)
    tell_everyone(people)
    compare_with_rows(stage, people, Announced(deal, bid, repaid, claim))
    prove(stage)


def choose_rights(stage: Stage, people: dict[str, Visitor], own: list[str]) -> tuple[str, str]:
    """The right to sell and the right to pledge: real ones from office records where there are any, else fictional."""
    newcomer, holder, operator = people["newcomer"], people["holder"], people["operator"]
    folder = real_records.data_folder()
    if folder is None:
        chapter("Title")
        extract = newcomer.get(f"/assets/{former_right(newcomer)}")
        rights.claim(newcomer, operator, extract)
        return str(extract["id"]), own.pop()
    real_records.import_records(stage, folder)
    first, second = real_records.choose(folder, newcomer, datetime.now(UTC).date(), 2)
    chapter("Title to two real rights, chosen by rule")
    rights.claim(newcomer, operator, first)
    rights.claim(holder, operator, second)
    rights.tell_status(holder, second["id"])
    rights.value(holder, second["id"], "pledge")
    return str(first["id"]), str(second["id"])


def prove(stage: Stage) -> None:
    """The books and the trail, proven by the commands."""
    books: dict[str, Any] = stage.command("ledger", "check")
    trail: dict[str, Any] = stage.command("audit", "verify")
    if books.get("faults") or not trail["valid"]:
        raise StepFailed(f"the books or the trail do not hold: {books} {trail}")
    print("\nledger balanced")
    print("audit chain valid")


if __name__ == "__main__":
    sys.exit(main())
