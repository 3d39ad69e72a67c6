"""Showing a reader where a text says what was looked for, in any script, variant or number."""

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup, escape

from marketplace.core.i18n import pick
from marketplace.listings.matching import LONGEST_UNSPLIT
from marketplace.listings.query import Condition, Every, Near, Some, Words
from marketplace.listings.text import fold, is_han, pieces, singular
from marketplace.listings.vocabulary import Shape
from marketplace.registry.assets import Asset

EXCERPT = 150
"""So many characters of an abstract stand under a title."""
BEFORE = 40


@dataclass(frozen=True)
class Sought:
    """What a query looks for in texts: whole words, beginnings of words, and runs of Chinese."""

    words: frozenset[str] = frozenset()
    beginnings: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.words or self.beginnings or self.runs)


def sought(condition: Condition) -> Sought:
    """The words a reader wants to see marked; what was excluded is not among them."""
    import rjieba  # its dictionary takes thirty megabytes: loaded where words are cut

    words: set[str] = set()
    beginnings: set[str] = set()
    runs: set[str] = set()
    for each in _wanted(condition):
        found = pieces(fold(each.text))
        for place, piece in enumerate(found):
            if is_han(piece):
                runs.add(piece)
                if len(piece) > LONGEST_UNSPLIT and not each.phrase:
                    runs |= {part for part in rjieba.cut(piece) if len(part) > 1}
            elif each.prefix and place == len(found) - 1:
                beginnings.add(piece)
            else:
                words.add(singular(piece))
    return Sought(frozenset(words), tuple(sorted(beginnings)), tuple(sorted(runs, key=len, reverse=True)))


def _wanted(condition: Condition) -> Iterator[Words]:
    if isinstance(condition, Words):
        if condition.field is None or condition.field.shape is Shape.TEXT:
            yield condition
    elif isinstance(condition, Near):
        yield from (condition.left, condition.right)
    elif isinstance(condition, Every | Some):
        for part in condition.parts:
            yield from _wanted(part)


def marked(text: str, wanted: Sought) -> Markup:
    """The whole text with what was looked for marked."""
    return _with_marks(text, _spans(text, wanted), 0, len(text))


def excerpt(text: str, wanted: Sought) -> Markup | None:
    """The piece of a long text around the first thing looked for; nothing where it says none of it."""
    spans = _spans(text, wanted)
    if not spans:
        return None
    begin = max(0, spans[0][0] - BEFORE)
    end = min(len(text), begin + EXCERPT)
    if begin and not is_han(text[begin]):
        space = text.find(" ", begin, spans[0][0])
        begin = space + 1 if space >= 0 else begin
    if end < len(text) and not is_han(text[end]):
        space = text.rfind(" ", spans[0][1], end)
        end = space if space >= 0 else end
    dots = Markup("… ") if begin else Markup("")
    return dots + _with_marks(text, spans, begin, end) + (" …" if end < len(text) else "")


@dataclass(frozen=True)
class FoundTexts:
    """An asset's texts as a row of results shows them; those in another language carry its code."""

    title: Markup
    other_titles: tuple[tuple[str, Markup], ...] = ()
    excerpt: tuple[str, Markup] | None = None


def found_texts(asset: Asset, wanted: Sought) -> FoundTexts:
    """The title with marks; where it says nothing of it, the title in the other language; and a piece of the abstract."""
    title = asset.title
    others = [(code, text) for code, text in sorted(asset.titles.items()) if text and text != title]
    if not _spans(title, wanted):
        others = [(code, text) for code, text in others if _spans(text, wanted)]
    else:
        others = []
    shown = pick(asset.abstracts)
    abstracts = sorted(asset.abstracts.items(), key=lambda each: each[1] != shown)
    pieces_found = ((code, excerpt(text, wanted)) for code, text in abstracts if text)
    piece = next(((code, found) for code, found in pieces_found if found is not None), None)
    return FoundTexts(marked(title, wanted), tuple((code, marked(text, wanted)) for code, text in others), piece)


def _with_marks(text: str, spans: list[tuple[int, int]], begin: int, end: int) -> Markup:
    parts, at = [], begin
    for first, last in spans:
        if first < at or last > end:
            continue
        parts += [escape(text[at:first]), Markup("<mark>"), escape(text[first:last]), Markup("</mark>")]
        at = last
    return Markup("").join([*parts, escape(text[at:end])])


def _spans(text: str, wanted: Sought) -> list[tuple[int, int]]:
    """Where the text says it: first and last place, left to right, none inside another."""
    if not wanted:
        return []
    folded, places = _aligned(text)
    found: list[tuple[int, int]] = []
    at = 0
    for piece in pieces(folded):
        at = folded.index(piece, at)
        found += [(at + first, at + last) for first, last in _in_piece(piece, wanted)]
        at += len(piece)
    return [(places[first], places[last - 1] + 1) for first, last in found]


def _in_piece(piece: str, wanted: Sought) -> list[tuple[int, int]]:
    if not is_han(piece):
        whole = singular(piece) in wanted.words or piece.startswith(wanted.beginnings)
        return [(0, len(piece))] if whole else []
    covered = [False] * len(piece)
    for run in wanted.runs:
        at = piece.find(run)
        while at >= 0:
            covered[at : at + len(run)] = [True] * len(run)
            at = piece.find(run, at + 1)
    return _stretches(covered)


def _stretches(covered: list[bool]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for at, inside in enumerate(covered):
        if inside and found and found[-1][1] == at:
            found[-1] = (found[-1][0], at + 1)
        elif inside:
            found.append((at, at + 1))
    return found


def _aligned(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters the place it came from."""
    folded = fold(text)
    if len(folded) == len(text):
        return folded, list(range(len(text)))
    parts = [fold(sign) for sign in text]
    places = [at for at, part in enumerate(parts) for _sign in part]
    return "".join(parts), places
