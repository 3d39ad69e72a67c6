"""What a running lot tells its viewers: the same public figures and log lines that its page shows to anybody.

The number of the last line of a lot's log grows by one with each committed act, in the order of the commits, because
the acts lock the lot. Whoever remembers the last number seen asks for what came after it and misses nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import current_app
from flask_babel import force_locale
from sqlalchemy import select

from marketplace.core.clock import database_now
from marketplace.core.db import session
from marketplace.core.formats import show_moment, show_money
from marketplace.core.i18n import LANGUAGES, _
from marketplace.deals.auction_events import AuctionEvent
from marketplace.deals.auctions import Auction, AuctionStatus

SHOWN_BY_A_LINE = ("bid", "automatic")
BACKLOG = 200
"""A viewer further behind reads the page again instead."""


def figures(auction: Auction, instant: datetime) -> dict[str, str]:
    """What everybody may see of a lot, in words of the current language; its page and its stream say the same."""
    asking, english = auction.asking, auction.format.value == "english"
    portfolio = auction.format.value == "portfolio"
    if asking:
        label, price = _("Price now"), asking.price
    elif auction.price:
        label, price = _("Price"), auction.price
    elif auction.high and portfolio:
        label, price = _("Best total"), auction.high
    elif auction.high:
        label, price = _("Accepted price") if auction.format.is_falling else _("Highest bid"), auction.high
    else:
        label, price = _("Start price"), auction.start
    return {
        "label": label,
        "price": show_money(price),
        "minimum": show_money(auction.minimum_acceptable) if english and auction.status is AuctionStatus.OPEN else "",
        "bids": str(auction.bid_count) if english or portfolio else "",
        "falls": show_moment(asking.falls_at) if asking else "",
        "reserve": _reserve(auction, english),
        "closes": show_moment(auction.closes_at),
        "clock": _("Server time: %(moment)s", moment=show_moment(instant)),
    }


def _reserve(auction: Auction, english: bool) -> str:
    if not auction.has_reserve:
        return _("none")
    if auction.public_reserve:
        return show_money(auction.public_reserve)
    if auction.reserve_met:
        return _("met")
    return _("not met yet") if english else _("hidden")


@dataclass(frozen=True)
class Glance:
    """Everything whose change a viewer must be told: the last line, and what time alone changes."""

    sequence: int
    status: AuctionStatus
    open: bool
    stage: int | None = None


@dataclass(frozen=True)
class Frame:
    """A message, and the line it brings its viewer to; one that tells no line says what time alone has changed."""

    number: int
    text: str
    tells_line: bool = True

    def concerns(self, position: int) -> bool:
        """Whether a viewer who has seen this line has not had the message yet."""
        return self.number > position or (self.number == position and not self.tells_line)


@dataclass(frozen=True)
class News:
    """What to tell the viewers of one lot, by language."""

    glance: Glance
    frames: Mapping[str, Sequence[Frame]]


def glance_at(auction_ids: Sequence[UUID]) -> dict[UUID, Glance]:
    """How these lots stand now; a lot that does not exist is not in the answer."""
    instant = database_now()
    columns = (Auction.id, Auction.last_sequence, Auction.status, Auction.opens_at, Auction.closes_at, Auction.format)
    found = {}
    for row in session.execute(select(*columns).where(Auction.id.in_(auction_ids))):
        asking = _lot(row.id).asking if row.format.is_falling else None
        running = row.opens_at <= instant < row.closes_at
        found[row.id] = Glance(row.last_sequence, row.status, running, asking.stage if asking else None)
    return found


def news_since(known: Mapping[UUID, Glance]) -> dict[UUID, News]:
    """What happened on these lots since they were last looked at."""
    seen = glance_at(list(known))
    changed = {lot: glance for lot, glance in seen.items() if glance != known[lot]}
    return {lot: News(glance, frames_since(lot, known[lot].sequence)) for lot, glance in changed.items()}


def frames_since(auction_id: UUID, sequence: int) -> dict[str, list[Frame]]:
    """The messages that bring a viewer who saw this line up to date: the lines missed, or the advice to read again."""
    auction, instant = _lot(auction_id), database_now()
    query = select(AuctionEvent).where(AuctionEvent.auction_id == auction_id, AuctionEvent.sequence > sequence)
    missed = list(session.execute(query.order_by(AuctionEvent.sequence).limit(BACKLOG + 1)).scalars())
    frames = {}
    for language in LANGUAGES:
        with force_locale(language):
            common = _common(auction, instant)
            if 0 < len(missed) <= BACKLOG:
                frames[language] = [_line(common, event) for event in missed]
            else:
                frames[language] = [_read_again(common, max(auction.last_sequence, sequence))]
    return frames


def time_message(instant: datetime) -> str:
    """The server's time, sent while nothing happens so that a lost connection shows."""
    return f"event: time\ndata: {json.dumps({'now': _milliseconds(instant)})}\n\n"


def _lot(auction_id: UUID) -> Auction:
    query = select(Auction).where(Auction.id == auction_id).execution_options(populate_existing=True)
    found: Auction = session.execute(query).scalar_one()
    return found


def _common(auction: Auction, instant: datetime) -> dict[str, Any]:
    return {
        "figures": figures(auction, instant),
        "closes": _milliseconds(auction.closes_at),
        "now": _milliseconds(instant),
    }


def _line(common: Mapping[str, Any], event: AuctionEvent) -> Frame:
    """A line of the log as a row of the page's table; a line that changes more asks for the page's part again."""
    row = current_app.jinja_env.get_template("deals/auction_row.html").render(event=event, mine=None)
    said = ""
    if event.amount is not None:
        said = _("%(amount)s by bidder %(code)s.", amount=show_money(event.amount), code=event.bidder_code or "")
    whole = event.kind not in SHOWN_BY_A_LINE
    data = {**common, "sequence": event.sequence, "row": row, "said": said, "whole": whole}
    return Frame(event.sequence, f"id: {event.sequence}\nevent: line\ndata: {json.dumps(data)}\n\n")


def _read_again(common: Mapping[str, Any], sequence: int) -> Frame:
    data = {**common, "sequence": sequence, "whole": True}
    return Frame(sequence, f"id: {sequence}\nevent: line\ndata: {json.dumps(data)}\n\n", tells_line=False)


def _milliseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
