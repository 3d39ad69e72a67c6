"""What the parties agree on besides the price: the scope of a licence and their own words."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from marketplace.core.errors import Refused
from marketplace.core.i18n import _l, pick
from marketplace.core.money import Money
from marketplace.documents.clause_linter import find_void_clauses
from marketplace.listings.listings import Listing
from marketplace.registry.rights import Instrument


class VoidClauseProposed(Refused):
    """The parties' own words hold a clause that the law makes void."""

    message = _l("“%(quote)s” would be void. %(meaning)s (%(law)s)")


class DealKind(StrEnum):
    """Whether the right itself passes or its use is allowed."""

    TRANSFER = "transfer"
    LICENCE = "licence"


@dataclass(frozen=True)
class DealTerms:
    """Everything agreed besides the price."""

    kind: DealKind
    exclusivity: str | None = None
    territory: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    term_months: int | None = None
    royalty_bps: int | None = None
    royalty_base: str | None = None
    special_terms: str = ""

    @classmethod
    def of_listing(cls, listing: Listing, special_terms: str = "") -> "DealTerms":
        """The terms the listing offers."""
        if listing.is_sale:
            return cls(DealKind.TRANSFER, special_terms=special_terms)
        return cls(
            DealKind.LICENCE,
            exclusivity=listing.exclusivity.value if listing.exclusivity else "non_exclusive",
            territory=tuple(listing.territory),
            fields=tuple(listing.fields_of_use),
            term_months=listing.term_months,
            royalty_bps=listing.royalty_bps,
            royalty_base=listing.royalty_base.value if listing.royalty_base else None,
            special_terms=special_terms,
        )

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "DealTerms":
        """The terms as they were stored."""
        return cls(
            **{
                **stored,
                "kind": DealKind(stored["kind"]),
                "territory": tuple(stored["territory"]),
                "fields": tuple(stored["fields"]),
            }
        )

    def to_json(self) -> dict[str, Any]:
        """The terms as they are stored."""
        return asdict(self) | {
            "kind": self.kind.value,
            "territory": list(self.territory),
            "fields": list(self.fields),
        }

    def instrument(self, asset_id: UUID, grantor_id: UUID, grantee_id: UUID, on: date) -> Instrument:
        """The act as the rights engine weighs it."""
        if self.kind is DealKind.TRANSFER:
            return Instrument("transfer", asset_id, grantor_id, grantee_id)
        return Instrument(
            kind="licence", asset_id=asset_id, grantor_id=grantor_id, grantee_id=grantee_id, territory=self.territory,
            fields=self.fields, begins_on=on, ends_on=self.ends_on(on), exclusivity=self.exclusivity,
        )  # fmt: skip

    def ends_on(self, begins_on: date) -> date | None:
        """The licence's last day."""
        return months_later(begins_on, self.term_months) if self.term_months else None

    def require_lawful_words(self, on: date) -> None:
        """Refuse clauses that would be void, with the words, the law and what to say instead."""
        found = find_void_clauses(self.special_terms, (self.kind.value,), on)
        if found:
            first = found[0]
            raise VoidClauseProposed(
                quote=first.quote, meaning=pick(first.meaning), law=pick(first.law), rule_id=first.rule_id
            )


def typed_price(listing: Listing, typed: str) -> Money:
    """An amount typed into a form, in the listing's currency; thousands separators are ours, nothing else is."""
    currency = listing.price.currency if listing.price is not None else "CNY"
    return Money.typed(typed, currency)


def months_later(day: date, months: int) -> date:
    """The same day some months on, or that month's last."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
