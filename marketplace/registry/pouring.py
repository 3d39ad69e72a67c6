"""Many rows at once: COPY into a table, or past the rows it already holds."""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from marketplace.core.db import Model, new_id, session


def pour(table: type[Model], rows: Sequence[dict[str, Any]], skip_known: bool = False) -> None:
    """Write the rows with COPY; rows that meet a unique index are left out when asked."""
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


def _copy(cursor: Any, target: sql.Identifier, names: Any, columns: list[str], rows: Iterable[dict[str, Any]]) -> None:
    with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(target, names)) as copy:
        for row in rows:
            copy.write_row([_plain(row[name]) if name in row else new_id() for name in columns])


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return Jsonb(value) if isinstance(value, dict | list) else value
