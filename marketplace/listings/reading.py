"""The reader of this process: opened once, looking at the newest commit at each search."""

import threading
from dataclasses import dataclass
from typing import Any

from flask import current_app

from marketplace.listings.indexing import Follower
from marketplace.listings.search_index import SearchIndex
from marketplace.settings import Settings


@dataclass(frozen=True)
class _Opened:
    """An index in use, and the note that named it."""

    note: tuple[int, int] | None
    index: SearchIndex


_opened: dict[str, _Opened] = {}
_opening = threading.Lock()


def follower() -> Follower:
    """The follower of this machine's index, under MARKETPLACE_HOME."""
    settings: Settings = current_app.extensions["settings"]
    return Follower(settings.home)


def searcher() -> Any:
    """A view of the newest commit; where no index was built yet, the first reader builds it and the others wait."""
    following = follower()
    known = _opened.get(str(following.folder))
    if known is None or known.note is None or known.note != following.note():
        with _opening:
            known = _open(following)
    return known.index.searcher()


def _open(following: Follower) -> _Opened:
    known, note = _opened.get(str(following.folder)), following.note()
    index = following.index()
    if index is None:
        following.catch_up()
        note, index = following.note(), following.index()
        assert index is not None
    elif known is not None and known.index.folder == index.folder:
        index = known.index
    _opened[str(following.folder)] = opened = _Opened(note, index)
    return opened
