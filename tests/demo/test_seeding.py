"""The demo fills an empty marketplace once, the same each time, and the books and the trail hold afterwards."""

from typing import Any

from sqlalchemy import func, select, text

from demo import assets, seeding
from demo.cast import prepare_cast
from demo.sizes import Size
from marketplace.core.clock import now
from marketplace.deals.auctions import Auction
from marketplace.financing.loans import Loan
from marketplace.identity.organisations import Organisation
from marketplace.listings.listings import Listing
from marketplace.registry.assets import Asset
from marketplace.risk_pool.enrolments import Enrolment, EnrolmentStatus
from marketplace.valuation.sales import ClosedSale

TINY = Size(assets=300, sales=3, listings=24, auctions=4, loans=(("offered", 1), ("running", 1), ("recovered", 1)))


def count(db: Any, kind: Any) -> int:
    return int(db.execute(select(func.count()).select_from(kind)).scalar_one())


def test_the_demo_is_made_once_and_everything_in_it_is_marked(db: Any) -> None:
    made = seeding.seed_demo(now(), lambda _step: None, TINY)
    assert made["seeded"]
    assert count(db, Listing) == 24 + 3
    assert count(db, ClosedSale) == 3
    assert count(db, Auction) == 4
    assert count(db, Asset) == 300
    assert dict(db.execute(select(Enrolment.status, func.count()).group_by(Enrolment.status)).all()) == {
        EnrolmentStatus.ACTIVE: 1, EnrolmentStatus.COMPENSATED: 1,
    }  # fmt: skip
    amounts = db.execute(select(Loan.principal_minor)).scalars().all()
    assert len(amounts) == 2 and min(amounts) >= 30_000_000, "loans are large enough to be believed"
    assert not db.execute(select(Asset.id).where(Asset.demo.is_(False))).first()
    assert not db.execute(select(Organisation.id).where(Organisation.demo.is_(False))).first()
    assert seeding.seed_demo(now(), lambda _step: None, TINY) == {"seeded": False}
    assert count(db, Asset) == 300
    db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def test_the_same_seed_makes_the_same_assets() -> None:
    import random

    titles = [assets._title(random.Random(seeding.SEED), assets.K.INVENTION, nr) for nr in (1, 2)]
    assert titles == [assets._title(random.Random(seeding.SEED), assets.K.INVENTION, nr) for nr in (1, 2)]


def test_the_journey_begins_with_a_cast_some_sales_and_a_pool(db: Any) -> None:
    personas = prepare_cast(TINY)
    assert personas
    assert count(db, ClosedSale) == TINY.sales
    assert count(db, Asset) == TINY.assets
