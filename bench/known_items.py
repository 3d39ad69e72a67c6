"""Known items: real records looked for by some words of their title, in our index and by PostgreSQL's own ranking."""

import csv
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import psycopg
import rjieba

from marketplace.listings.index_entry import AssetDocument
from marketplace.listings.matching import matching
from marketplace.listings.query import read_query
from marketplace.listings.query_refusals import QueryUnreadable
from marketplace.listings.search_index import SearchIndex, asset_ids
from marketplace.listings.text import fold, index_tokens, is_han, pairs, pieces, singular

DATA = Path(os.environ.get("DATA_DIR", "../shared/data")) / "patents"
DROPPED = 0.3
TOP = 10
SEED = 20261122


@dataclass(frozen=True)
class Record:
    """One real record: its place in the list is its identity."""

    title: str
    abstract: str


def records(limit: int | None = None) -> dict[str, list[Record]]:
    """Chinese records with abstracts and English records with titles, as the files have them."""
    chinese = _rows("cn_rare_earth_text.csv", limit)
    english = _rows("lens_patents.csv", limit) + _rows("us_university_patents.csv", limit)
    return {"zh": chinese, "en": english}


def _rows(name: str, limit: int | None) -> list[Record]:
    with (DATA / name).open(encoding="utf-8-sig", newline="") as file:
        rows = [Record(row["title"] or "", row.get("abstract") or "") for row in csv.DictReader(file)]
    return [row for row in rows if row.title.strip()][:limit]


def remembered(title: str, dice: random.Random) -> str:
    """What a person may remember of a title: its words without some of them."""
    words: list[str] = []
    for piece in pieces(fold(title)):
        words.extend(rjieba.cut(piece) if is_han(piece) else [piece])
    kept = [word for word in words if dice.random() >= DROPPED] or words
    return " ".join(kept[:20])


def questions(found: Sequence[Record], count: int) -> list[tuple[int, str]]:
    """So many records with what is remembered of each; titles of a single word tell no record from another."""
    dice = random.Random(SEED)
    chosen = dice.sample([at for at, record in enumerate(found) if len(index_tokens(record.title)) >= 4], count)
    return [(at, remembered(found[at].title, dice)) for at in chosen]


def recall(found: Sequence[Record], asked: Sequence[tuple[int, str]], find: Callable[[str], list[int]]) -> float:
    """The share of questions whose record, or one with the very same title, is among the first ten."""
    hits = 0
    for at, question in asked:
        wanted = fold(found[at].title).strip()
        hits += any(fold(found[each].title).strip() == wanted for each in find(question))
    return round(hits / len(asked), 4)


def in_our_index(found: Sequence[Record], folder: Path) -> Callable[[str], list[int]]:
    """Search as the product does it, over these records."""
    index = SearchIndex(folder)
    index.replace(
        AssetDocument(UUID(int=at + 1), titles=(record.title,), abstracts=(record.abstract,) if record.abstract else ())
        for at, record in enumerate(found)
    )
    view = index.searcher()

    def find(question: str) -> list[int]:
        try:
            query = matching(read_query(question))
        except QueryUnreadable:
            return []
        return [each.int - 1 for each in asset_ids(view, [at for _, at in view.search(query, TOP).hits])]

    return find


def in_postgres(
    found: Sequence[Record],
    connection: psycopg.Connection[Any],
    cut: Callable[[str], str],
    asked_as: Callable[[str], str],
) -> Callable[[str], list[int]]:
    """PostgreSQL's own full text search over the same texts, ranked by ts_rank."""
    connection.execute("DROP TABLE IF EXISTS known_items")
    connection.execute("CREATE TEMP TABLE known_items (at int, words tsvector)")
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO known_items VALUES (%s, setweight(to_tsvector('simple', %s), 'A') || to_tsvector('simple', %s))",
            [(at, cut(record.title), cut(record.abstract)) for at, record in enumerate(found)],
        )
    connection.execute("CREATE INDEX ON known_items USING gin (words)")

    def find(question: str) -> list[int]:
        rows = connection.execute(
            "SELECT at FROM known_items, plainto_tsquery('simple', %s) asked WHERE words @@ asked "
            "ORDER BY ts_rank(words, asked) DESC LIMIT %s",
            (asked_as(question), TOP),
        )
        return [int(row[0]) for row in rows]

    return find


def _tokens(text: str) -> str:
    return " ".join(index_tokens(text))


def _asked_tokens(text: str) -> str:
    """Pairs without the single character that closes each run in the index."""
    found = [pairs(piece) if is_han(piece) else [singular(piece)] for piece in pieces(fold(text))]
    return " ".join(token for tokens in found for token in tokens)


def measure_against(database_url: str, count: int = 500) -> dict[str, Any]:
    """The recall of both, by language; PostgreSQL once on the plain text and once on our pairs and words."""
    figures: dict[str, Any] = {}
    with psycopg.connect(database_url) as connection:
        for language, found in records().items():
            asked = questions(found, count)
            with TemporaryDirectory() as folder:
                ours = recall(found, asked, in_our_index(found, Path(folder)))
            plain = recall(found, asked, in_postgres(found, connection, str, str))
            paired = recall(found, asked, in_postgres(found, connection, _tokens, _asked_tokens))
            figures[f"known_item_recall_at_10_{language}"] = ours
            figures[f"known_item_recall_at_10_{language}_postgres_plain"] = plain
            figures[f"known_item_recall_at_10_{language}_postgres_on_our_words"] = paired
            figures[f"known_item_records_{language}"] = len(found)
    return figures
