"""Shares always make one, transfers keep history, and what was believed stays believed."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from marketplace.core.actor import SYSTEM
from marketplace.registry.ownership import (
    NotTheOwner,
    OwnershipShare,
    ShareNotExact,
    SharesNotWhole,
    owners_of,
    owns,
    owns_all,
    register_ownership,
    transfer_ownership,
    units_of,
)
from tests.makers.identity import make_organisation
from tests.makers.registry import make_asset, make_owners

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def shares(asset_id: Any, **at: Any) -> dict[Any, Fraction]:
    return {owner.organisation_id: owner.share for owner in owners_of(asset_id, **at)}


def test_a_part_of_a_share_passes_and_the_sum_stays_one(db: Any) -> None:
    seller, buyer = make_organisation(), make_organisation()
    asset = make_asset(seller)
    transfer_ownership(SYSTEM, asset.id, seller.id, buyer.id, Fraction(1, 3), "contract 1", NOW)
    db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    assert shares(asset.id, as_of=NOW) == {seller.id: Fraction(2, 3), buyer.id: Fraction(1, 3)}
    assert shares(asset.id, as_of=NOW - timedelta(days=1)) == {seller.id: Fraction(1)}


def test_the_whole_passes_and_the_seller_owns_nothing(db: Any) -> None:
    seller, buyer = make_organisation(), make_organisation()
    asset = make_asset(seller)
    transfer_ownership(SYSTEM, asset.id, seller.id, buyer.id, Fraction(1), "contract 1", NOW)
    assert not owns(seller.id, asset.id)
    assert owns_all(buyer.id, asset.id)


def test_more_than_is_held_cannot_pass(db: Any) -> None:
    seller, buyer, other = make_organisation(), make_organisation(), make_organisation()
    asset = make_asset()
    make_owners(asset, (seller, Fraction(1, 2)), (other, Fraction(1, 2)))
    with pytest.raises(NotTheOwner):
        transfer_ownership(SYSTEM, asset.id, seller.id, buyer.id, Fraction(2, 3), "contract 1", NOW)


def test_a_share_that_needs_rounding_is_refused() -> None:
    with pytest.raises(ShareNotExact):
        units_of(Fraction(1, 17))


def test_shares_that_do_not_make_one_are_refused(db: Any) -> None:
    owner, asset = make_organisation(), make_asset()
    with pytest.raises(SharesNotWhole):
        register_ownership(SYSTEM, asset.id, [(owner.id, "X", Fraction(1, 2))], "half", NOW)


def test_postgresql_refuses_shares_that_do_not_make_one(db: Any) -> None:
    asset = make_asset(make_organisation())
    db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    with pytest.raises(DBAPIError, match="add up to"), db.begin_nested():
        db.execute(
            text(
                "INSERT INTO ownership_shares (id, asset_id, name, name_key, units, share_stated, held_from, "
                "known_from, reference) VALUES (gen_random_uuid(), :asset, 'x', 'X', 5, true, now(), now(), '')"
            ),
            {"asset": asset.id},
        )


@pytest.mark.parametrize("statement", ["UPDATE ownership_shares SET units = units - 1", "DELETE FROM ownership_shares"])
def test_postgresql_never_rewrites_history(db: Any, statement: str) -> None:
    make_asset(make_organisation())
    with pytest.raises(DBAPIError, match="never"), db.begin_nested():
        db.execute(text(statement))


def test_a_correction_does_not_change_what_was_known_before(db: Any) -> None:
    first, second = make_organisation(), make_organisation()
    asset = make_asset(first)
    known = db.execute(select(OwnershipShare.known_from)).scalars().first()
    later = known + timedelta(days=30)
    since = datetime(2020, 1, 1, tzinfo=UTC)
    register_ownership(SYSTEM, asset.id, [(second.id, "second", Fraction(1))], "correction", later, held_from=since)
    assert shares(asset.id, as_of=later) == {second.id: Fraction(1)}
    assert shares(asset.id, as_of=later, known_at=known + timedelta(days=1)) == {first.id: Fraction(1)}
