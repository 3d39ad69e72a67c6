"""Who may do what with a right, where, for which use and until when; and what may still be granted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from marketplace.core.i18n import _l
from marketplace.registry.assets import Asset
from marketplace.registry.conflicts import EXCLUSIVE, NON_EXCLUSIVE, SOLE, Alternative
from marketplace.registry.encumbrances import Encumbrance, EncumbranceKind, live_encumbrances
from marketplace.registry.fields_of_use import EVERYTHING
from marketplace.registry.ownership import owners_of
from marketplace.registry.rights import Instrument, Verdict, check_instrument
from marketplace.registry.territory import territory_of_right

K = EncumbranceKind
POWERS: dict[str, Any] = {
    "owner": _l("Owns it: may use it, license it, transfer it"),
    "owner_shut_out": _l("Owns it; may not use it where an exclusive licence stands"),
    K.EXCLUSIVE_LICENCE.value: _l("Alone may use it, even against the owner"),
    K.SOLE_LICENCE.value: _l("May use it beside the owner; nobody else is licensed"),
    K.NON_EXCLUSIVE_LICENCE.value: _l("May use it beside others"),
    K.OPEN_LICENCE.value: _l("Anybody may use it on the published terms"),
    K.PLEDGE.value: _l("Is paid first from it; transfer and licence need this creditor's consent"),
    K.PRESERVATION.value: _l("Court order: nothing may be transferred or pledged"),
    K.OWNERSHIP_DISPUTE.value: _l("Ownership is disputed: formalities are suspended"),
    K.INVALIDATION_PROCEEDINGS.value: _l("Validity is attacked"),
}
GRANTABLE = (EXCLUSIVE, SOLE, NON_EXCLUSIVE)
HORIZON_YEARS = 10


@dataclass(frozen=True)
class Holding:
    """One line of the map: somebody's power over a region of countries, uses and days."""

    power: str
    holder: str
    territory: tuple[str, ...]
    fields: tuple[str, ...]
    begins_on: date | None
    ends_on: date | None
    reference: str = ""

    @property
    def every_use(self) -> bool:
        """Whether no field of use limits it."""
        return not self.fields or self.fields == (EVERYTHING,)


@dataclass(frozen=True)
class StillFree:
    """What of one kind of licence may still be granted: all of it, or the nearest lawful part."""

    exclusivity: str
    verdict: Verdict

    @property
    def alternatives(self) -> Sequence[Alternative]:
        """The lawful parts, the least given up first."""
        return self.verdict.alternatives


@dataclass(frozen=True)
class Strip:
    """One line of the time strip: where it begins and how long it is, in per mille of the horizon."""

    start: int
    length: int


def holdings_of(asset: Asset, on: date) -> list[Holding]:
    """Every owner, licensee, creditor and order that has power over the right that day."""
    burdens = [burden for burden in live_encumbrances(asset.id, on) if burden.begins_on <= on]
    shut_out = any(burden.kind is K.EXCLUSIVE_LICENCE for burden in burdens)
    power = "owner_shut_out" if shut_out else "owner"
    reach = _shown_reach(asset)
    owners = [
        Holding(power, f"{owner.name} ({owner.share})", reach, (EVERYTHING,), None, asset.expires_on)
        for owner in owners_of(asset.id)
    ]
    return [*owners, *(_holding(burden, reach) for burden in burdens)]


def still_free(asset: Asset, grantor_id: UUID | None, on: date) -> list[StillFree]:
    """For each kind of licence over the whole right and its remaining life: the verdict, with lawful parts."""
    found = []
    for exclusivity in GRANTABLE:
        instrument = Instrument(
            "licence", asset.id, grantor_id, begins_on=on, ends_on=asset.expires_on, exclusivity=exclusivity
        )
        found.append(StillFree(exclusivity, check_instrument(instrument, on)))
    return found


def strip_of(holding: Holding, on: date, asset: Asset) -> Strip:
    """Where a holding stands on the line from today to the right's last day."""
    end = asset.expires_on or on.replace(year=on.year + HORIZON_YEARS, day=min(on.day, 28))
    whole = max((end - on).days, 1)
    first = max(((holding.begins_on or on) - on).days, 0)
    last = min(((holding.ends_on or end) - on).days, whole)
    start = min(1000 * first // whole, 990)
    return Strip(start, max(10, min(1000 * last // whole, 1000) - start))


def as_json(holding: Holding) -> dict[str, Any]:
    """A holding in the form outside callers read."""
    return {
        "power": holding.power,
        "holder": holding.holder,
        "territory": list(holding.territory),
        "fields": list(holding.fields),
        "begins_on": holding.begins_on.isoformat() if holding.begins_on else None,
        "ends_on": holding.ends_on.isoformat() if holding.ends_on else None,
        "reference": holding.reference,
    }


def _holding(burden: Encumbrance, reach: tuple[str, ...]) -> Holding:
    return Holding(
        burden.kind.value, burden.holder_name, tuple(burden.territory) or reach, tuple(burden.fields) or (EVERYTHING,),
        burden.begins_on, burden.ends_on, burden.reference,
    )  # fmt: skip


def _shown_reach(asset: Asset) -> tuple[str, ...]:
    reach = territory_of_right(asset.office, asset.kind.value)
    return tuple(sorted(reach)) if len(reach) <= 5 else (asset.office,)
