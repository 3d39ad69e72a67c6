"""Building a large index: this process reads the database, others cut texts into tokens, the engine writes beside them."""

import os
import pickle
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain, islice
from typing import IO, Any, cast

from marketplace.listings.index_entry import AssetDocument
from marketplace.listings.search_index import SearchIndex, as_json

LARGE = 20_000
"""From so many assets on, starting more processes pays."""
BATCH = 1_000
"""Each process has one batch under way: what is read never piles up in memory."""
MEMORY = 400_000_000
CUT = "import sys; from marketplace.listings.building import cut_until_closed as c; c(sys.stdin.buffer, sys.stdout.buffer)"


def build(index: SearchIndex, documents: Iterable[AssetDocument], expected: int) -> int:
    """Fill an empty index with these documents; returns how many."""
    if expected < LARGE:
        return index.fill(map(as_json, documents), MEMORY // 4, threads=1)
    cores = os.cpu_count() or 1
    with ExitStack() as stack:
        cutters = [stack.enter_context(Cutter()) for _ in range(max(1, cores - 1))]
        return index.fill(cut_by(cutters, documents), MEMORY, threads=cores)


def cut_by(cutters: list["Cutter"], documents: Iterable[AssetDocument]) -> Iterator[str]:
    """The entries of the documents: each cutter gets a batch, and its last one is taken when its turn comes again."""
    remaining = iter(documents)
    batches = iter(lambda: list(islice(remaining, BATCH)), [])
    for turn, batch in enumerate(batches):
        cutter = cutters[turn % len(cutters)]
        done = cutter.take()
        cutter.give(batch)
        yield from done
    yield from chain.from_iterable(cutter.take() for cutter in cutters)


class Cutter:
    """A process of its own that turns documents into entries."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", CUT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._busy = False

    def __enter__(self) -> "Cutter":
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.terminate()
        self._process.communicate()

    def give(self, documents: list[AssetDocument]) -> None:
        """Hand over a batch; the one before must have been taken."""
        pipe = cast("IO[bytes]", self._process.stdin)
        pickle.dump(documents, pipe, pickle.HIGHEST_PROTOCOL)
        pipe.flush()
        self._busy = True

    def take(self) -> list[str]:
        """The entries of the batch under way, if there is one."""
        if not self._busy:
            return []
        self._busy = False
        return cast("list[str]", pickle.load(cast("IO[bytes]", self._process.stdout)))


def cut_until_closed(given: Any, taken: Any) -> None:
    """What the process does: answer each batch of documents with its entries."""
    while True:
        try:
            documents = pickle.load(given)
        except EOFError:
            return
        pickle.dump([as_json(document) for document in documents], taken, pickle.HIGHEST_PROTOCOL)
        taken.flush()
