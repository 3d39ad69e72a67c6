"""Many rows at once: COPY into a table, or past the rows it already holds."""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from enum import Enum
from operator import itemgetter
from typing import Any
from uuid import UUID

from psycopg import sql

from marketplace.core.db import Model, session

_as_json = json.JSONEncoder(ensure_ascii=False).encode
_LINES_AT_ONCE = 500


def pour(table: type[Model], rows: Sequence[dict[str, Any]], skip_known: bool = False) -> None:
    """Write the rows with COPY; rows that meet a unique index are left out when asked.

    A text for a JSON column is taken as JSON already written.
    """
    if not rows:
        return
    columns = ["id", *(name for name in rows[0] if name != "id")]
    cursor = session.connection().connection.cursor()
    target = sql.Identifier(table.__tablename__)
    names = sql.SQL(", ").join(sql.Identifier(name) for name in columns)
    if not skip_known:
        _copy(cursor, target, names, columns, rows)
        return
    stage = sql.Identifier(f"poured_{table.__tablename__}")
    cursor.execute(
        sql.SQL("CREATE TEMP TABLE IF NOT EXISTS {} ON COMMIT DROP AS SELECT {} FROM {} LIMIT 0").format(
            stage, names, target
        )
    )
    _copy(cursor, stage, names, columns, rows)
    cursor.execute(
        sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT DO NOTHING").format(target, names, names, stage)
    )
    cursor.execute(sql.SQL("TRUNCATE {}").format(stage))


def fresh_ids() -> Iterator[str]:
    """Identifiers of version 7 as text, rising by time and within one run, the rest of each random."""
    while True:
        moment, chance = f"{time.time_ns() // 1_000_000:012x}", os.urandom(8 * 1024).hex()
        for nth in range(1024):
            place = 16 * nth
            yield f"{moment[:8]}-{moment[8:]}-7{nth:03x}-b{chance[place : place + 3]}-{chance[place + 3 : place + 15]}"


def _copy(cursor: Any, target: sql.Identifier, names: Any, columns: list[str], rows: Sequence[dict[str, Any]]) -> None:
    identifiers = fresh_ids()
    with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(target, names)) as copy:
        for start in range(0, len(rows), _LINES_AT_ONCE):
            copy.write("".join(_lines(rows[start : start + _LINES_AT_ONCE], columns, identifiers)))


def _lines(rows: Iterable[dict[str, Any]], columns: list[str], identifiers: Iterator[str]) -> Iterator[str]:
    """The rows in COPY's text form; a row without an identifier is given one."""
    values_of = itemgetter(*columns[1:])
    for row in rows:
        cells = [_WRITERS[type(value)](value) for value in values_of(row)]
        own = row.get("id")
        yield "\t".join([str(own) if own else next(identifiers), *cells]) + "\n"


def _escaped(text: str) -> str:
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if "\t" in text or "\n" in text or "\r" in text:
        return text.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return text


def _json(value: Any) -> str:
    return _escaped(_as_json(value))


class _Writers(dict[type, Callable[[Any], str]]):
    """How a value of each type is written; an enumeration's values are written as what they stand for."""

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        if not issubclass(kind, Enum):
            raise TypeError(f"COPY cannot write {kind.__name__}")
        texts = {member: _escaped(str(member.value)) for member in kind}
        self[kind] = texts.__getitem__
        return self[kind]


_WRITERS = _Writers(
    {
        str: _escaped,
        type(None): lambda _nothing: "\\N",
        bool: lambda yes: "t" if yes else "f",
        int: str,
        date: date.isoformat,
        datetime: datetime.isoformat,
        UUID: str,
        dict: lambda value: _json(value) if value else "{}",
        list: lambda value: _json(value) if value else "[]",
    }
)
