"""How well an asset answers a need: parts with points and reasons, wishes nobody can bend, and what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.listings.text import class_branches

MATCHED_FROM = 50
"""An asset with so many of 100 points, and against no firm wish, answers the need (our own measure)."""
NEAR_FROM = 20
"""Below this an asset has too little to do with the need to be shown as a near miss."""
FULL_SHARE_PERCENT = 60
"""Who uses so much of the weight of the wanted words has all points for words: nobody describes alike."""
LONG_LIFE_YEARS = 8
BENDABLE_PERCENT = 125
"""A price up to a quarter above the budget still has half the points: prices are talked about."""
WORDLESS = frozenset({"copyright", "software"})
"""Rights that arise without registration, in every country of the Berne Convention."""


class WantedRight(StrEnum):
    """What a buyer wants of somebody's right."""

    TRANSFER = "transfer"
    EXCLUSIVE = "exclusive"
    SOLE = "sole"
    NON_EXCLUSIVE = "non_exclusive"


class Part(StrEnum):
    """What is compared."""

    WORDS = "words"
    CLASSES = "classes"
    RIGHT = "right"
    PRICE = "price"
    LIFE = "life"


WEIGHTS = {Part.WORDS: 40, Part.CLASSES: 25, Part.RIGHT: 15, Part.PRICE: 10, Part.LIFE: 10}


@dataclass(frozen=True)
class Reason:
    """Words that are put into the reader's language only when they are read."""

    text: Any
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return str(self.text) % self.params if self.params else str(self.text)


def because(text: Any, **params: Any) -> Reason:
    """A reason."""
    return Reason(text, params)


@dataclass(frozen=True)
class Wish:
    """A need as it is compared: each wanted word with its weight, classes, territory, right and budget."""

    words: Mapping[str, int]
    classes: tuple[str, ...]
    territory: tuple[str, ...]
    right: WantedRight
    budget: tuple[Money | None, Money | None]

    def without_budget(self) -> "Wish":
        """The wish as somebody sees it who is not told the budget: prices then count for nothing."""
        return replace(self, budget=(None, None))


@dataclass(frozen=True)
class Candidate:
    """An asset as it is compared; what is not known is empty."""

    words: frozenset[str]
    classes: tuple[str, ...]
    office: str
    kind: str
    alive: bool
    expires_on: date | None
    offers: tuple[tuple[WantedRight, Money | None], ...]
    likeness_percent: int | None = None


@dataclass(frozen=True)
class Weighed:
    """One part of the score: the points of at most so many, none where nothing is known, and why."""

    part: Part
    weight: int
    points: int | None
    reason: "Reason"


@dataclass(frozen=True)
class Match:
    """The score of one asset for one need with everything that led to it."""

    score: int
    parts: tuple[Weighed, ...]
    obstacles: tuple["Reason", ...]

    @property
    def is_match(self) -> bool:
        """Whether the asset answers the need."""
        return not self.obstacles and self.score >= MATCHED_FROM

    @property
    def is_near(self) -> bool:
        """Whether it nearly does, so that saying why not helps."""
        return not self.is_match and self.score >= NEAR_FROM

    @property
    def missing(self) -> tuple["Reason", ...]:
        """Why it is no match: firm wishes first, then the parts with less than half their points."""
        weak = tuple(each.reason for each in self.parts if each.points is not None and each.points * 2 < each.weight)
        return () if self.is_match else (*self.obstacles, *weak)


def weigh(wish: Wish, candidate: Candidate, today: date) -> Match:
    """Compare; a part of which nothing is known does not count, its weight falls on the others."""
    parts = [_words(wish, candidate), _right(wish, candidate), _life(candidate, today)]
    parts += [_classes(wish, candidate)] if wish.classes else []
    parts += [_price(wish, candidate)] if any(wish.budget) else []
    known = [(each.points, each.weight) for each in parts if each.points is not None]
    total = sum(weight for _points, weight in known)
    score = (200 * sum(points for points, _weight in known) + total) // (2 * total)
    ordered = tuple(sorted(parts, key=lambda each: -each.weight))
    return Match(score, ordered, tuple(_obstacles(wish, candidate)))


def _weighed(part: Part, hundredths: int | None, reason: "Reason") -> Weighed:
    weight = WEIGHTS[part]
    points = None if hundredths is None else (min(hundredths, 100) * weight + 50) // 100
    return Weighed(part, weight, points, reason)


