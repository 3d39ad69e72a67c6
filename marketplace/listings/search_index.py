"""The search index: a derived, rebuildable copy of what may be found, one entry an asset."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import tantivy

from marketplace.listings.index_entry import PROFILES, AssetDocument, asset_key, entry_of, joined_id

TEXTS = ("everything", "title", "abstract", "applicant", "owner", "inventor")
WORDS = ("number", "ipc", "cpc", "nice")
FACETS = ("kind", "status", "office", "section", "mode", "licence", "pledged", "financing")
INTEGERS = ("filed", "granted", "expires", "claims", "price")
ORDERS = ("filed_order", "expires_order", "price_order", "listed_order")


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in TEXTS:
        builder.add_text_field(name, tokenizer_name="spaced")
    for name in (*WORDS, *FACETS, "audience", "restricted"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in PROFILES:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    for name in (*INTEGERS, "key", "family"):
        builder.add_integer_field(name, indexed=True, fast=True)
    for name in (*ORDERS, "fingerprint", "id_high", "id_low"):
        builder.add_integer_field(name, indexed=False, fast=True)
    return builder.build()


SCHEMA = _schema()


class SearchIndex:
    """One index on this machine's disk: any number of readers, one writer at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._index = tantivy.Index(SCHEMA, str(folder))
        self._index.register_tokenizer("spaced", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
        self._commit: tuple[int, int] | None = None
        self._searcher = self._index.searcher()

    @staticmethod
    def is_there(folder: Path) -> bool:
        """Whether an index has been built in this folder."""
        return folder.is_dir() and tantivy.Index.exists(str(folder))

    def searcher(self) -> tantivy.Searcher:
        """A view of the latest commit; the disk is read anew only when its note of the last commit was replaced."""
        try:
            note = (self.folder / "meta.json").stat()
        except FileNotFoundError:  # another generation just took its place: this view is still whole
            return self._searcher
        commit = (note.st_ino, note.st_mtime_ns)
        if commit != self._commit:
            self._index.reload()
            self._searcher, self._commit = self._index.searcher(), commit
        return self._searcher

    def replace(
        self, documents: Iterable[AssetDocument], removed: Iterable[UUID] = (), memory: int = 64_000_000
    ) -> int:
        """Write these documents in place of older ones and drop the removed ones; visible at once to new searchers."""

        def write(writer: tantivy.IndexWriter) -> int:
            written = 0
            for asset_id in removed:
                writer.delete_documents_by_term("key", asset_key(asset_id))
            for document in documents:
                writer.delete_documents_by_term("key", document.key)
                writer.add_json(as_json(document))
                written += 1
            return written

        return self._written(write, memory, 1)

    def fill(self, entries: Iterable[str], memory: int, threads: int) -> int:
        """Write entries into an index that is still empty, so that nothing needs to be looked up."""
        return self._written(lambda writer: sum(1 for _ in map(writer.add_json, entries)), memory, threads)

    def _written(self, write: Any, memory: int, threads: int) -> int:
        writer = self._index.writer(memory, threads)
        try:
            written = int(write(writer))
            writer.commit()
        except BaseException:
            writer.rollback()
            raise
        finally:
            writer.wait_merging_threads()
        return written

    def fingerprints(self) -> dict[int, int]:
        """The fingerprint of every document by its key."""
        searcher = self.searcher()
        found = searcher.search(tantivy.Query.all_query(), max(searcher.num_docs, 1), count=False)
        addresses = [address for _, address in found.hits]
        return dict(
            zip(integers(searcher, "key", addresses), integers(searcher, "fingerprint", addresses), strict=True)
        )


def as_json(document: AssetDocument) -> str:
    """One entry as the index reads it."""
    return json.dumps(entry_of(document), ensure_ascii=False)


def asset_ids(searcher: tantivy.Searcher, addresses: list[tantivy.DocAddress]) -> list[UUID]:
    """The assets behind these hits, in order."""
    highs, lows = (searcher.fast_field_values(name, addresses) for name in ("id_high", "id_low"))
    return [joined_id(int(high or 0), int(low or 0)) for high, low in zip(highs, lows, strict=True)]


def integers(searcher: tantivy.Searcher, name: str, addresses: list[tantivy.DocAddress]) -> list[int]:
    """One whole-number field of these hits, in order."""
    return [int(value or 0) for value in searcher.fast_field_values(name, addresses)]


def aggregate(searcher: tantivy.Searcher, query: tantivy.Query, wanted: dict[str, Any]) -> dict[str, Any]:
    """Counts over everything the query finds."""
    result: dict[str, Any] = searcher.aggregate(query, wanted)
    return result
