"""The index beside a real worker: fresh within two seconds, right after being killed."""

import json
import time
import urllib.parse
import urllib.request

import pytest

from marketplace.core.db import session
from marketplace.registry.assets import Asset
from tests.conftest import LiveServer, run_command, start_command
from tests.makers.registry import make_asset

pytestmark = pytest.mark.race


def _total(server: LiveServer, query: str) -> int:
    address = f"{server.url}/api/v1/search?" + urllib.parse.urlencode({"q": query})
    with urllib.request.urlopen(address, timeout=10) as answer:
        return int(json.load(answer)["total"])


def _seconds_until(server: LiveServer, query: str, total: int) -> float:
    started = time.monotonic()
    while _total(server, query) != total:
        assert time.monotonic() - started < 20, f"{query} never reached {total}"
        time.sleep(0.05)
    return time.monotonic() - started


def _verify(server: LiveServer) -> dict[str, int]:
    found: dict[str, int] = run_command(server.database_url, server.home, "search", "verify")
    return found


def _killed_while_building(server: LiveServer) -> bool:
    """Whether kill -9 met a rebuild after its new generation had appeared and before it was put in place."""
    folder = server.home / "search"
    place, before = folder / "place.json", set(folder.iterdir())
    generation = json.loads(place.read_text())["generation"]
    rebuild, _output = start_command(server.database_url, server.home, "search", "rebuild")
    while rebuild.is_alive() and not any(entry.is_dir() for entry in set(folder.iterdir()) - before):
        time.sleep(0.001)
    rebuild.kill()
    rebuild.join(10)
    return bool(json.loads(place.read_text())["generation"] == generation)


def test_a_published_change_is_found_within_two_seconds_and_a_killed_follower_loses_nothing(
    live_server: LiveServer,
) -> None:
    live_server.seed(lambda: make_asset(titles={"zh": "预热资产"}))
    _seconds_until(live_server, "预热", 1)
    waits = []
    for number in range(3):
        live_server.seed(lambda: make_asset(titles={"zh": "石墨烯散热膜"}))
        waits.append(_seconds_until(live_server, "石墨", number + 1))
    assert min(waits) < 2.0, waits
    _web, worker = live_server.processes
    live_server.seed(lambda: [make_asset(titles={"zh": f"钙钛矿电池{number}"}) for number in range(200)])
    worker.kill()
    worker.join(10)

    def change() -> None:
        for asset in session.query(Asset).limit(50):
            asset.titles = {"zh": "改名之后"}

    live_server.seed(change)
    found = _verify(live_server)
    assert (found["missing"], found["stale"], found["surplus"]) == (0, 0, 0)
    assert found["assets"] == 204
    assert _total(live_server, "改名之后") == 50
    assert any(_killed_while_building(live_server) for _attempt in range(3))
    assert _total(live_server, "改名之后") == 50
    live_server.seed(lambda: make_asset(titles={"zh": "杀后新增"}))
    found = _verify(live_server)
    assert (found["missing"], found["stale"], found["surplus"]) == (0, 0, 0)
    assert _total(live_server, "杀后新增") == 1
