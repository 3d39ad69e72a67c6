"""Money moves only by balanced journals, held in two phases, never below a floor."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from marketplace.core.actor import SYSTEM
from marketplace.core.errors import Malformed, NotFound
from marketplace.core.money import Money
from marketplace.ledger import accounts, entries
from marketplace.ledger.entries import Posting
from marketplace.ledger.proofs import prove_books

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def yuan(amount: int) -> Money:
    return Money(amount * 100, "CNY")


@pytest.fixture
def books(db: Any) -> Any:
    """A cash account, a funded holder and an empty seller."""
    accounts.open_account("clearing:bank", "CNY", "debit", floor_minor=None)
    accounts.open_account("holder", "CNY", "credit")
    accounts.open_account("seller", "CNY", "credit")
    entries.post(SYSTEM, "funding", "deposit", [Posting("clearing:bank", "holder", yuan(100))], NOW)
    return db


def available(code: str) -> Money:
    return accounts.balance(code, "CNY").available


def proven() -> None:
    assert prove_books()["faults"] == []


def test_a_posting_moves_money_and_the_books_balance(books: Any) -> None:
    entries.post(SYSTEM, "sale", "sale", [Posting("holder", "seller", yuan(30))], NOW)
    assert (available("holder"), available("seller")) == (yuan(70), yuan(30))
    books.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    proven()


def test_the_available_balance_never_falls_below_the_floor(books: Any) -> None:
    with pytest.raises(entries.InsufficientFunds):
        entries.post(SYSTEM, "too-much", "sale", [Posting("holder", "seller", yuan(101))], NOW)
    assert available("holder") == yuan(100)
    proven()


def test_a_journal_is_judged_on_what_it_does_as_a_whole(books: Any) -> None:
    entries.post(
        SYSTEM, "through", "sale", [Posting("seller", "holder", yuan(5)), Posting("holder", "seller", yuan(50))], NOW
    )
    assert available("seller") == yuan(45)
    proven()


def test_a_hold_sets_money_aside_until_it_is_captured(books: Any) -> None:
    entries.hold(SYSTEM, "hold", "deposit", [Posting("holder", "seller", yuan(80))], NOW)
    assert accounts.balance("holder", "CNY") == accounts.Balance(yuan(100), yuan(80), yuan(20))
    assert available("seller") == yuan(0)
    with pytest.raises(entries.InsufficientFunds):
        entries.post(SYSTEM, "other", "sale", [Posting("holder", "seller", yuan(21))], NOW)
    entries.capture(SYSTEM, "hold", "captured", NOW)
    assert accounts.balance("holder", "CNY") == accounts.Balance(yuan(20), yuan(0), yuan(20))
    assert available("seller") == yuan(80)
    proven()


def test_a_partial_capture_gives_the_rest_back(books: Any) -> None:
    entries.hold(SYSTEM, "hold", "deposit", [Posting("holder", "seller", yuan(80))], NOW)
    with pytest.raises(entries.ExceedsHold):
        entries.capture(SYSTEM, "hold", "over", NOW, amount=yuan(81))
    entries.capture(SYSTEM, "hold", "part", NOW, amount=yuan(30))
    assert (available("holder"), available("seller")) == (yuan(70), yuan(30))
    proven()


def test_a_void_releases_the_whole_hold(books: Any) -> None:
    entries.hold(SYSTEM, "hold", "deposit", [Posting("holder", "seller", yuan(80))], NOW)
    entries.void(SYSTEM, "hold", "released", NOW)
    assert (available("holder"), available("seller")) == (yuan(100), yuan(0))
    books.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    proven()


@pytest.mark.parametrize("second", ["capture", "void"])
@pytest.mark.parametrize("first", ["capture", "void"])
def test_a_hold_is_resolved_once(books: Any, first: str, second: str) -> None:
    entries.hold(SYSTEM, "hold", "deposit", [Posting("holder", "seller", yuan(80))], NOW)
    getattr(entries, first)(SYSTEM, "hold", "first", NOW)
    with pytest.raises(entries.HoldResolved):
        getattr(entries, second)(SYSTEM, "hold", "second", NOW)
    proven()


def test_an_expired_hold_is_not_captured_but_released(books: Any) -> None:
    later = NOW + timedelta(days=1)
    entries.hold(SYSTEM, "hold", "deposit", [Posting("holder", "seller", yuan(80))], NOW, expires_at=later)
    with pytest.raises(entries.HoldExpired):
        entries.capture(SYSTEM, "hold", "late", later)
    assert entries.release_expired_holds(later) == 1
    assert entries.release_expired_holds(later) == 0
    assert available("holder") == yuan(100)


def test_the_same_reference_with_the_same_content_moves_money_once(books: Any) -> None:
    postings = [Posting("holder", "seller", yuan(30))]
    first = entries.post(SYSTEM, "sale", "sale", postings, NOW)
    again = entries.post(SYSTEM, "sale", "sale", postings, NOW + timedelta(hours=1))
    assert first.id == again.id
    assert available("seller") == yuan(30)


@pytest.mark.parametrize(
    "changed",
    [
        [Posting("holder", "seller", yuan(31))],
        [Posting("seller", "holder", yuan(30))],
        [Posting("clearing:bank", "seller", yuan(30))],
    ],
)
def test_a_reference_reused_for_another_movement_is_refused(books: Any, changed: list[Posting]) -> None:
    entries.post(SYSTEM, "sale", "sale", [Posting("holder", "seller", yuan(30))], NOW)
    with pytest.raises(entries.ReferenceReused):
        entries.post(SYSTEM, "sale", "sale", changed, NOW)
    with pytest.raises(entries.ReferenceReused):
        entries.hold(SYSTEM, "sale", "sale", [Posting("holder", "seller", yuan(30))], NOW)


def test_a_reversal_mirrors_and_happens_once(books: Any) -> None:
    entries.post(SYSTEM, "sale", "sale", [Posting("holder", "seller", yuan(30))], NOW)
    reversal = entries.reverse(SYSTEM, "sale", "sale-reversed", NOW)
    assert entries.reverse(SYSTEM, "sale", "sale-reversed", NOW).id == reversal.id
    assert (available("holder"), available("seller")) == (yuan(100), yuan(0))
    with pytest.raises(entries.AlreadyReversed):
        entries.reverse(SYSTEM, "sale", "again", NOW)
    proven()


def test_a_reversal_needs_the_money_still_to_be_there(books: Any) -> None:
    entries.post(SYSTEM, "sale", "sale", [Posting("holder", "seller", yuan(30))], NOW)
    entries.post(SYSTEM, "spent", "payout", [Posting("seller", "clearing:bank", yuan(30))], NOW)
    with pytest.raises(entries.InsufficientFunds):
        entries.reverse(SYSTEM, "sale", "sale-reversed", NOW)


def test_a_hold_is_released_not_reversed(books: Any) -> None:
    entries.hold(SYSTEM, "hold", "deposit", [Posting("holder", "seller", yuan(80))], NOW)
    with pytest.raises(entries.CannotReverse):
        entries.reverse(SYSTEM, "hold", "x", NOW)
    with pytest.raises(NotFound):
        entries.capture(SYSTEM, "nothing", "x", NOW)
    entries.post(SYSTEM, "plain", "sale", [Posting("holder", "seller", yuan(1))], NOW)
    with pytest.raises(entries.NotHeld):
        entries.void(SYSTEM, "plain", "x", NOW)


@pytest.mark.parametrize("minor", [0, -1, 2**62])
def test_an_impossible_amount_is_malformed(books: Any, minor: int) -> None:
    with pytest.raises(Malformed):
        entries.post(SYSTEM, "x", "sale", [Posting("holder", "seller", Money(minor, "CNY"))], NOW)


def test_money_moves_between_two_known_accounts_of_its_currency(books: Any) -> None:
    for posting, refusal in (
        (Posting("holder", "holder", yuan(1)), Malformed),
        (Posting("holder", "nobody", yuan(1)), entries.AccountUnknown),
        (Posting("holder", "seller", Money(1, "USD")), entries.AccountUnknown),
    ):
        with pytest.raises(refusal):
            entries.post(SYSTEM, "x", "sale", [posting], NOW)
    with pytest.raises(Malformed):
        entries.post(SYSTEM, "x", "sale", [], NOW)


def test_opening_an_account_twice_returns_it_and_other_terms_are_refused(books: Any) -> None:
    assert accounts.open_account("holder", "CNY", "credit").id == accounts.find_account("holder", "CNY").id
    with pytest.raises(accounts.AccountDiffers):
        accounts.open_account("holder", "CNY", "debit")
    with pytest.raises(accounts.AccountDiffers):
        accounts.open_account("holder", "CNY", "credit", floor_minor=None)
