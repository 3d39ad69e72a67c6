"""What burdens a right, as the law weighs it: read in one go, without the rest of each entry."""

import json
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from marketplace.core.db import ask_all, session
from marketplace.registry.encumbrances import LICENCE_KINDS, EncumbranceKind

KINDS = {kind.value: kind for kind in EncumbranceKind}


class Burden(NamedTuple):
    """One burden: its kind, region and days, and whose it is."""

    reference: str
    kind: EncumbranceKind
    begins_on: date
    ends_on: date | None = None
    territory: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    id: UUID | None = None
    holder_id: UUID | None = None
    parent_id: UUID | None = None
    single_pledge: bool = False
    may_sub_license: bool = False

    @property
    def is_licence(self) -> bool:
        """Whether it is a licence of any kind."""
        return self.kind in LICENCE_KINDS

    @property
    def name(self) -> str:
        """How a verdict names it: by its id in the register, by its reference in a stated case."""
        return str(self.id or self.reference)


_STANDING = """
SELECT reference, kind, begins_on, ends_on, territory::text, fields::text, id, holder_id, parent_id, single_pledge,
       coalesce((terms ->> 'may_sub_license')::boolean, false)
FROM encumbrances
WHERE asset_id = %(asset_id)s AND annulled_at IS NULL AND lifted_at IS NULL
  AND (ends_on IS NULL OR ends_on >= %(day)s OR kind = 'pledge')
ORDER BY begins_on, id
"""


def burdens_from(asset_id: UUID, day: date) -> tuple[Burden, ...]:
    """Every burden that stands on that day or begins after it, the earliest first."""
    session.flush()
    return tuple(
        Burden(reference, KINDS[kind], begins, ends, _words(territory), _words(fields), *rest)
        for reference, kind, begins, ends, territory, fields, *rest in ask_all(_STANDING, asset_id=asset_id, day=day)
    )


@lru_cache(maxsize=5_000)
def _words(written: str) -> tuple[str, ...]:
    return tuple(json.loads(written))
