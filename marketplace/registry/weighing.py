"""The law applied to one proposed instrument: pure rules over what is known of the right."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from marketplace.registry.assets import DEAD_STATUSES, PATENT_KINDS, AssetKind, LegalStatus
from marketplace.registry.conflicts import (
    EXCLUSIVE,
    NON_EXCLUSIVE,
    OPEN,
    SOLE,
    Alternative,
    Conflict,
    Grant,
    licence_conflicts,
    narrower_grants,
)
from marketplace.registry.encumbrances import Encumbrance, EncumbranceKind
from marketplace.registry.fields_of_use import field_keys
from marketplace.registry.ownership import Owner
from marketplace.registry.rules import LegalRule, rule_on
from marketplace.registry.territory import countries_of, territory_of_right

INSTRUMENT_KINDS = ("transfer", "licence", "open_licence", "pledge", "listing")
EXCLUSIVITY_OF = {
    EncumbranceKind.EXCLUSIVE_LICENCE: EXCLUSIVE,
    EncumbranceKind.SOLE_LICENCE: SOLE,
    EncumbranceKind.NON_EXCLUSIVE_LICENCE: NON_EXCLUSIVE,
    EncumbranceKind.OPEN_LICENCE: OPEN,
}
KIND_OF_LICENCE = {exclusivity: kind for kind, exclusivity in EXCLUSIVITY_OF.items()}


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


@dataclass(frozen=True)
class Verdict:
    """Whether an instrument is lawful, what stands in its way, and the nearest lawful act."""

    allowed: bool
    conflicts: list[Conflict] = field(default_factory=list)
    alternatives: list[Alternative] = field(default_factory=list)
    warnings: list[LegalRule] = field(default_factory=list)


@dataclass(frozen=True)
class Standing:
    """What is known of a right when an instrument is weighed; pure, so that it can be tested without a database."""

    office: str
    kind: AssetKind
    status: LegalStatus
    expires_on: date | None
    owners: tuple[Owner, ...] = ()
    burdens: tuple[Encumbrance, ...] = ()
    pledgee_consents: frozenset[tuple[UUID, str]] = frozenset()
    co_owner_consents: frozenset[UUID] = frozenset()

    @property
    def chinese(self) -> bool:
        return self.office == "CN"


def grant_of(instrument: Instrument, office: str, kind: AssetKind, on: date) -> Grant:
    """The licence an instrument proposes; what is not said means non-exclusive, everywhere, for every use."""
    reach = territory_of_right(office, kind.value)
    named = countries_of(instrument.territory) if instrument.territory else reach
    exclusivity = OPEN if instrument.kind == "open_licence" else instrument.exclusivity or NON_EXCLUSIVE
    return Grant(
        reference="proposed",
        exclusivity=exclusivity,
        territory=named & reach,
        fields=field_keys(list(instrument.fields)),
        begins_on=instrument.begins_on or on,
        ends_on=instrument.ends_on,
        subject_to_earlier=instrument.subject_to_earlier,
    )


def standing_grants(standing: Standing) -> list[Grant]:
    """The licences that already burden the right, as regions."""
    reach = territory_of_right(standing.office, standing.kind.value)
    return [
        Grant(
            reference=str(burden.id or burden.reference),
            exclusivity=EXCLUSIVITY_OF[burden.kind],
            territory=(countries_of(burden.territory) if burden.territory else reach) & reach,
            fields=field_keys(burden.fields),
            begins_on=burden.begins_on,
            ends_on=burden.ends_on,
        )
        for burden in standing.burdens
        if burden.is_licence
    ]


def weigh(instrument: Instrument, standing: Standing, on: date) -> Verdict:
    """The verdict itself: status, title, suspension, pledge, licences, term."""
    conflicts = [
        *_status_conflicts(instrument, standing, on),
        *_title_conflicts(instrument, standing, on),
        *_suspension_conflicts(instrument, standing, on),
        *_pledge_conflicts(instrument, standing, on),
        *_term_conflicts(instrument, standing, on),
    ]
    alternatives = _consent_alternatives(conflicts)
    if instrument.kind in ("licence", "open_licence"):
        proposed = grant_of(instrument, standing.office, standing.kind, on)
        if not proposed.territory:
            conflicts.append(Conflict("territory", rule_on("ANY-TER-01", on)))
        grants = standing_grants(standing)
        blocking = licence_conflicts(proposed, grants, standing.chinese, on)
        if blocking:
            alternatives += [item for item, _ in narrower_grants(proposed, grants, standing.chinese, on)]
        conflicts += blocking
    return Verdict(not conflicts, conflicts, alternatives, _warnings(instrument, standing, on))


def _status_conflicts(instrument: Instrument, standing: Standing, on: date) -> list[Conflict]:
    """A dead right is disposed of by nobody; only a granted one can be pledged or openly licensed."""
    rule = "CN-STA-01" if standing.chinese else "ANY-STA-01"
    if standing.status in DEAD_STATUSES:
        return [Conflict("status", rule_on(rule, on), standing.status.value)]
    if instrument.kind == "open_licence" and standing.chinese and standing.kind not in PATENT_KINDS:
        return [Conflict("kind", rule_on("CN-OPN-01", on), standing.kind.value)]
    if standing.status is LegalStatus.PENDING and instrument.kind == "pledge":
        return [Conflict("status", rule_on("CN-REF-03" if standing.chinese else rule, on), "pending")]
    if standing.status is LegalStatus.PENDING and instrument.kind == "open_licence":
        return [Conflict("status", rule_on("CN-OPN-01" if standing.chinese else rule, on), "pending")]
    return []


def _title_conflicts(instrument: Instrument, standing: Standing, on: date) -> list[Conflict]:
    """Only an owner grants; what is not a plain licence needs all the owners."""
    owners = {owner.organisation_id for owner in standing.owners}
    if instrument.grantor_id is None:
        return []
    if instrument.grantor_id not in owners:
        return [Conflict("ownership", rule_on("ANY-OWN-01", on))]
    plain = instrument.kind == "licence" and (instrument.exclusivity or NON_EXCLUSIVE) == NON_EXCLUSIVE
    plain = plain and standing.office != "SG"  # there a licence, too, needs the others' consent
    others = owners - {instrument.grantor_id} - set(standing.co_owner_consents)
    if not others or plain or instrument.kind == "listing":
        return []
    rule = {"CN": "CN-TRF-03", "SG": "SG-COO-01"}.get(standing.office)
    if standing.kind in (AssetKind.COPYRIGHT, AssetKind.SOFTWARE) and standing.chinese:
        rule = "CN-CPY-01"
    if instrument.kind == "pledge" and rule == "CN-TRF-03":
        rule = "CN-REF-08"
    return [Conflict("co_owners", rule_on(rule or "ANY-OWN-01", on))]


def _suspension_conflicts(instrument: Instrument, standing: Standing, on: date) -> list[Conflict]:
    begins, ends = instrument.begins_on or on, instrument.ends_on or date.max
    stops = (EncumbranceKind.PRESERVATION, EncumbranceKind.OWNERSHIP_DISPUTE)
    rule = rule_on("CN-PLG-10" if standing.chinese else "ANY-STA-01", on)
    return [
        Conflict(str(burden.id or burden.reference), rule, burden.kind.value)
        for burden in standing.burdens
        if burden.kind in stops and burden.begins_on <= ends and (burden.ends_on or date.max) >= min(begins, on)
    ]


def _pledge_conflicts(instrument: Instrument, standing: Standing, on: date) -> list[Conflict]:
    """A pledged right is not transferred or licensed without the pledgee; a Chinese patent is pledged once."""
    found = []
    act = "transfer" if instrument.kind == "listing" else instrument.kind
    for burden in standing.burdens:
        if burden.kind is not EncumbranceKind.PLEDGE or (burden.id, act) in standing.pledgee_consents:
            continue
        if instrument.kind == "pledge":
            if not burden.single_pledge:
                continue
            rule = "CN-REF-09"
        elif instrument.kind == "open_licence" and standing.chinese:
            rule = "CN-OPN-02"
        else:
            rule = "CN-PLG-03" if standing.chinese else "ANY-PLG-01"
        found.append(Conflict(str(burden.id or burden.reference), rule_on(rule, on), "pledge"))
    return found


def _term_conflicts(instrument: Instrument, standing: Standing, on: date) -> list[Conflict]:
    """A licence or secured debt ends with the right at the latest; marks can be renewed for ever."""
    last = standing.expires_on
    if instrument.kind not in ("licence", "open_licence", "pledge") or standing.kind is AssetKind.TRADEMARK:
        return []
    late = last is not None and (instrument.begins_on or on) > last
    if last is None or not (late or (instrument.ends_on or last) > last):
        return []
    rule = "ANY-LIC-01"
    if standing.chinese:
        rule = "CN-REF-06" if instrument.kind == "pledge" else "CN-LIC-01"
    return [Conflict("term", rule_on(rule, on), "" if late else last.isoformat())]


def _consent_alternatives(conflicts: list[Conflict]) -> list[Alternative]:
    found = []
    for conflict in conflicts:
        if conflict.detail == "pledge" and conflict.rule.id != "CN-REF-09":
            found.append(Alternative("consent_of_pledgee", conflict.with_reference))
        elif conflict.with_reference == "co_owners":
            found.append(Alternative("consent_of_co_owners"))
        elif conflict.with_reference == "term" and conflict.detail:
            found.append(Alternative("ends_on", conflict.detail))
    return found


def _warnings(instrument: Instrument, standing: Standing, on: date) -> list[LegalRule]:
    """What the parties should know although it does not forbid the act."""
    found = []
    if instrument.kind == "transfer" and any(burden.is_licence for burden in standing.burdens):
        found.append(rule_on("CN-TRF-02", on))
    if instrument.kind == "licence" and standing.chinese:
        if instrument.exclusivity is None:
            found.append(rule_on("CN-LIC-02", on))
        found.append(rule_on("CN-LIC-09" if standing.kind is AssetKind.TRADEMARK else "CN-LIC-07", on))
    return found
