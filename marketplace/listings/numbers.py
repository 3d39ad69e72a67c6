"""Register numbers as people quote them: every office's way of writing, and the assets that carry them."""

import re
import unicodedata
from uuid import UUID

from sqlalchemy import select

from marketplace.core.db import session
from marketplace.registry.assets import AssetNumber, application_key, number_key

FEWEST_DIGITS = 5
LONGEST = 60
MOST_FOUND = 50

_SAID_BESIDE = re.compile(
    r"\b(?:no|nr|number|pat|patent|pub|publ|publication|appl|application|reg|registration|ser|serial|of|the)\b\.?", re.I
)
"""Words people write beside a number."""
_JAPANESE = re.compile("[特実意][許開表願公匠]|商標|再表|登録")
_ERAS = {"明": "M", "大": "T", "昭": "S", "平": "H", "令": "R"}
_ERA = re.compile("(?:[開表願公])([明大昭平令])")
_HAN = re.compile("[\u3005-\u9fff:：]")
_KIND_BEFORE = re.compile(r"^([A-Z]{2})[- ]([ABCUYST])\d?[- ](\d.*)$")
_KIND_AFTER = re.compile(r"(?<=\d)[A-Z]\d?$")
_SHORT_WORLD = re.compile(r"^WO\s*(\d\d)[/ ](\d{5,6})\b(.*)$")
_OFFICE = re.compile(r"[A-Z]{2}(?=\d)")
_YEAR_AND_ZERO = re.compile(r"^((?:US)?20\d\d)0(\d{6}(?:[A-Z]\d?)?)$")
"""An American application as published: some sources leave out the zero behind the year."""
_LETTERS = re.compile(r"[A-Z]+")
_QUERY_SIGNS = re.compile(r'[":*()<>\[\]|]|\.\.')
_KNOWN_LETTERS = re.compile(r"[A-Z]{0,3}|PCT|ZL[A-Z]{0,2}|PCT[A-Z]{2}")


def number_readings(text: str) -> frozenset[str]:
    """The keys under which the register may hold what was typed; none where it is not a number of any office."""
    folded = unicodedata.normalize("NFKC", text).strip()
    if len(folded) > LONGEST or _QUERY_SIGNS.search(folded.replace("号:", "号 ")):
        return frozenset()
    office = "JP" if _JAPANESE.search(folded) else ""
    era = _ERA.search(folded)
    bare = _HAN.sub(" ", _SAID_BESIDE.sub(" ", folded)).upper().strip()
    plain = f"{office}{_ERAS[era[1]] if era else ''}{bare}"
    if sum(sign.isdigit() for sign in plain) < FEWEST_DIGITS:
        return frozenset()
    if not all(_KNOWN_LETTERS.fullmatch(letters) for letters in _LETTERS.findall(plain)):
        return frozenset()
    return frozenset(key for written in _spellings(plain) for key in _keys(written) if key)


def _spellings(plain: str) -> set[str]:
    found = {plain}
    if kind := _KIND_BEFORE.match(plain):
        found |= {f"{kind[1]}{kind[3]}{kind[2]}", f"{kind[1]}{kind[3]}"}
    if world := _SHORT_WORLD.match(plain):
        century = "19" if int(world[1]) > 70 else "20"
        found.add(f"WO{century}{world[1]}{world[2]:0>6}{world[3]}")
    return found


def _keys(written: str) -> set[str]:
    compact = re.sub(r"[^0-9A-Z.]", "", written)
    found = {number_key(compact), number_key(_KIND_AFTER.sub("", compact))}
    found |= {f"{year[1]}{year[2]}" for key in found if (year := _YEAR_AND_ZERO.match(key))}
    named = _OFFICE.match(number_key(compact))
    for office in ("CN", "EP", "US"):
        number = application_key(office, compact)
        if number == number_key(compact).removeprefix(office) or (named and named[0] != office):
            continue
        found |= {office + number} if named else {number, office + number}
    return found


def asset_ids_by_number(text: str) -> list[UUID]:
    """The assets that carry the number that was typed, if a number was typed."""
    keys = number_readings(text)
    if not keys:
        return []
    query = select(AssetNumber.asset_id).where(AssetNumber.key.in_(keys)).distinct().limit(MOST_FOUND)
    return list(session.execute(query).scalars())
