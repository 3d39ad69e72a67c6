"""Many at once: however many accept the same offer at the same moment, there is one deal."""

import threading
from typing import Any

import pytest
from sqlalchemy import func, select

from marketplace.core.db import session
from marketplace.core.errors import Problem
from marketplace.deals.deals import Deal
from marketplace.deals.offers import accept_offer, buy_at_listed_price, make_offer
from marketplace.documents.signatures import Envelope
from tests.conftest import LiveServer
from tests.makers.deals import PRICE, Parties
from tests.makers.identity import make_actor


def _together(server: LiveServer, acts: list[Any]) -> list[str]:
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
def test_twenty_acceptances_of_one_offer_make_one_deal_and_one_contract(live_server: LiveServer) -> None:
    def fill() -> tuple[Parties, Any]:
        p = Parties()
        return p, p.offer().id

    p, negotiation_id = live_server.seed(fill)
    outcomes = _together(live_server, [lambda: accept_offer(p.seller, negotiation_id, 1, p.now)] * 20)
    assert outcomes.count("done") == 1 and set(outcomes) == {"done", "negotiation_over"}
    counts = live_server.seed(
        lambda: (session.scalar(select(func.count(Deal.id))), session.scalar(select(func.count(Envelope.id))))
    )
    assert counts == (1, 1)


@pytest.mark.race
def test_a_seller_who_accepts_two_buyers_at_once_sells_once(live_server: LiveServer) -> None:
    def fill() -> tuple[Parties, list[Any], list[Any]]:
        p = Parties()
        rivals = [make_actor() for _ in range(6)]
        return p, [make_offer(one, p.listing.id, PRICE, "", p.now).id for one in rivals], rivals

    p, talks, rivals = live_server.seed(fill)
    acts = [lambda one=one: accept_offer(p.seller, one, 1, p.now) for one in talks]
    acts += [lambda one=one: buy_at_listed_price(one, p.listing.id, p.now) for one in rivals]
    outcomes = _together(live_server, acts)
    assert outcomes.count("done") == 1, outcomes
    assert live_server.seed(lambda: session.scalar(select(func.count(Deal.id)))) == 1
