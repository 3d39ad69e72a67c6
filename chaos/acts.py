"""A worker that moves money and pledges assets for ever, writing down what it meant and what was acknowledged."""

import os
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from uuid import UUID, uuid4

from sqlalchemy.exc import DBAPIError

from marketplace.audit.trail import record_fact
from marketplace.core.actor import SYSTEM
from marketplace.core.db import make_engine, session
from marketplace.core.errors import Refused
from marketplace.core.events import listen
from marketplace.core.money import Money
from marketplace.ledger.entries import Posting, post
from marketplace.registry.encumbrances import EncumbranceKind, encumber, lift_encumbrance, open_encumbrances

RETRY_SECONDS = 90


def note(log: IO[str], word: str, reference: str) -> None:
    """Write one line that survives the death of this process."""
    log.write(f"{word} {reference}\n")
    log.flush()


def move_money(reference: str, accounts: list[str], chance: random.Random) -> None:
    """One transfer between two of a few contended accounts."""
    source, target = chance.sample(accounts, 2)
    posting = Posting(source, target, Money(chance.randint(1, 5_000), "CNY"))
    post(SYSTEM, reference, "chaos.transfer", [posting], datetime.now(UTC))


def pledge_or_release(reference: str, assets: list[UUID], chance: random.Random) -> None:
    """Pledge one of a few assets everybody wants, or release the pledge that stands."""
    now = datetime.now(UTC)
    asset_id = chance.choice(assets)
    standing = open_encumbrances(asset_id, now.date())
    if standing:
        lift_encumbrance(SYSTEM, standing[0].id, now, reference=reference)
    else:
        encumber(SYSTEM, asset_id, EncumbranceKind.PLEDGE, None, now.date(), None, reference, now)


def work(database_url: str, log_path: Path, accounts: list[str], assets: list[UUID]) -> None:
    """Act until killed; an act whose answer was lost is repeated under the same reference."""
    session.configure(bind=make_engine(database_url, pool_size=1))
    listen(record_fact, lambda kind: ())
    chance = random.Random(os.getpid())
    with log_path.open("a") as log:
        while True:
            reference = f"chaos:{uuid4().hex}"
            money = chance.random() < 0.7
            note(log, "intent", reference)
            _until_answered(reference, accounts if money else None, assets, log, chance.randint(0, 1 << 30))


def _until_answered(reference: str, accounts: list[str] | None, assets: list[UUID], log: IO[str], seed: int) -> None:
    give_up = time.monotonic() + RETRY_SECONDS
    while True:
        chance = random.Random(seed)
        try:
            if accounts is not None:
                move_money(reference, accounts, chance)
            else:
                pledge_or_release(reference, assets, chance)
            session.commit()
            note(log, "done" if accounts is not None else "pledged", reference)
            return
        except Refused:
            session.rollback()
            note(log, "refused", reference)
            return
        except DBAPIError:
            session.remove()
            if accounts is None:
                note(log, "lost", reference)
                return
            if time.monotonic() > give_up:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    address, path, codes, identities = sys.argv[1:5]
    work(address, Path(path), codes.split(","), [UUID(identity) for identity in identities.split(",")])
