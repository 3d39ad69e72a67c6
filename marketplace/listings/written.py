"""A condition written back as a query, so that a changed search can be offered as an address."""

from datetime import date
from decimal import Decimal

from marketplace.listings.query import Anything, Condition, Every, Near, Some, Within, Without, Words
from marketplace.listings.vocabulary import Field, Shape


def written(condition: Condition) -> str:
    """The query that reads as this condition."""
    match condition:
        case Anything():
            return ""
        case Words():
            return _words(condition)
        case Near(left, right, distance):
            return f"{_words(left)} NEAR/{distance} {_words(right)}"
        case Within(field, low, high):
            return f"{field.name}:{_bound(field, low)}..{_bound(field, high)}"
        case Without(part):
            return "-" + (written(part) if isinstance(part, Words) and part.field is None else f"({written(part)})")
        case Every(parts):
            return " ".join(_inside(part, Some) for part in parts)
        case Some(parts):
            return " OR ".join(_inside(part, Every) for part in parts)


def _inside(part: Condition, bracketed: type[Some] | type[Every]) -> str:
    return f"({written(part)})" if isinstance(part, bracketed | Near) else written(part)


def _words(words: Words) -> str:
    text = f'"{words.text}"' if words.phrase else words.text + ("*" if words.prefix else "")
    return f"{words.field.name}:{text}" if words.field else text


def _bound(field: Field, stored: int | None) -> str:
    if stored is None:
        return ""
    if field.shape is Shape.DATE:
        return date.fromordinal(stored).isoformat()
    return f"{Decimal(stored) / field.scale:f}"
