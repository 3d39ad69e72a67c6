"""Two-phase semantics recorded from another ledger (../shared/vectors/ledger_semantics.json), replayed on ours.

Each recorded act is either carried out and its status compared with our refusal, or left out for a named reason.
"""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from marketplace.core.actor import SYSTEM
from marketplace.core.errors import Malformed, NotFound, Problem
from marketplace.core.money import Money
from marketplace.ledger import accounts, entries
from marketplace.ledger.entries import Posting

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "ledger_semantics.json"
pytestmark = pytest.mark.skipif(not VECTORS.exists(), reason="the shared vectors lie beside the project, not in it")

FEATURES_WE_DO_NOT_HAVE = {
    "linked": "several journals succeed or fail together because a request is one transaction",
    "imported": "history is not imported into the books with past times",
    "balancing_debit": "nobody moves «as much as there is»: every amount is named",
    "balancing_credit": "nobody moves «as much as there is»: every amount is named",
    "closing_debit": "accounts are not closed; a floor of zero and no postings end them",
    "closing_credit": "accounts are not closed; a floor of zero and no postings end them",
    "timestamp": "the database gives the time",
}
STATUSES_WITHOUT_MEANING = {
    "id_must_not_be_zero": "references are text",
    "id_must_not_be_int_max": "references are text",
    "id_already_failed": "a refused reference may be used again: nothing was written",
    "flags_are_mutually_exclusive": "post, hold, capture and void are separate functions",
    "pending_id_must_not_be_zero": "references are text",
    "pending_id_must_not_be_int_max": "references are text",
    "pending_id_must_be_different": "references are text",
    "timeout_reserved_for_pending_transfer": "only hold takes an expiry",
    "timestamp_must_be_zero": "the database gives the time",
    "pending_transfer_has_different_debit_account_id": "a capture takes its accounts from the hold",
    "pending_transfer_has_different_credit_account_id": "a capture takes its accounts from the hold",
    "pending_transfer_has_different_ledger": "a capture takes its currency from the hold",
    "pending_transfer_has_different_code": "a capture takes its kind from the hold",
    "pending_transfer_has_different_amount": "a void always releases the whole hold",
    "exists_with_different_user_data_128": "journals carry no free data",
    "exists_with_different_user_data_64": "journals carry no free data",
    "exists_with_different_user_data_32": "journals carry no free data",
    "transfer_must_have_the_same_ledger_as_accounts": "the currency of a posting is its account's by construction",
}
EXPECTED = {
    "exists_with_different_flags": (entries.ReferenceReused,),
    "exists_with_different_amount": (entries.ReferenceReused, Malformed, entries.ExceedsHold, entries.HoldResolved),
    "exists_with_different_pending_id": (entries.ReferenceReused,),
    "pending_transfer_not_found": (NotFound,),
    "pending_transfer_not_pending": (entries.NotHeld,),
    "exceeds_pending_transfer_amount": (entries.ExceedsHold, Malformed),
    "pending_transfer_already_posted": (entries.HoldResolved,),
    "pending_transfer_already_voided": (entries.HoldResolved,),
    "pending_transfer_expired": (entries.HoldExpired, entries.HoldResolved),
}
WHOLE_CASES = {
    "tb-create-lookup-2-phase-transfers",
    "tb-create-lookup-2-phase-transfers-amount-maxInt-",
    "tb-create-lookup-expired-transfers",
    "tb-get_account_transfers-single-phase",
    "tb-get_account_transfers-two-phase",
    "tb-get_account_balances-two-phase",
    "tb-get_account_balances-invalid-filter",
}
"""Cases in which every account and transfer means something here, so that balances can be compared as well."""


