"""A right is found under every name that a person has held for its owner."""

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from marketplace.core.actor import SYSTEM
from marketplace.listings.indexing import Follower
from marketplace.listings.search import search_assets
from marketplace.registry.owner_names import NameVerdict, decide_names, find_name_pairs, name_pairs
from marketplace.registry.ownership import register_ownership
from tests.makers.identity import make_actor
from tests.makers.registry import make_asset

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def found(follower: Follower, query: str) -> int:
    follower.catch_up()
    faults = follower.verify()
    assert (faults["missing"], faults["stale"], faults["surplus"]) == (0, 0, 0)
    return search_assets(query, {}, None).total


def test_a_decision_on_two_names_is_found_and_taken_back(db: Any, follower: Follower) -> None:
    for name in ("UNIV FICTIVIA", "FICTIVIA UNIV"):
        register_ownership(SYSTEM, make_asset().id, [(None, name, Fraction(1))], "office", NOW)
    find_name_pairs(NOW)
    pair = next(row.pair for row in name_pairs() if "UNIV FICTIVIA" in (row.pair.name_one, row.pair.name_two))
    operator = make_actor(kind="platform_operator")
    names = ('owner:"univ fictivia"', 'owner:"fictivia univ"')
    before = [found(follower, query) for query in names]
    decide_names(operator, pair.id, NameVerdict.SAME, "same letterhead", NOW)
    joined = [found(follower, query) for query in names]
    decide_names(operator, pair.id, None, "asked again", NOW)
    assert (before, joined, [found(follower, query) for query in names]) == ([1, 1], [2, 2], [1, 1])
