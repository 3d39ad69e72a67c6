"""The search index: a derived, rebuildable copy of what may be found, one document an asset."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import tantivy

from marketplace.listings.text import class_branches, fold, index_tokens, number_symbol
from marketplace.listings.vocabulary import day_number

SCHEMA_VERSION = 1
EVERYONE = "everyone"
"""The audience of what anybody may see."""
MISSING = -1
"""An unknown date or number: never inside a range, last in every order."""

TEXTS = ("everything", "title", "abstract", "applicant", "owner", "inventor")
WORDS = ("number", "ipc", "cpc", "nice")
FACETS = ("kind", "status", "office", "section", "mode", "licence", "pledged", "financing")
INTEGERS = ("filed", "granted", "expires", "claims", "price")
KEY_BITS = 29
KNOWN_FROM = 1 << KEY_BITS
"""Orders below this belong to unknown dates and prices."""
ORDERS = ("filed_order", "expires_order", "price_order", "listed_order")


@dataclass(frozen=True)
class AssetDocument:
    """Everything about one asset that search may show, as the index stores it."""

    asset_id: UUID
    titles: tuple[str, ...] = ()
    abstracts: tuple[str, ...] = ()
    applicants: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    inventors: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    ipc: tuple[str, ...] = ()
    cpc: tuple[str, ...] = ()
    nice: tuple[str, ...] = ()
    kind: str = ""
    status: str = ""
    office: str = ""
    mode: tuple[str, ...] = ()
    licence: tuple[str, ...] = ()
    pledged: bool = False
    financing: bool = False
    filed: date | None = None
    granted: date | None = None
    expires: date | None = None
    claims: int | None = None
    price_minor: int | None = None
    listed_on: date | None = None
    family: str = ""
    audience: tuple[str, ...] = (EVERYONE,)
    extra: tuple[str, ...] = ()

    @property
    def key(self) -> int:
        """A short number for the asset, used in orders and cursors."""
        return short_key(str(self.asset_id))

    @property
    def fingerprint(self) -> int:
        """A number that changes when anything in the document changes."""
        return short_key(f"{SCHEMA_VERSION} {self!r}")


def short_key(text: str) -> int:
    """Fifty-six bits of the text's hash: small enough for a cursor, two equal ones among a million assets: 1 in 10⁵."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7])


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("asset_id", stored=True, tokenizer_name="raw", index_option="basic")
    for name in TEXTS:
        builder.add_text_field(name, tokenizer_name="spaced")
    for name in WORDS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in (*FACETS, "audience"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    for name in (*INTEGERS, "key", "family", "fingerprint"):
        builder.add_integer_field(name, indexed=True, fast=True)
    for name in ORDERS:
        builder.add_integer_field(name, indexed=False, fast=True)
    return builder.build()


SCHEMA = _schema()


_APART = " ¦ "
"""Keeps a phrase from reaching across two texts."""


def _spaced(texts: Iterable[str]) -> str:
    return _APART.join(" ".join(index_tokens(text)) for text in texts)


def _number_variants(numbers: Iterable[str]) -> set[str]:
    variants: set[str] = set()
    for number in numbers:
        symbol = number_symbol(number)
        bare = symbol.lstrip("abcdefghijklmnopqrstuvwxyz")
        variants |= {symbol, bare, symbol[: len(symbol) - len(bare)] + _digits(bare), _digits(bare)}
    return variants - {""}


def _digits(text: str) -> str:
    end = next((at for at, sign in enumerate(text) if not sign.isdigit()), len(text))
    return text[:end]


def _order(value: int, key: int) -> int:
    """A total order: unknown values below all others, equal values by key."""
    capped = min(max(value + 1, 0), 1 << 33)
    return (capped << KEY_BITS) | (key & (KNOWN_FROM - 1))


def _stored(document: AssetDocument) -> tantivy.Document:
    days = {name: getattr(document, name) for name in ("filed", "granted", "expires")}
    whole = {name: day_number(day) if day else MISSING for name, day in days.items()}
    price = MISSING if document.price_minor is None else document.price_minor
    variants = _number_variants(document.numbers)
    people = {"applicant": document.applicants, "owner": document.owners, "inventor": document.inventors}
    groups = {"title": document.titles, "abstract": document.abstracts, **people}
    texts = {name: _spaced(group) for name, group in groups.items()}
    rest = _spaced([*document.numbers, " ".join(sorted(variants)), *document.ipc, *document.cpc, *document.extra])
    return tantivy.Document(
        asset_id=str(document.asset_id),
        everything=_APART.join([*texts.values(), rest]),
        **texts,
        number=sorted(variants),
        ipc=sorted({branch for symbol in document.ipc for branch in class_branches(symbol)}),
        cpc=sorted({branch for symbol in document.cpc for branch in class_branches(symbol)}),
        nice=[fold(each) for each in document.nice],
        kind=document.kind,
        status=document.status,
        office=document.office.lower(),
        section=sorted({symbol.strip()[:1].lower() for symbol in (*document.ipc, *document.cpc) if symbol.strip()}),
        mode=list(document.mode),
        licence=list(document.licence),
        pledged="yes" if document.pledged else "no",
        financing="yes" if document.financing else "no",
        audience=list(document.audience),
        **whole,
        claims=MISSING if document.claims is None else document.claims,
        price=price,
        key=document.key,
        family=short_key(document.family) if document.family else document.key,
        fingerprint=document.fingerprint,
        filed_order=_order(whole["filed"], document.key),
        expires_order=_order(whole["expires"], document.key),
        price_order=_order(price // 100, document.key),
        listed_order=_order(day_number(document.listed_on) if document.listed_on else MISSING, document.key),
    )


class SearchIndex:
    """One index on this machine's disk: any number of readers, one writer at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._index = tantivy.Index(SCHEMA, str(folder))
        self._index.register_tokenizer("spaced", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())

    @staticmethod
    def is_there(folder: Path) -> bool:
        """Whether an index has been built in this folder."""
        return folder.is_dir() and tantivy.Index.exists(str(folder))

    def searcher(self) -> tantivy.Searcher:
        """A view of the latest commit."""
        self._index.reload()
        return self._index.searcher()

    def replace(
        self, documents: Iterable[AssetDocument], removed: Iterable[UUID] = (), memory: int = 64_000_000
    ) -> int:
        """Write these documents in place of older ones and drop the removed ones; visible at once to new searchers."""
        writer = self._index.writer(memory, 1)
        written = 0
        try:
            for asset_id in removed:
                writer.delete_documents_by_term("key", short_key(str(asset_id)))
            for document in documents:
                writer.delete_documents_by_term("key", document.key)
                writer.add_document(_stored(document))
                written += 1
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
        keys = searcher.fast_field_values("key", addresses)
        prints = searcher.fast_field_values("fingerprint", addresses)
        return {int(key or 0): int(value or 0) for key, value in zip(keys, prints, strict=True)}


def asset_ids(searcher: tantivy.Searcher, addresses: list[tantivy.DocAddress]) -> list[UUID]:
    """The assets behind these hits, in order."""
    return [UUID(str(searcher.doc(address).get_first("asset_id"))) for address in addresses]


def integers(searcher: tantivy.Searcher, name: str, addresses: list[tantivy.DocAddress]) -> list[int]:
    """One whole-number field of these hits, in order."""
    return [int(value or 0) for value in searcher.fast_field_values(name, addresses)]


def aggregate(searcher: tantivy.Searcher, query: tantivy.Query, wanted: dict[str, Any]) -> dict[str, Any]:
    """Counts over everything the query finds."""
    result: dict[str, Any] = searcher.aggregate(query, wanted)
    return result
