"""The journey's own marketplace before it begins: fictional people, their rights, some closed sales, one risk pool."""

import random

from sqlalchemy import select

from demo.assets import make_assets
from demo.closed_deals import make_closed_deals
from demo.people import make_cast
from demo.pool import make_pool
from demo.seeding import SEED
from demo.sizes import FULL, Size
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.identity.people import Person


def prepare_cast(size: Size = FULL) -> dict[str, str]:
    """Make the cast in the current database; answers the personas' ids by their addresses."""
    cast = make_cast(now())
    dice = random.Random(SEED)  # fictional data, not secrets
    owned = make_assets(dice, cast, size.assets)
    make_closed_deals(dice, cast, owned, size.sales, now())
    make_pool(cast, now())
    session.commit()
    return {email: str(identity) for email, identity in session.execute(select(Person.email, Person.id))}
