"""The live-update process: one reader of the database, any number of viewers, server-sent events (docs/decisions/0011).

One task asks ten times a second how the watched lots stand and hands what is new to every viewer's queue. A viewer
who falls behind is cut off and resumes where it was by ``Last-Event-ID``; a restarted process knows nothing and needs
to know nothing.
"""

import asyncio
import logging
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import randint
from typing import Any, TypeVar
from uuid import UUID

from aiohttp import web
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.i18n import LANGUAGES
from marketplace.deals import live_lots
from marketplace.deals.live_lots import Frame, Glance

log = logging.getLogger(__name__)
T = TypeVar("T")
Backlog = dict[str, list[Frame]]

LOOK_EVERY_SECONDS = 0.1
BEAT_SECONDS = 15.0
WRITE_WITHIN_SECONDS = 10.0
QUEUE = 100
STREAMS_AT_MOST = 5_000
STREAMS_PER_ADDRESS = 60
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
    "Access-Control-Allow-Origin": "*",
}
"""What streams is public and needs no cookie: any origin may read it, as it may read the published log."""


class Viewer:
    """One open stream: its language, the last line it was sent, and what waits for it."""

    def __init__(self, language: str, position: int) -> None:
        self.language = language
        self.position = position
        self.waiting: asyncio.Queue[Frame] = asyncio.Queue(QUEUE)
        self.lost = False

    def offer(self, frames: Sequence[Frame]) -> None:
        """Queue messages; a viewer whose queue is full has lost its place."""
        for frame in frames:
            try:
                self.waiting.put_nowait(frame)
            except asyncio.QueueFull:
                self.lost = True

    async def next_text(self) -> str:
        """All that waits, or the server's time when nothing came for a while."""
        try:
            async with asyncio.timeout(BEAT_SECONDS):
                frames = [await self.waiting.get()]
        except TimeoutError:
            return live_lots.time_message(now())
        while not self.waiting.empty():
            frames.append(self.waiting.get_nowait())
        return self.take(frames)

    def take(self, frames: Sequence[Frame]) -> str:
        """The messages this viewer has not had."""
        fresh = [frame for frame in frames if frame.concerns(self.position)]
        self.position = max([self.position, *(frame.number for frame in fresh)])
        return "".join(frame.text for frame in fresh)


@dataclass
class WatchedLot:
    """A lot with viewers, as it was when the dispatcher last looked."""

    glance: Glance
    viewers: set[Viewer] = field(default_factory=set)
    backlogs: dict[int, asyncio.Task[Backlog]] = field(default_factory=dict)
    """What viewers who return after the same line have missed, read once for all of them."""


