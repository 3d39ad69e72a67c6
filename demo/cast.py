"""Prepare the journey's own marketplace: its fictional people, their rights, and one risk pool."""

import random
from pathlib import Path

from sqlalchemy import select

from demo.assets import make_assets
from demo.people import make_cast
from demo.seeding import SEED, make_pool
from marketplace import create_app
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.identity.people import Person
from marketplace.settings import Settings


def main() -> None:
    """Make the cast in the database of this process's settings, and list the personas beside it."""
    settings = Settings.from_environment()
    with create_app(settings).app_context():
        cast = make_cast(now())
        make_assets(random.Random(SEED), cast, now())
        make_pool(cast, now())
        session.commit()
        people = session.execute(select(Person.email, Person.id)).all()
        lines = "\n".join(f"{email} {identity}" for email, identity in people)
        (Path(settings.home) / "personas.txt").write_text(lines, "utf-8")


if __name__ == "__main__":
    main()
