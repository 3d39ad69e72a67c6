"""Why a query cannot be read: each refusal says the column."""

from typing import Any, ClassVar

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l


class QueryUnreadable(Malformed):
    """The query cannot be read; the column says where to look (400)."""

    status: ClassVar[int] = 400
    reason: ClassVar[Any] = _l("Column %(column)s: “%(found)s” is not expected here.")

    def __init__(self, column: int = 1, **params: Any) -> None:
        self.column = column
        words = {"column": str(column), **{name: str(value) for name, value in params.items()}}
        super().__init__(field="q", message=str(self.reason) % words)

    @property
    def detail(self) -> str:
        """What is wrong and in which column."""
        return str(self.errors["q"][0])

    def members(self) -> dict[str, Any]:
        """The column beside the field error."""
        return {"column": self.column, **super().members()}


class QueryTooLong(QueryUnreadable):
    """More characters than any honest query has."""

    reason = _l("A query has at most %(limit)s characters.")


class QueryTooDeep(QueryUnreadable):
    """Brackets inside brackets beyond reason."""

    reason = _l("Column %(column)s: at most %(limit)s brackets may stand inside each other.")


class QueryTooWide(QueryUnreadable):
    """More conditions than any honest query has."""

    reason = _l("Column %(column)s: a query has at most %(limit)s conditions.")


class QueryUnfinished(QueryUnreadable):
    """The query stops where a word or a bracket must follow."""

    reason = _l("Column %(column)s: the query stops here, but a word or a closing bracket is missing.")


class UnknownField(QueryUnreadable):
    """There is no such field."""

    reason = _l("Column %(column)s: there is no field “%(found)s”. Fields are %(known)s.")


class WrongFieldValue(QueryUnreadable):
    """The value does not fit the field."""

    reason = _l("Column %(column)s: “%(found)s” does not fit the field %(field)s.")


class PrefixTooShort(QueryUnreadable):
    """So few letters before the star that nearly everything would match."""

    reason = _l("Column %(column)s: write at least two letters, or one Chinese character, before the star.")


class DistanceTooFar(QueryUnreadable):
    """NEAR reaches further than it can mean anything."""

    reason = _l("Column %(column)s: NEAR reaches at most %(limit)s words.")
