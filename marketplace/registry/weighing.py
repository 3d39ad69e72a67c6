"""The law applied to one proposed instrument: pure rules over what is known of the right."""

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, lru_cache
from uuid import UUID

from marketplace.registry.assets import DEAD_STATUSES, AssetKind, LegalStatus
from marketplace.registry.burdens import Burden
from marketplace.registry.conflicts import (
    EXCLUSIVE,
    NON_EXCLUSIVE,
    OPEN,
    SOLE,
    Conflict,
    Grant,
    licence_conflicts,
    lies_within,
)
from marketplace.registry.encumbrances import EncumbranceKind
from marketplace.registry.fees import FeeState
from marketplace.registry.fields_of_use import field_keys
from marketplace.registry.ownership import Owner
from marketplace.registry.rules import LegalScope, find_rule, legal_scope, rule_on
from marketplace.registry.territory import countries_of, territory_of_right

INSTRUMENT_KINDS = ("transfer", "licence", "open_licence", "sub_licence", "cross_licence", "pledge", "listing")
GRANTS = ("licence", "open_licence", "cross_licence")
LASTING = (*GRANTS, "sub_licence", "pledge")
"""What ends with the right at the latest."""
EXCLUSIVITY_OF = {
    EncumbranceKind.EXCLUSIVE_LICENCE: EXCLUSIVE,
    EncumbranceKind.SOLE_LICENCE: SOLE,
    EncumbranceKind.NON_EXCLUSIVE_LICENCE: NON_EXCLUSIVE,
    EncumbranceKind.OPEN_LICENCE: OPEN,
}
KIND_OF_LICENCE = {exclusivity: kind for kind, exclusivity in EXCLUSIVITY_OF.items()}
SUSPENDING = (EncumbranceKind.PRESERVATION, EncumbranceKind.OWNERSHIP_DISPUTE)
_CO_OWNERS = {"CN": "CN-TRF-03", "SG": "SG-COO-01", "US": "US-COO-01"}


@dataclass(frozen=True)
class Instrument:
    """A proposed act on a right: who grants whom what, where, for which use, from when to when."""

    kind: str
    asset_id: UUID
    grantor_id: UUID | None = None
    grantee_id: UUID | None = None
    territory: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    begins_on: date | None = None
    ends_on: date | None = None
    exclusivity: str | None = None
    subject_to_earlier: bool = False
    under: str = ""

    @property
    def act(self) -> str:
        """What a creditor or co-owner is asked to agree to."""
        return {"listing": "transfer", "cross_licence": "licence", "sub_licence": "licence"}.get(self.kind, self.kind)

    @property
    def plain(self) -> bool:
        """Whether it is an ordinary licence, which keeps nobody out."""
        return self.act == "licence" and (self.exclusivity or NON_EXCLUSIVE) == NON_EXCLUSIVE


@dataclass(frozen=True)
class Standing:
    """What is known of a right when an instrument is weighed; pure, so that it can be tested without a database."""

    office: str
    kind: AssetKind
    status: LegalStatus
    expires_on: date | None
    owners: tuple[Owner, ...] = ()
    burdens: tuple[Burden, ...] = ()
    pledgee_consents: frozenset[tuple[UUID | str, str]] = frozenset()
    co_owner_consents: frozenset[UUID] = frozenset()
    fees: FeeState = FeeState.UNKNOWN
    grantee_abroad: bool | None = None
    companions: tuple[str, ...] = ()

    @property
    def scope(self) -> LegalScope:
        """Whose law judges the right."""
        return legal_scope(self.office, self.kind.value)

    @cached_property
    def reach(self) -> frozenset[str]:
        """The countries in which the right holds."""
        return territory_of_right(self.office, self.kind.value)

    @cached_property
    def grants(self) -> tuple[Grant, ...]:
        """The licences that already burden the right, as regions; what lies under another is reached through it."""
        return tuple(self.grant_in(one) for one in self.burdens if one.is_licence and one.parent_id is None)

    def grant_in(self, burden: Burden) -> Grant:
        """A standing licence as a region."""
        return Grant(
            reference=burden.name,
            exclusivity=EXCLUSIVITY_OF[burden.kind],
            territory=_territory(burden.territory, self.reach),
            fields=field_keys(burden.fields),
            begins_on=burden.begins_on,
            ends_on=burden.ends_on,
        )

    def of_kind(self, *kinds: EncumbranceKind) -> list[Burden]:
        """The burdens of these kinds."""
        return [burden for burden in self.burdens if burden.kind in kinds]


