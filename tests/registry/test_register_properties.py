"""Properties over random histories: shares make one at every instant, and no past answer ever changes."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from marketplace.core.actor import SYSTEM
from marketplace.core.errors import Refused
from marketplace.registry.ownership import (
    believed_shares,
    owners_of,
    register_ownership,
    transfer_ownership,
)
from tests.makers.identity import make_organisation
from tests.makers.registry import make_asset

START = datetime(2026, 1, 1, tzinfo=UTC)
SHARES = st.sampled_from(
    [Fraction(1), Fraction(1, 2), Fraction(1, 3), Fraction(1, 7), Fraction(37, 100), Fraction(1, 10000)]
)
MOVES = st.lists(
    st.tuples(st.sampled_from(["transfer", "correct"]), st.integers(0, 2), st.integers(0, 2), SHARES),
    min_size=1,
    max_size=8,
)
Picture = dict[UUID | None, Fraction]


def picture(asset_id: UUID, valid: datetime, known: datetime) -> Picture:
    found: Picture = {}
    for owner in owners_of(asset_id, as_of=valid, known_at=known):
        found[owner.organisation_id] = found.get(owner.organisation_id, Fraction(0)) + owner.share
    return found


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(moves=MOVES)
def test_shares_make_one_and_past_answers_stay(db: Any, moves: list[tuple[str, int, int, Fraction]]) -> None:
    parties = [make_organisation() for _n in range(3)]
    asset = make_asset()
    register_ownership(SYSTEM, asset.id, [(parties[0].id, "first", Fraction(1))], "office", START)
    moment = START
    remembered: list[tuple[datetime, datetime, Picture]] = []
    for kind, giver, taker, share in moves:
        remembered += [(valid, moment, picture(asset.id, valid, moment)) for valid in (START, moment)]
        moment += timedelta(days=1)
        try:
            if kind == "transfer":
                transfer_ownership(SYSTEM, asset.id, parties[giver].id, parties[taker].id, share, "deal", moment)
            else:
                rest = Fraction(1) - share
                owners = [(parties[giver].id, "corrected", share)]
                owners += [(parties[taker].id, "corrected", rest)] if rest else []
                register_ownership(SYSTEM, asset.id, owners, "correction", moment, held_from=START)
        except Refused:
            pass
        db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        db.execute(text("SET CONSTRAINTS ALL DEFERRED"))
        instants = {row.held_from for row in believed_shares(asset.id)}
        for instant in instants:
            assert sum(picture(asset.id, instant, moment).values()) == 1
    for valid, known, before in remembered:
        assert picture(asset.id, valid, known) == before