class LiveServer:
    """The watched lots, and the one thread through which the database is read."""

    def __init__(self, application: Flask) -> None:
        self.application = application
        self.limited: bool = application.extensions["settings"].rate_limits
        self.lots: dict[UUID, WatchedLot] = {}
        self.per_address: Counter[str] = Counter()
        self.reader = ThreadPoolExecutor(1, "live-reader")

    async def read(self, query: Callable[[], T]) -> T:
        """Run a query in the reader's thread, in its own short transaction."""
        return await asyncio.get_running_loop().run_in_executor(self.reader, self._read, query)

    def _read(self, query: Callable[[], T]) -> T:
        with self.application.app_context():
            try:
                return query()
            finally:
                session.remove()

    async def dispatch(self) -> None:
        """Look, tell, wait, for ever; an unreachable database is asked again."""
        while True:
            try:
                await self._look()
                await asyncio.sleep(LOOK_EVERY_SECONDS)
            except SQLAlchemyError as error:
                log.warning("the database cannot be read: %s", type(error).__name__)
                await asyncio.sleep(1)

    async def _look(self) -> None:
        known = {lot: watched.glance for lot, watched in self.lots.items() if watched.viewers}
        self.lots = {lot: self.lots[lot] for lot in known}
        if not known:
            return
        for lot, news in (await self.read(lambda: live_lots.news_since(known))).items():
            watched = self.lots[lot]
            watched.glance = news.glance
            watched.backlogs = {}
            for viewer in watched.viewers:
                viewer.offer(news.frames[viewer.language])

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events of one lot after a line of its log: ``?after=`` or the browser's ``Last-Event-ID``."""
        lot_id, language, after = _asked(request)
        async with self._place_of(request):
            watched = await self._watched(lot_id)
            viewer = Viewer(language, after)
            watched.viewers.add(viewer)  # from here on nothing new is missed; what was before is the backlog
            response = web.StreamResponse(headers=HEADERS)
            try:
                await response.prepare(request)
                backlog = await self._backlog(lot_id, watched, after)
                with suppress(TimeoutError, ConnectionError):
                    await _send(response, viewer, viewer.take(backlog[language]))
            finally:
                watched.viewers.discard(viewer)
        return response

    async def _backlog(self, lot_id: UUID, watched: WatchedLot, after: int) -> Backlog:
        if watched.glance.sequence <= after:
            return dict.fromkeys(LANGUAGES, [])
        if after not in watched.backlogs:
            reading = self.read(lambda: live_lots.frames_since(lot_id, after))
            watched.backlogs[after] = asyncio.create_task(reading)
        return await asyncio.shield(watched.backlogs[after])

    async def _watched(self, lot_id: UUID) -> WatchedLot:
        if lot_id not in self.lots:
            glance = (await self.read(lambda: live_lots.glance_at([lot_id]))).get(lot_id)
            if glance is None:
                raise web.HTTPNotFound()
            self.lots.setdefault(lot_id, WatchedLot(glance))
        return self.lots[lot_id]

    @asynccontextmanager
    async def _place_of(self, request: web.Request) -> AsyncIterator[None]:
        """A place among the open streams; too many, of all or of one address, are told to come back later."""
        address = _address_of(request)
        full = self.per_address.total() >= STREAMS_AT_MOST
        if full or (self.limited and self.per_address[address] >= STREAMS_PER_ADDRESS):
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "30", "Access-Control-Allow-Origin": "*"})
        self.per_address[address] += 1
        try:
            yield
        finally:
            self.per_address[address] -= 1
            self.per_address += Counter()


async def _send(response: web.StreamResponse, viewer: Viewer, backlog: str) -> None:
    """The server's time and what was missed, then everything that comes, until either side ends."""
    text = f"retry: {randint(1000, 3000)}\n" + live_lots.time_message(now()) + backlog  # spreads returns
    while not viewer.lost:
        if text:
            async with asyncio.timeout(WRITE_WITHIN_SECONDS):
                await response.write(text.encode())
        text = await viewer.next_text()


def _asked(request: web.Request) -> tuple[UUID, str, int]:
    """Lot, language and the last line seen; what cannot be read is refused."""
    try:
        lot_id = UUID(request.match_info["lot"])
        after = int(request.headers.get("Last-Event-ID") or request.query.get("after", "0"))
    except ValueError:
        raise web.HTTPNotFound() from None
    language = request.query.get("lang", "en")
    return lot_id, language if language in LANGUAGES else "en", max(0, min(after, 2**62))


def _address_of(request: web.Request) -> str:
    """The caller's address; a proxy on this machine names it last in X-Forwarded-For."""
    peer = request.remote or ""
    forwarded = request.headers.get("X-Forwarded-For", "") if peer in ("127.0.0.1", "::1", "") else ""
    return forwarded.rpartition(",")[2].strip() or peer


async def _healthz(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _serve(application: Flask, host: str, port: int) -> None:
    server, stopping = LiveServer(application), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    app = web.Application()
    app.add_routes([web.get("/stream/auctions/{lot}", server.stream), web.get("/healthz", _healthz)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, host, port, reuse_address=True).start()
    dispatcher: asyncio.Task[Any] = asyncio.create_task(server.dispatch())
    waiting = asyncio.create_task(stopping.wait())
    await asyncio.wait({dispatcher, waiting}, return_when=asyncio.FIRST_COMPLETED)
    dispatcher.cancel()
    await runner.cleanup()
    server.reader.shutdown()
    with suppress(asyncio.CancelledError):
        await dispatcher


def run_live(application: Flask, host: str, port: int) -> None:
    """Serve live updates until a signal; a failed dispatcher ends the process, so that it is started again."""
    asyncio.run(_serve(application, host, port))
