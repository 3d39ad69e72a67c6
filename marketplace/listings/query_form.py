"""Searching by fields: what is written into separate boxes becomes one query of the search box."""

import re
import unicodedata
from collections.abc import Mapping

from marketplace.listings.text import pieces

OPERATORS = re.compile(r"(?:AND|OR|NOT|NEAR)")
BOXES = (
    "all", "phrase", "any", "none", "title", "applicant", "owner", "inventor", "number", "ipc", "filed_from", "filed_to",
)  # fmt: skip
"""The boxes of the form in their order."""


def composed(boxes: Mapping[str, str]) -> str:
    """The query that says the same as the filled boxes."""
    given = {name: unicodedata.normalize("NFKC", boxes.get(name, "")).strip() for name in BOXES}
    parts = [" ".join(_words(given["all"]))]
    parts += [_quoted("", given["phrase"])]
    alternatives = _words(given["any"])
    parts += [f"({' OR '.join(alternatives)})" if len(alternatives) > 1 else "".join(alternatives)]
    parts += [f"-{word}" for word in _words(given["none"])]
    for name in ("title", "applicant", "owner", "inventor"):
        words = _words(given[name])
        parts += [f"{name}:({' '.join(words)})" if words else ""]
    parts += [_quoted("number:", given["number"])]
    parts += [f"ipc:{symbol}" if (symbol := re.sub(r"[^0-9A-Za-z/]", "", given["ipc"])) else ""]
    first, last = (re.sub(r"[^0-9-]", "", given[name]) for name in ("filed_from", "filed_to"))
    parts += [f"filed:{first}..{last}" if first or last else ""]
    return " ".join(part for part in parts if part)


def _quoted(field: str, text: str) -> str:
    plain = text.replace('"', " ").strip()
    return f'{field}"{plain}"' if plain else ""


def _words(text: str) -> list[str]:
    """The words as words: an operator written into a box is a word like any other."""
    return [piece.lower() if OPERATORS.fullmatch(piece) else piece for piece in pieces(text)]