def grant_of(instrument: Instrument, office: str, kind: AssetKind, on: date) -> Grant:
    """The licence an instrument proposes; what is not said means non-exclusive, everywhere, for every use."""
    exclusivity = OPEN if instrument.kind == "open_licence" else instrument.exclusivity or NON_EXCLUSIVE
    return Grant(
        reference="proposed",
        exclusivity=exclusivity,
        territory=_territory(tuple(instrument.territory), territory_of_right(office, kind.value)),
        fields=field_keys(tuple(instrument.fields)),
        begins_on=instrument.begins_on or on,
        ends_on=instrument.ends_on,
        subject_to_earlier=instrument.subject_to_earlier,
    )


@lru_cache(maxsize=5_000)
def _territory(named: tuple[str, ...], reach: frozenset[str]) -> frozenset[str]:
    """The countries a grant names, as far as the right holds there; none named means all of them."""
    return countries_of(named) & reach if named else reach


def conflicts_of(instrument: Instrument, standing: Standing, on: date) -> list[Conflict]:
    """Everything that forbids the instrument: status, title, suspension, pledge, term, other licences."""
    return [*obstacles_of(instrument, standing, on), *_grant_conflicts(instrument, standing, on)]


def obstacles_of(instrument: Instrument, standing: Standing, on: date) -> list[Conflict]:
    """The same without the licences that already stand."""
    return [
        *_status_conflicts(instrument, standing, on),
        *_title_conflicts(instrument, standing, on),
        *_suspension_conflicts(instrument, standing, on),
        *_pledge_conflicts(instrument, standing, on),
        *_term_conflicts(instrument, standing, on),
    ]


def _grant_conflicts(instrument: Instrument, standing: Standing, on: date) -> list[Conflict]:
    if instrument.kind == "sub_licence":
        return _parent_conflicts(instrument, standing, on)
    if instrument.kind not in GRANTS:
        return []
    proposed = grant_of(instrument, standing.office, standing.kind, on)
    outside = [] if proposed.territory else [Conflict("territory", rule_on("ANY-TER-01", on))]
    return [*outside, *licence_conflicts(proposed, standing.grants, standing.scope, on)]


def _status_conflicts(instrument: Instrument, standing: Standing, on: date) -> list[Conflict]:
    """A dead right is disposed of by nobody; only a granted one is pledged, or licensed openly where the law knows it."""
    pending = standing.status is LegalStatus.PENDING
    if standing.status in DEAD_STATUSES:
        return [Conflict("status", rule_on("CN-STA-01", on, standing.scope), standing.status.value)]
    if pending and instrument.kind == "pledge":
        return [Conflict("status", rule_on("CN-REF-03", on, standing.scope), "pending")]
    if instrument.kind != "open_licence":
        return _late_fee(instrument, standing, on)
    rule = rule_on("CN-OPN-01", on, standing.scope)
    if standing.office == "CN" and rule.id != "CN-OPN-01":
        return [Conflict("kind", rule, standing.kind.value)]
    if pending:
        general = standing.office != "CN"
        return [Conflict("status", rule_on("ANY-STA-01", on) if general else rule, "pending")]
    return _late_fee(instrument, standing, on)


def _late_fee(instrument: Instrument, standing: Standing, on: date) -> list[Conflict]:
    """A Chinese patent whose annual fee is late is neither pledged nor licensed openly; unknown is not late."""
    named = {"pledge": "CN-REF-04", "open_licence": "CN-OPN-02"}.get(instrument.kind)
    rule = find_rule(named, on, standing.scope) if named and standing.fees is FeeState.LATE else None
    return [Conflict("fees", rule, "late")] if rule is not None and rule.id == named else []


def _title_conflicts(instrument: Instrument, standing: Standing, on: date) -> list[Conflict]:
    """Only an owner grants; what is not a plain licence needs all the owners, in Singapore that too."""
    if instrument.grantor_id is None or instrument.kind == "sub_licence":
        return []
    owners = {owner.organisation_id for owner in standing.owners}
    if instrument.grantor_id not in owners:
        return [Conflict("ownership", rule_on("ANY-OWN-01", on))]
    others = owners - {instrument.grantor_id} - set(standing.co_owner_consents)
    alone = instrument.plain and standing.office != "SG"
    if not others or alone or instrument.kind == "listing":
        return []
    return [Conflict("co_owners", rule_on(_co_owner_rule(instrument, standing), on, standing.scope))]


