"""How likely two owner names are one party: a score with its reasons; pure, and careful with false friends.

Nothing here joins names. A subsidiary, a hospital of a university or the same word under another legal form is
another party until a person has decided otherwise.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from marketplace.registry.names import LEGAL_FORMS, normal_name, simplified

LEAST_SCORE = 60
"""Pairs below this are not worth a person's look."""
WINDOW = 6
"""So many neighbours in alphabetical order a name is compared with."""
_FORMS = {
    "INCORPORATED": "INC", "CORPORATION": "CORP", "COMPANY": "CO", "LIMITED": "LTD", "KABUSHIKI KAISHA": "KK",
    "AKTIENGESELLSCHAFT": "AG", "PRIVATE": "PTE", "BERHAD": "BHD",
}  # fmt: skip
_CHINESE = (("有限责任公司", "有限公司"), ("株式会社", "KK"))
_CHINESE_FORM = re.compile(r"(?:集团)?(?:股份)?有限公司$|KK$|公司$")

_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
"""Scripts in which a shorter or slightly other word is another word."""


@dataclass(frozen=True)
class NameLikeness:
    """A score from 0 to 100 and why."""

    score: int
    reasons: tuple[str, ...]


def likeness(one: str, other: str) -> NameLikeness | None:
    """How likely two spellings name one party; nothing when they are too far apart or only look alike."""
    first, second = normal_name(one), normal_name(other)
    if re.findall(r"\d+", first) != re.findall(r"\d+", second):
        return None
    found = _of_the_core(first, second)
    if found is None:
        return None
    score, reasons = found
    taken, form = _of_the_form(one, other)
    score -= taken
    return NameLikeness(score, (*reasons, *form)) if score >= LEAST_SCORE else None


def _of_the_core(first: str, second: str) -> tuple[int, tuple[str, ...]] | None:
    """The names without their legal forms: equal, in another order, shortened, or one letter apart."""
    if first == second:
        return 98, ("same_name",)
    if _EAST_ASIAN.search(first + second):
        return None
    words, others = first.split(), second.split()
    if sorted(words) == sorted(others):
        return 90, ("word_order",)
    if len(words) != len(others) or len(words) < 2:
        return None
    unlike = [(word, other) for word, other in zip(words, others, strict=True) if word != other]
    if all(_shortened(word, other) for word, other in unlike):
        return 85 - 3 * (len(unlike) - 1), ("shortened",)
    if len(unlike) == 1 and _one_letter_apart(*unlike[0]):
        return 75, ("one_letter",)
    return None


def _of_the_form(one: str, other: str) -> tuple[int, tuple[str, ...]]:
    """What the legal forms take from the score: nothing when they agree, much when they name other kinds of company."""
    form, counter = legal_form(one), legal_form(other)
    if form == counter:
        return 0, ()
    if not form or not counter:
        return 13, ("form_missing",)
    if {form, counter} == {"有限公司", "股份有限公司"}:
        return 23, ("form_changed",)
    return 60, ("form_differs",)


@lru_cache(maxsize=50_000)
def legal_form(name: str) -> str:
    """The legal form at the end of a name, in one spelling; empty when it says none."""
    text = unicodedata.normalize("NFKC", name).upper()
    if _is_chinese(text):
        text = "".join(simplified(text).split())
        for long, short in _CHINESE:
            text = text.replace(long, short)
        found = _CHINESE_FORM.search(text)
        return found[0].removeprefix("集团") if found else ""
    core = set(normal_name(name).split())
    words = re.sub(r"[^A-Z0-9]+", " ", re.sub(r"[.'’]", "", text)).split()
    return " ".join(sorted({_FORMS.get(word, word) for word in words if word in LEGAL_FORMS and word not in core}))


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def _shortened(word: str, other: str) -> bool:
    """TECH for TECHNOLOGIES, UNIV for UNIVERSITY; a single letter is an initial and proves nothing."""
    short, long = sorted((word, other), key=len)
    return len(short) >= 3 and long.startswith(short) and len(long) - len(short) >= 2


def _one_letter_apart(word: str, other: str) -> bool:
    """A slip of the pen in a long word: one letter more, less or other, two changed about; never the first."""
    if min(len(word), len(other)) < 6 or word[0] != other[0] or abs(len(word) - len(other)) > 1:
        return False
    from rapidfuzz.distance import OSA

    return OSA.distance(word, other, score_cutoff=1) <= 1


def neighbours(names: Iterable[str]) -> Iterator[tuple[str, str, NameLikeness]]:
    """The pairs of a register's names that are probably one party, by comparing each with its neighbours.

    Names stand beside each other when their keys begin alike or hold the same words; the work grows with the number
    of names, not with its square.
    """
    known = sorted(set(names))
    keys = {name: normal_name(name) for name in known}
    seen: set[tuple[str, str]] = set()
    for order in (lambda name: keys[name], lambda name: " ".join(sorted(keys[name].split()))):
        ordered = sorted(known, key=order)
        for place, name in enumerate(ordered):
            for other in ordered[place + 1 : place + 1 + WINDOW]:
                pair = (name, other) if name < other else (other, name)
                if pair not in seen and (found := likeness(*pair)) is not None:
                    seen.add(pair)
                    yield *pair, found
