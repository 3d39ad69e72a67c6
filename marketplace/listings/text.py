"""How text becomes searchable: one spelling for every variant, words for Latin text, overlapping pairs for Chinese.

A run of Chinese is written as its overlapping pairs and its last character alone (锂电池 → 锂电 电池 池), so any piece
of two characters is found exactly, and a single character is found as the beginning of a pair.
"""

import re
import unicodedata
from functools import lru_cache

import opencc

_FIRST_HAN = "\u3005"
"""Letters from here on belong to scripts written without spaces, or compounding so freely that pairs find more."""

_PIECE = re.compile(r"[^\W\u0000-\u3004]+|[^\W_\u3005-\U0010ffff]+")
_ACCENTED = re.compile(r"[\u00c0-\u024f\u1e00-\u1eff]")
_SIMPLIFY = opencc.OpenCC("t2s")


def fold(text: str) -> str:
    """The text in the one spelling used for comparison: NFKC, lower case, simplified characters, no accents."""
    text = unicodedata.normalize("NFKC", text).lower()
    if text.isascii():
        return text
    if _ACCENTED.search(text):
        marked = unicodedata.normalize("NFD", text)
        text = unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", marked))
    return str(_SIMPLIFY.convert(text))


def is_han(piece: str) -> bool:
    """Whether a folded piece is written without spaces."""
    return piece[0] >= _FIRST_HAN


def pieces(folded: str) -> list[str]:
    """The runs of Chinese and the words of a folded text, in order."""
    return _PIECE.findall(folded)


def pairs(run: str) -> list[str]:
    """The overlapping pairs of a Chinese run, without the closing single character."""
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


@lru_cache(maxsize=65536)
def singular(word: str) -> str:
    """An English word without its plural ending, so that batteries and battery meet."""
    if len(word) < 4 or not word.isascii() or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    return word[:-1]


def index_tokens(text: str) -> list[str]:
    """The tokens under which a text is stored, in order."""
    tokens: list[str] = []
    for piece in pieces(fold(text)):
        if not is_han(piece):
            tokens.append(singular(piece))
        elif len(piece) == 1:
            tokens.append(piece)
        else:
            tokens.extend(pairs(piece))
            tokens.append(piece[-1])
    return tokens


def class_symbol(text: str) -> str:
    """An IPC or CPC symbol without spaces and leading zeros: 'H01M 10/0525' and 'h01m0010/0525' are one."""
    compact = re.sub(r"\s+", "", fold(text))
    found = re.fullmatch(r"([a-hy]\d{2}[a-z])0*(\d+)(/\d+)?(.*)", compact)
    if found is None:
        return compact
    return f"{found[1]}{found[2]}{found[3] or ''}"


def class_branches(text: str) -> list[str]:
    """A class symbol and every branch above it: section, class, subclass, main group, group."""
    symbol = class_symbol(text)
    found = re.fullmatch(r"([a-hy])(\d{2})?([a-z])?(\d+)?(/\d+)?", symbol)
    if found is None:
        return [symbol]
    branches, path = [], ""
    for part in found.groups():
        if part is None:
            break
        path += part
        branches.append(path)
    return branches


def number_symbol(text: str) -> str:
    """A register number as letters and digits alone, without leading zeros and the ZL of a granted Chinese patent."""
    compact = re.sub(r"[^0-9a-z]", "", fold(text))
    return re.sub(r"^([a-z]*)0+(?=\d)", r"\1", compact.removeprefix("zl"))
