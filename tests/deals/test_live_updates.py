"""Live updates: a real process streams every line of a lot's log, once, also across kills; nobody sees more than the page."""

import asyncio
import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from multiprocessing.process import BaseProcess
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from aiohttp import web
from apiflask import APIFlask
from flask.testing import FlaskClient
from flask_babel import force_locale

from marketplace.core.clock import now
from marketplace.deals import auctions, bidding, live_lots
from marketplace.deals.live_server import QUEUE, STREAMS_PER_ADDRESS, LiveServer, Viewer, _address_of
from tests import conftest, live_processes
from tests.conftest import LiveServer as Site
from tests.makers.auctions import make_auction, make_bidder, yuan


class Reader(threading.Thread):
    """One viewer with a browser's manners: remembers the last line's number and keeps what it was told."""

    def __init__(self, address: str, language: str = "en", after: int = 1) -> None:
        super().__init__(daemon=True)
        self.address, self.language, self.last = address, language, after
        self.told: list[dict[str, Any]] = []
        self.changed = threading.Condition()

    def run(self) -> None:
        asked = {"lang": self.language, "after": "0"}
        headers = {"Last-Event-ID": str(self.last)}
        try:
            with httpx.stream("GET", self.address, params=asked, headers=headers, timeout=60) as answer:
                assert answer.headers["Content-Type"].startswith("text/event-stream")
                event = ""
                for line in answer.iter_lines():
                    if line.startswith("event: "):
                        event = line[7:]
                    elif line.startswith("data: "):
                        with self.changed:
                            self.told.append({"event": event, **json.loads(line[6:])})
                            self.changed.notify_all()
        except httpx.TransportError:
            pass

    def lines(self, count: int) -> list[dict[str, Any]]:
        """The lines told so far, when there are this many."""
        with self.changed:
            self.changed.wait_for(lambda: len(self._lines()) >= count, 10)
        return self._lines()

    def _lines(self) -> list[dict[str, Any]]:
        return [one for one in self.told if one["event"] == "line"]

    def greeted(self) -> None:
        """Wait until the stream is open."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.told, 10)


@contextmanager
def live_process(site: Site, port: int) -> Iterator[BaseProcess]:
    environment = dict(os.environ) | conftest.live_environment(site.database_url, site.home)
    log = str(site.home / "live.log")
    process = conftest.FORKING.Process(
        target=live_processes.run_command, args=(environment, log, log, ("live", "--port", str(port)))
    )
    process.start()
    try:
        conftest._wait_until_up(f"http://127.0.0.1:{port}/healthz")
        yield process
    finally:
        process.terminate()
        process.join(20)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_every_bid_reaches_every_viewer_once_also_after_a_kill(committed: Site, port: int) -> None:
    def fill() -> Any:
        auction = make_auction(reserve=yuan(777_777))
        return auction.id, [make_bidder(auction) for _ in range(2)]

    auction_id, actors = committed.seed(fill)

    def bid(number: int) -> None:
        amount = yuan(100_000 + 10_000 * number)
        committed.seed(lambda: bidding.place_bid(actors[number % 2], auction_id, amount, now()))

    address = f"http://127.0.0.1:{port}/stream/auctions/{auction_id}"
    with live_process(committed, port) as process:
        assert (
            httpx.get(f"http://127.0.0.1:{port}/stream/auctions/{auctions.Auction.__table__.name}").status_code == 404
        )
        assert httpx.post(address).status_code == 405
        chinese, english = Reader(address, "zh"), Reader(address)
        for reader in (chinese, english):
            reader.start()
            reader.greeted()
        for number in range(3):
            bid(number)
        assert [one["sequence"] for one in english.lines(3)] == [2, 3, 4]
        assert [one["sequence"] for one in chinese.lines(3)] == [2, 3, 4]
        last = chinese.lines(3)[-1]
        assert (last["figures"]["label"], last["figures"]["price"]) == ("当前最高价", "¥120,000.00")
        assert english.lines(3)[-1]["said"] == "¥120,000.00 by bidder B1."
        assert english.told[0]["event"] == "time"
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        english.join(10)
    bid(3)
    bid(4)
    with live_process(committed, port) as process:
        back, fresh = Reader(address, after=english.lines(3)[-1]["sequence"]), Reader(address, after=1)
        for reader in (back, fresh):
            reader.start()
            reader.greeted()
        bid(5)
        assert [one["sequence"] for one in back.lines(3)] == [5, 6, 7]
        assert [one["sequence"] for one in fresh.lines(6)] == [2, 3, 4, 5, 6, 7]
        process.terminate()
        process.join(10)
        assert process.exitcode == 0
        back.join(10)
        assert not back.is_alive()
    everything = json.dumps(english.told + chinese.told + back.told + fresh.told, ensure_ascii=False)
    for secret in ("777,777", "777777", *(str(actor.organisation_id) for actor in actors)):
        assert secret not in everything
    assert "Traceback" not in (committed.home / "live.log").read_text()


def test_the_stream_says_what_the_page_says(client: FlaskClient, db: Any) -> None:
    auction = make_auction(reserve=yuan(150_000))
    bidder = make_bidder(auction)
    bidding.place_bid(bidder, auction.id, yuan(130_000), now())
    db.commit()
    for language in ("en", "zh"):
        page = client.get(f"/auctions/{auction.id}/live?lang={language}").text
        [frame] = live_lots.frames_since(auction.id, 1)[language]
        told = json.loads(frame.text.split("data: ")[1])
        for name, text in told["figures"].items():
            assert name == "clock" or not text or f'<span data-live="{name}">{text}</span>' in page
        assert told["row"].strip() in page
        assert told["whole"] is False
    assert 'data-sequence="2"' in page
    assert f'data-stream="/stream/auctions/{auction.id}"' in page


def test_time_alone_is_told_and_a_viewer_far_behind_reads_the_page_again(db: Any) -> None:
    auction = make_auction()
    [glance] = live_lots.glance_at([auction.id]).values()
    assert live_lots.news_since({auction.id: glance}) == {}
    earlier = live_lots.Glance(glance.sequence, glance.status, open=False)
    [frame] = live_lots.news_since({auction.id: earlier})[auction.id].frames["en"]
    assert (frame.number, frame.tells_line, json.loads(frame.text.split("data: ")[1])["whole"]) == (1, False, True)
    live_lots.BACKLOG, kept = 0, live_lots.BACKLOG
    try:
        [frame] = live_lots.frames_since(auction.id, 0)["zh"]
    finally:
        live_lots.BACKLOG = kept
    assert not frame.tells_line
    with force_locale("zh"):
        assert live_lots.figures(auction, now())["label"] == "起拍价"


def test_a_viewer_takes_each_line_once_and_one_who_cannot_follow_is_cut_off() -> None:
    viewer = Viewer("en", 5)
    frames = [live_lots.Frame(number, f"<{number}>") for number in (4, 5, 6, 6, 7)]
    assert viewer.take(frames[:3]) == "<6>"
    assert viewer.take(frames[3:]) == "<7>"
    assert viewer.take([live_lots.Frame(7, "time", tells_line=False)]) == "time"
    viewer.offer([live_lots.Frame(8, "x")] * QUEUE)
    assert not viewer.lost
    viewer.offer([live_lots.Frame(9, "y")])
    assert viewer.lost


def test_one_address_holds_only_so_many_streams(app: APIFlask) -> None:
    def asked(remote: str, forwarded: str = "") -> Any:
        return SimpleNamespace(remote=remote, headers={"X-Forwarded-For": forwarded})

    async def crowd(server: LiveServer) -> int:
        async with AsyncExitStack() as open_streams:
            for number in range(STREAMS_PER_ADDRESS + 5):
                try:
                    await open_streams.enter_async_context(server._place_of(asked("127.0.0.1", "9.9.9.9, 203.0.113.7")))
                except web.HTTPServiceUnavailable:
                    return number
        return -1

    server = LiveServer(app)
    server.limited = True
    assert _address_of(asked("198.51.100.1", "203.0.113.7")) == "198.51.100.1"
    assert asyncio.run(crowd(server)) == STREAMS_PER_ADDRESS
    assert server.per_address == {}
    server.limited = False
    assert asyncio.run(crowd(server)) == -1
