"""python -m bench.viewers: five hundred viewers of one lot while bids arrive; how long until everybody has seen each.

Half of the viewers are cut off once in the middle and come back with the number of the last line they saw.
"""

import asyncio
import json
import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from bench.lots import SECRET, START_MINOR, STEP_MINOR
from bench.server import own_database, running
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.identity.api_keys import issue_key
from tests.makers.auctions import make_auction, make_bidder

VIEWERS = 500
BIDS = 40
PAUSE_SECONDS = 0.2


@dataclass
class Seen:
    """What one viewer saw: each line's number and the instant it arrived."""

    at: dict[int, float] = field(default_factory=dict)
    twice: int = 0
    last: int = 1

    def take(self, number: int) -> None:
        """Note a line."""
        self.twice += number in self.at
        self.at.setdefault(number, time.perf_counter())
        self.last = number


async def _view(address: str, seen: Seen, ready: asyncio.Event, cut: asyncio.Event | None) -> None:
    """Read the stream; when it is cut, come back after the last line seen."""
    while True:
        reader, writer = await _open(address, seen.last)
        reading = asyncio.create_task(_read(reader, seen, ready))
        waits = {reading} if cut is None else {reading, asyncio.create_task(cut.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
            writer.close()
        cut = None


async def _open(address: str, last: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    place = urlsplit(address)
    reader, writer = await asyncio.open_connection(place.hostname, place.port, limit=1 << 20)
    head = f"GET {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nLast-Event-ID: {last}\r\n\r\n"
    writer.write(head.encode())
    return reader, writer


async def _read(reader: asyncio.StreamReader, seen: Seen, ready: asyncio.Event) -> None:
    while line := await reader.readline():
        if line.startswith(b"event: time"):
            ready.set()
        elif line.startswith(b"id: "):
            seen.take(int(line[4:]))


async def _crowd(stream: str, bid: Any) -> dict[str, Any]:
    viewers = [Seen() for _number in range(VIEWERS)]
    ready = [asyncio.Event() for _viewer in viewers]
    cut = asyncio.Event()
    tasks = [
        asyncio.create_task(_view(stream, seen, event, cut if number % 2 else None))
        for number, (seen, event) in enumerate(zip(viewers, ready, strict=True))
    ]
    try:
        async with asyncio.timeout(60):
            for event in ready:
                await event.wait()
        acknowledged: dict[int, float] = {}
        for number in range(BIDS):
            sequence = await asyncio.to_thread(bid, number)
            acknowledged[sequence] = time.perf_counter()
            if number == BIDS // 2:
                cut.set()
            await asyncio.sleep(PAUSE_SECONDS)
        await _until_seen(viewers, max(acknowledged))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return _figures(viewers, acknowledged)


async def _until_seen(viewers: list[Seen], last: int) -> None:
    deadline = time.monotonic() + 15
    while any(last not in seen.at for seen in viewers) and time.monotonic() < deadline:
        await asyncio.sleep(0.05)


def _figures(viewers: list[Seen], acknowledged: dict[int, float]) -> dict[str, Any]:
    waits = sorted(
        max(0.0, seen.at[number] - at) * 1000
        for seen in viewers
        for number, at in acknowledged.items()
        if number in seen.at
    )
    return {
        "viewers": len(viewers),
        "viewers_bids": len(acknowledged),
        "viewers_p50_ms": round(statistics.median(waits), 1),
        "viewers_p95_ms": round(waits[int(len(waits) * 0.95)], 1),
        "viewers_slowest_ms": round(waits[-1], 1),
        "viewers_lost": len(viewers) * len(acknowledged) - len(waits),
        "viewers_twice": sum(seen.twice for seen in viewers),
    }


def measure() -> dict[str, Any]:
    """From the acknowledged bid to each viewer: median, p95, lost and repeated lines."""
    with own_database(SECRET) as url:
        auction = make_auction()
        actors = [make_bidder(auction) for _number in range(2)]
        keys = [issue_key(actor, "bench", ["read", "deal.trade"], 1, SECRET, now())[1] for actor in actors]
        auction_id = auction.id
        session.commit()
        session.remove()
        with running(url, SECRET, live=True) as address, httpx.Client(base_url=address, timeout=30) as client:

            def bid(number: int) -> int:
                amount = {"amount": f"{(START_MINOR + STEP_MINOR * number) / 100:.2f}", "currency": "CNY"}
                headers = {"Authorization": f"Bearer {keys[number % 2]}", "Idempotency-Key": uuid4().hex}
                answer = client.post(f"/api/v1/auctions/{auction_id}/bids", json={"amount": amount}, headers=headers)
                return int(answer.raise_for_status().json()["sequence"])

            place = urlsplit(address)
            stream = f"http://{place.hostname}:{(place.port or 0) + 1}/stream/auctions/{auction_id}"
            return asyncio.run(_crowd(stream, bid))


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=2)
    print()