def _co_owner_rule(instrument: Instrument, standing: Standing) -> str:
    if standing.office == "CN" and standing.scope.right == "copyright":
        return "CN-CPY-01"
    if standing.office == "CN" and instrument.kind == "pledge":
        return "CN-REF-08"
    return _CO_OWNERS.get(standing.office, "ANY-COO-01")


def _suspension_conflicts(instrument: Instrument, standing: Standing, on: date) -> list[Conflict]:
    """While a court order or a dispute over ownership stands, nothing is disposed of."""
    begins, ends = instrument.begins_on or on, instrument.ends_on or date.max
    rule = rule_on("CN-PLG-10", on, standing.scope)
    return [
        Conflict(burden.name, rule, burden.kind.value)
        for burden in standing.of_kind(*SUSPENDING)
        if burden.begins_on <= ends and (burden.ends_on or date.max) >= min(begins, on)
    ]


def _pledge_conflicts(instrument: Instrument, standing: Standing, on: date) -> list[Conflict]:
    """A pledged right is not transferred or licensed without the pledgee; a Chinese patent is pledged once.

    A licensee sub-licenses under a licence the pledgee had to agree to or that is older than the pledge.
    """
    if instrument.kind == "sub_licence":
        return []
    pledges = [
        one for one in standing.of_kind(EncumbranceKind.PLEDGE) if one.begins_on <= (instrument.ends_on or date.max)
    ]
    if instrument.kind == "pledge":
        once = rule_on("CN-REF-09", on, standing.scope)
        return [Conflict(burden.name, once, "single_pledge") for burden in pledges if burden.single_pledge]
    rule = rule_on("CN-PLG-03", on, standing.scope)
    if instrument.kind == "open_licence":
        open_rule = rule_on("CN-OPN-02", on, standing.scope)
        rule = open_rule if open_rule.id == "CN-OPN-02" else rule
    return [
        Conflict(burden.name, rule, "pledge")
        for burden in pledges
        if (burden.id or burden.reference, instrument.act) not in standing.pledgee_consents
    ]


def _term_conflicts(instrument: Instrument, standing: Standing, on: date) -> list[Conflict]:
    """A licence or secured debt ends with the right at the latest; marks can be renewed for ever."""
    last = standing.expires_on
    if instrument.kind not in LASTING or standing.kind is AssetKind.TRADEMARK or last is None:
        return []
    late = (instrument.begins_on or on) > last
    if not late and (instrument.ends_on or last) <= last:
        return []
    rule = rule_on("CN-REF-06" if instrument.kind == "pledge" else "CN-LIC-01", on, standing.scope)
    return [Conflict("term", rule, "" if late else last.isoformat())]


def parent_of(instrument: Instrument, standing: Standing) -> Burden | None:
    """The licence a sub-licence rests on."""
    licences = (one for one in standing.burdens if one.is_licence)
    return next((one for one in licences if instrument.under in (str(one.id), one.reference)), None)


def _parent_conflicts(instrument: Instrument, standing: Standing, on: date) -> list[Conflict]:
    """Nobody gives more than it has: a sub-licence is plain, agreed to, and lies within its licence."""
    rule = rule_on("ANY-SUB-01", on)
    parent = parent_of(instrument, standing)
    if parent is None:
        return [Conflict(instrument.under or "licence", rule, "missing")]
    found = []
    if instrument.grantor_id is not None and instrument.grantor_id != parent.holder_id:
        found.append(Conflict(parent.name, rule, "not_the_licensee"))
    if not parent.may_sub_license:
        found.append(Conflict(parent.name, rule, "not_agreed"))
    inner = grant_of(instrument, standing.office, standing.kind, on)
    if instrument.ends_on is None:
        inner = replace(inner, ends_on=parent.ends_on)
    plain = inner.exclusivity == NON_EXCLUSIVE
    if not plain or not inner.territory or not lies_within(inner, standing.grant_in(parent)):
        found.append(Conflict(parent.name, rule, "too_wide" if plain else "not_plain"))
    return found
