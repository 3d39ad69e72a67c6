"""The pages people wait for, on the demo data, at twenty requests a second."""

import re
import urllib.request
from typing import Any
from urllib.parse import quote
from uuid import UUID

from bench.load import Call, send
from bench.lots import SECRET
from bench.server import own_database, running
from demo.seeding import seed_demo
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.identity.api_keys import issue_key
from marketplace.valuation.reports import indicate_value
from tests.makers.identity import make_actor
from tests.makers.listings import make_owned_asset

PAUSE = 0.05
STATED = {"revenue": "2000000", "industry": "pharma_biotech", "development_cost": "500000"}
WHAT_IF = "revenue=2000000&royalty_bps=500&years=10"


def measure(seconds: float = 4) -> dict[str, Any]:
    """The p95 of each page, and its ratio to the p95 of an answer that does nothing."""
    with own_database(SECRET) as url:
        seed_demo(now(), lambda _step: None)
        key, report = _report()
        session.commit()
        session.remove()
        with running(url, SECRET) as address:
            home = urllib.request.urlopen(address + "/").read().decode()
            listing = re.search(r"/listings/[0-9a-f-]{36}", home)
            results = urllib.request.urlopen(f"{address}/search?q={quote('电池')}").read().decode()
            asset = re.search(r"/assets/[0-9a-f-]{36}", results)
            assert listing and asset
            paths = {
                "bare": "/healthz", "home": "/", "search": f"/search?q={quote('电池')}", "asset": asset[0], "listing": listing[0],
                "report": f"/valuations/{report}", "what_if": f"/valuations/{report}/what-if?{WHAT_IF}",
            }  # fmt: skip
            p95 = {
                name: _p95(address, path, {"Authorization": f"Bearer {key}"}, seconds) for name, path in paths.items()
            }
    ratios = {f"page_{name}_ratio_to_bare": round(ms / p95["bare"], 1) for name, ms in p95.items() if name != "bare"}
    return ratios | {f"page_{name}_p95_ms": ms for name, ms in p95.items()}


def _report() -> tuple[str, UUID]:
    """A key of an organisation with an indication of its own right, and that indication."""
    actor = make_actor()
    session.flush()
    indication = indicate_value(actor, make_owned_asset(actor).id, "transfer", now(), inputs=STATED)
    return issue_key(actor, "bench", ["read"], 1, SECRET, now())[1], indication.id


def _p95(address: str, path: str, headers: dict[str, str], seconds: float) -> float:
    outcome = send(address, [lambda _number: Call("GET", path, headers)], seconds, pause=PAUSE)
    assert set(outcome.statuses) == {200}, (path, outcome.statuses)
    return outcome.p95_ms()
