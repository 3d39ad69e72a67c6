"""Many at once: however many accept the same offer at the same moment, there is one deal."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select

from marketplace.core.db import make_engine, session
from marketplace.core.errors import Problem
from marketplace.deals.deals import Deal
from marketplace.deals.offers import accept_offer, buy_at_listed_price, make_offer
from tests.conftest import Server
from tests.makers.deals import PRICE, Parties
from tests.makers.identity import make_actor


@dataclass
class Committed:
    """A database of its own in which everything is really committed."""

    application: APIFlask

    def seed(self, fill: Callable[[], Any]) -> Any:
        """Run a function and commit what it made."""
        with self.application.app_context():
            result = fill()
            session.commit()
            session.remove()
        return result


@pytest.fixture
def committed(server: Server, app: APIFlask) -> Iterator[Committed]:
    url = server.migrated()
    engine = make_engine(url, pool_size=25)
    session.remove()
    session.configure(bind=engine, join_transaction_mode="conditional_savepoint")
    yield Committed(app)
    session.remove()
    session.configure(bind=app.extensions["engine"])
    engine.dispose()
    server.drop(url)


def _together(server: Committed, acts: list[Any]) -> list[str]:
    """Run every act in its own thread, connection and transaction; the outcomes in no order."""
    outcomes: list[str] = []
    gate = threading.Barrier(len(acts))

    def run(act: Any) -> None:
        with server.application.app_context():
            gate.wait()
            try:
                act()
                session.commit()
                outcomes.append("done")
            except Problem as problem:
                session.rollback()
                outcomes.append(problem.code)
            finally:
                session.remove()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


@pytest.mark.race
def test_a_seller_who_accepts_two_buyers_at_once_sells_once(committed: Committed) -> None:
    def fill() -> tuple[Parties, list[Any], list[Any]]:
        p = Parties()
        rivals = [make_actor() for _ in range(6)]
        return p, [make_offer(one, p.listing.id, PRICE, "", p.now).id for one in rivals], rivals

    p, talks, rivals = committed.seed(fill)
    acts = [lambda one=one: accept_offer(p.seller, one, 1, p.now) for one in talks]
    acts += [lambda one=one: buy_at_listed_price(one, p.listing.id, p.now) for one in rivals]
    outcomes = _together(committed, acts)
    assert outcomes.count("done") == 1, outcomes
    assert committed.seed(lambda: session.scalar(select(func.count(Deal.id)))) == 1
