"""Bids through full HTTP (signed in, admitted, idempotent, audited) against the bare database in the same run."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from bench.limits import bare_bid_rate
from bench.load import Call, send
from bench.lots import SECRET, START_MINOR, STEP_MINOR, Floor, fill_floor
from bench.server import own_database, running
from marketplace.core.db import session

CLIENTS = 8
LOTS = 10_000


def measure(seconds: int = 8) -> dict[str, Any]:
    """Rates spread over 10,000 lots and on one hot lot, as ratios to pgbench, and the p95 at 20 bids a second."""
    with own_database(SECRET) as url:
        floor = fill_floor(LOTS, CLIENTS)
        session.commit()
        session.remove()
        bare_spread = bare_bid_rate(url, hot=False, seconds=seconds, clients=CLIENTS)
        bare_hot = bare_bid_rate(url, hot=True, seconds=seconds, clients=CLIENTS)
        with running(url, SECRET) as address:
            send(address, [_spread(floor, n, 0) for n in range(CLIENTS)], 2)
            spread = send(address, [_spread(floor, n, 1_000) for n in range(CLIENTS)], seconds)
            hot = send(address, [_hot(floor, n) for n in range(CLIENTS)], seconds)
            calm = send(address, [_spread(floor, 0, 2_000)], seconds, pause=0.05)
    return {
        "bid_spread_ratio": round(spread.rate(201) / bare_spread, 3),
        "bid_hot_ratio": round(hot.rate(201) / bare_hot, 3),
        "bid_p95_ms_at_20_per_second": calm.p95_ms(),
        "bid_spread_per_second": round(spread.rate(201)),
        "bid_hot_per_second": round(hot.rate(201)),
        "bid_hot_refused_per_second": round(hot.rate(409)),
        "pgbench_spread_per_second": round(bare_spread),
        "pgbench_hot_per_second": round(bare_hot),
        "bid_statuses": {"spread": spread.statuses, "hot": hot.statuses, "calm": calm.statuses},
    }


def _spread(floor: Floor, client: int, first_step: int) -> Callable[[int], Call]:
    mine = floor.lots[client::CLIENTS]
    return lambda number: _bid(
        floor.keys[client], mine[number % len(mine)], START_MINOR + STEP_MINOR * (first_step + number // len(mine))
    )


def _hot(floor: Floor, client: int) -> Callable[[int], Call]:
    """Later bids are higher, so that nearly all are accepted although nobody asks for the minimum first."""
    begun = time.monotonic()
    return lambda _number: _bid(
        floor.keys[client], floor.hot, START_MINOR + STEP_MINOR * int((time.monotonic() - begun + 60) * 20_000)
    )


def _bid(key: str, lot: str, amount_minor: int) -> Call:
    return Call(
        "POST",
        f"/api/v1/auctions/{lot}/bids",
        {"Authorization": f"Bearer {key}", "Idempotency-Key": uuid4().hex},
        {"amount": {"amount": f"{amount_minor / 100:.2f}", "currency": "CNY"}},
    )
