"""Marks that travel together: identical or similar marks of one owner for the same or similar goods.

Trademark Law (2019) art. 42 and its regulations art. 70: such marks are transferred and pledged together. Goods are
compared by their Nice classes; whether an office finds two marks similar is its own decision, so this finds what a
careful owner must look at.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from sqlalchemy import or_, select

from marketplace.core.db import session
from marketplace.registry.assets import DEAD_STATUSES, Asset, AssetKind
from marketplace.registry.names import simplified
from marketplace.registry.ownership import OwnershipShare, believed_shares

MOST_MARKS = 2_000


def companions_of(asset: Asset, on: date) -> list[Asset]:
    """The other living marks of the same owners that may not be left behind when this Chinese mark moves."""
    if asset.office != "CN" or asset.kind is not AssetKind.TRADEMARK:
        return []
    shares = [row for row in believed_shares(asset.id) if row.held_to is None]
    same_owner = or_(
        OwnershipShare.organisation_id.in_([row.organisation_id for row in shares if row.organisation_id]),
        OwnershipShare.name_key.in_([row.name_key for row in shares]),
    )
    query = (
        select(Asset)
        .join(OwnershipShare, OwnershipShare.asset_id == Asset.id)
        .where(
            Asset.office == "CN", Asset.kind == AssetKind.TRADEMARK, Asset.id != asset.id, same_owner,
            OwnershipShare.known_to.is_(None), OwnershipShare.held_to.is_(None),
        )
        .distinct()
        .order_by(Asset.number)
        .limit(MOST_MARKS)
    )  # fmt: skip
    living = (other for other in session.execute(query).scalars() if other.status_at(on) not in DEAD_STATUSES)
    return [other for other in living if travel_together(asset, other)]


def travel_together(one: Asset, other: Asset) -> bool:
    """Whether two marks of one owner are alike in words and goods; goods nobody recorded count only for equal words."""
    words, others = _words_of(one.titles.values()), _words_of(other.titles.values())
    if not one.nice_classes or not other.nice_classes:
        return bool(words & others)
    same_goods = bool({_class(each) for each in one.nice_classes} & {_class(each) for each in other.nice_classes})
    return same_goods and any(alike(word, counter) for word in words for counter in others)


def alike(word: str, other: str) -> bool:
    """Whether two marks in comparable form are identical, contain one another or differ in one letter of many."""
    short, long = sorted((word, other), key=len)
    if short == long:
        return True
    chinese = any("\u4e00" <= character <= "\u9fff" for character in short)
    if len(short) >= (2 if chinese else 4) and short in long:
        return True
    from rapidfuzz.distance import OSA

    return len(short) >= (4 if chinese else 6) and OSA.distance(short, long, score_cutoff=1) <= 1


def _words_of(titles: Iterable[str]) -> set[str]:
    return {key for title in titles if (key := _comparable(title))}


@lru_cache(maxsize=20_000)
def _comparable(title: str) -> str:
    text = simplified(unicodedata.normalize("NFKC", title)).casefold()
    return re.sub(r"[\W_]+", "", text)


def _class(written: str) -> str:
    return written.strip().lstrip("0")
