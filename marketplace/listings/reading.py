"""The reader of this process: opened once, looking at the newest commit at each search."""

import threading
from typing import Any

from flask import current_app

from marketplace.listings.indexing import Follower
from marketplace.listings.search_index import SearchIndex
from marketplace.settings import Settings

_opened: dict[str, tuple[str, SearchIndex]] = {}
_opening = threading.Lock()


def follower() -> Follower:
    """The follower of this machine's index, under MARKETPLACE_HOME."""
    settings: Settings = current_app.extensions["settings"]
    return Follower(settings.home)


def searcher() -> Any:
    """A view of the newest commit; where no index was built yet, the first reader builds it and the others wait."""
    place = follower()
    generation = place.place().generation
    known = _opened.get(str(place.folder))
    if known is None or known[0] != generation or not generation:
        with _opening:
            index = place.index()
            if index is None:
                place.catch_up()
                index = place.index()
            assert index is not None
            known = (place.place().generation, index)
            _opened[str(place.folder)] = known
    return known[1].searcher()