def _words(wish: Wish, candidate: Candidate) -> Weighed:
    shared = sorted(wish.words.keys() & candidate.words, key=lambda word: (-wish.words[word], word))
    total = sum(wish.words.values())
    share = 100 * sum(wish.words[word] for word in shared) // total if total else 0
    by_words = share * 100 // FULL_SHARE_PERCENT
    by_likeness = candidate.likeness_percent or 0
    if shared:
        shown = "、".join(shared[:5])
        reason = because(_l("Of the %(all)s words sought, %(shared)s occur: %(words)s."), all=len(wish.words),
                    shared=len(shared), words=shown)  # fmt: skip
    elif by_likeness:
        reason = because(_l("No word is the same, but the texts are alike (%(percent)s of 100)."), percent=by_likeness)
    else:
        reason = because(_l("None of the words sought occurs in title or abstract."))
    return _weighed(Part.WORDS, max(by_words, by_likeness), reason)


def _classes(wish: Wish, candidate: Candidate) -> Weighed:
    if not candidate.classes:
        return _weighed(
            Part.CLASSES, None, because(_l("The asset carries no IPC or CPC class, so classes do not count."))
        )
    held = {branch for symbol in candidate.classes for branch in class_branches(symbol)}
    best, narrowest = 0, ""
    for symbol in wish.classes:
        branches = class_branches(symbol)
        shared = [branch for branch in branches if branch in held]
        found = 100 * len(shared) // len(branches) if len(shared) > 1 or len(branches) == 1 else 0
        if shared and found > best:
            best, narrowest = found, shared[-1].upper()
    if not best:
        return _weighed(Part.CLASSES, 0, because(_l("None of the classes sought: it is in %(classes)s."), classes=", ".join(candidate.classes[:3])))  # fmt: skip
    return _weighed(Part.CLASSES, best, because(_l("Both in class %(class_symbol)s."), class_symbol=narrowest))


def _right(wish: Wish, candidate: Candidate) -> Weighed:
    if not candidate.offers:
        return _weighed(Part.RIGHT, 50, because(_l("Not on offer yet; the holder can be asked.")))
    offered = {right for right, _price in candidate.offers}
    if wish.right in offered:
        return _weighed(Part.RIGHT, 100, because(_l("On offer in the way that is wanted.")))
    if wish.right is not WantedRight.TRANSFER and offered - {WantedRight.TRANSFER}:
        return _weighed(Part.RIGHT, 50, because(_l("On offer as a licence of another kind.")))
    return _weighed(Part.RIGHT, 0, because(_l("On offer in another way than is wanted.")))


def _price(wish: Wish, candidate: Candidate) -> Weighed:
    _low, high = wish.budget
    asked = [price for right, price in candidate.offers if right is wish.right and price]
    currency = next(limit.currency for limit in wish.budget if limit)
    asked = [price for price in asked if price.currency == currency]
    if not asked:
        return _weighed(
            Part.PRICE, None, because(_l("No price is asked in the currency of the budget, so it does not count."))
        )
    price = min(asked, key=lambda each: each.amount_minor)
    if high is None or price <= high:
        return _weighed(Part.PRICE, 100, because(_l("The price asked is within the budget.")))
    if price.amount_minor * 100 <= high.amount_minor * BENDABLE_PERCENT:
        return _weighed(Part.PRICE, 50, because(_l("The price asked is up to a quarter above the budget.")))
    return _weighed(Part.PRICE, 0, because(_l("The price asked is more than a quarter above the budget.")))


def _life(candidate: Candidate, today: date) -> Weighed:
    if candidate.expires_on is None:
        return _weighed(Part.LIFE, None, because(_l("The end of the right is not known, so its life does not count.")))
    years = max(0, int((candidate.expires_on - today).days // 365.25))
    return _weighed(Part.LIFE, 100 * min(years, LONG_LIFE_YEARS) // LONG_LIFE_YEARS,
                    because(_l("Whole years until the right ends: %(years)s."), years=years))  # fmt: skip


def _obstacles(wish: Wish, candidate: Candidate) -> list["Reason"]:
    found = []
    if not candidate.alive:
        found.append(because(_l("The right is not in force.")))
    if wish.territory and candidate.kind not in WORDLESS and candidate.office not in wish.territory:
        wanted = ", ".join(wish.territory)
        found.append(
            because(
                _l("The right is registered in %(office)s; wanted is %(wanted)s."),
                office=candidate.office,
                wanted=wanted,
            )
        )
    return found