class Bench:
    """One case being replayed."""

    def __init__(self, whole: bool) -> None:
        self.whole = whole
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)
        self.left_out: Counter[str] = Counter()
        self.checked = 0

    def account(self, act: dict[str, Any]) -> None:
        if act["status"] != "created" or self.unsupported(act):
            self.left_out["account"] += 1
            return
        floor = 0 if {"debits_must_not_exceed_credits", "credits_must_not_exceed_debits"} & set(act) else None
        side = "debit" if "credits_must_not_exceed_debits" in act else "credit"
        accounts.open_account(act["id"], "CNY", side, floor_minor=floor)
        self.checked += 1

    def unsupported(self, act: dict[str, Any]) -> bool:
        return any(act.get(name) not in (None, "0", "_") for name in FEATURES_WE_DO_NOT_HAVE)

    def transfer(self, act: dict[str, Any]) -> None:
        status = act["status"]
        if self.unsupported(act) or status in STATUSES_WITHOUT_MEANING or (act.get("void") and "exceeds" in status):
            self.left_out[status] += 1
            return
        if act.get("post") and act.get("amount", "") == "0" and status in ("created", "exists"):
            entries.void(SYSTEM, act["pending_id"], f"void-instead-{act['id']}", self.now)
            self.left_out["a capture of nothing is a void"] += 1
            return
        self.checked += 1
        if status in ("created", "exists"):
            self.carry_out(act)
            return
        assert status in EXPECTED, status
        with pytest.raises(Problem) as refused:
            self.carry_out(act)
        assert isinstance(refused.value, EXPECTED[status]), (act, refused.value)

    def carry_out(self, act: dict[str, Any]) -> None:
        amount = act.get("amount", "0")
        if act.get("post"):
            named = None if amount == "-0" else Money(int(amount), "CNY")
            if amount == "-1":
                named = Money(2**62 - 1, "CNY")
            entries.capture(SYSTEM, act["pending_id"], act["id"], self.now, named)
        elif act.get("void"):
            entries.void(SYSTEM, act["pending_id"], act["id"], self.now)
        else:
            value = Money(2**40 if amount == "-0" else int(amount), "CNY")
            posting = [Posting(act["debit"], act["credit"], value)]
            if act.get("pending"):
                seconds = int(act.get("timeout") or 0)
                expires = self.now + timedelta(seconds=seconds) if seconds else None
                entries.hold(SYSTEM, act["id"], "test", posting, self.now, expires)
            else:
                entries.post(SYSTEM, act["id"], "test", posting, self.now)

    def tick(self, act: dict[str, Any]) -> None:
        amount, unit = act["args"]
        self.now += timedelta(seconds=int(amount)) if unit == "seconds" else timedelta()
        entries.release_expired_holds(self.now)

    def lookup_account(self, act: dict[str, Any]) -> None:
        if not self.whole or act["args"][1] == "_":
            return
        name, *figures = act["args"][:5]
        found = accounts.find_account(name, "CNY")
        mine = (
            found.pending_debit_minor, found.posted_debit_minor, found.pending_credit_minor, found.posted_credit_minor,
        )  # fmt: skip
        expected = tuple(2**40 if figure == "-0" else int(figure) for figure in figures)
        assert mine == expected, act
        self.checked += 1


CASES = json.loads(VECTORS.read_text()) if VECTORS.exists() else []
NOT_COMPARABLE = {
    "linked": ("tb-linked-accounts", "tb-linked_event_chain_open", "tb-linked_event_chain_open-for-an-already-failed-batch"),
    "imported": (
        "tb-imported-events-imported-batch", "tb-imported-events-timestamp", "tb-imported-events-pending-transfers",
        "tb-imported-events-linked-chain",
    ),
    "balancing": (
        "tb-create_transfers-balancing_debit-balancing_credit-_must_not_exceed_-",
        "tb-create_transfers-balancing_debit-balancing_credit-amount-0-",
        "tb-create_transfers-balancing_debit-balancing_credit",
    ),
    "closing": ("tb-create_transfers-closing-accounts",),
    "queries": ("tb-query_accounts", "tb-get_change_events"),
}  # fmt: skip
"""Cases about features that the marketplace's books leave out on purpose, by feature."""


def test_every_case_is_replayed_or_explained() -> None:
    explained = {name for names in NOT_COMPARABLE.values() for name in names}
    assert {case["id"] for case in CASES} == WHOLE_CASES | explained


@pytest.mark.parametrize("case", [one for one in CASES if one["id"] in WHOLE_CASES], ids=lambda one: one["id"])
def test_a_recorded_case_gives_our_refusals_and_balances(db: Any, case: dict[str, Any]) -> None:
    bench = Bench(whole=True)
    for act in case["actions"]:
        handler = getattr(bench, act["op"], None)
        if handler is not None:
            handler(act)
    assert bench.checked >= 3
