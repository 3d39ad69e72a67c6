"""The life of an instrument after its entry: passed on, amended, renewed, sub-licensed, granted crosswise.

An entry is never rewritten. What changes is entered anew as the successor of the entry it ends, so that the
register tells on any day what stood then.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from marketplace.core.actor import Actor
from marketplace.core.db import find, session
from marketplace.core.errors import Malformed, NotAllowed, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.identity.organisations import find_organisation
from marketplace.registry.assets import find_asset
from marketplace.registry.encumbrances import (
    AlreadyLifted,
    Encumbrance,
    EncumbranceKind,
    annul_encumbrance,
    check_period,
    close_encumbrance,
    encumber,
    lift_encumbrance,
)
from marketplace.registry.rights import Instrument, grant_licence, require_allowed

K = EncumbranceKind
ENTERED_FROM_OFFICE = (K.PLEDGE, K.PRESERVATION, K.OWNERSHIP_DISPUTE, K.INVALIDATION_PROCEEDINGS)


class RenewalTooLate(Refused):
    """A preservation order that has ended cannot be renewed."""

    message = _l("The preservation order ended on %(ended)s; a new order is needed.")


class OnlyLicencesCross(Refused):
    """Cross-licences are two licences between the same two parties."""

    message = _l("A cross-licence consists of two licences, each party licensing the other.")


@dataclass(frozen=True)
class EncumbrancePassed(Fact):
    """A pledge or licence has a new holder."""

    encumbrance_id: UUID
    asset_id: UUID
    follows_id: UUID
    holder_name: str


@dataclass(frozen=True)
class EncumbranceAmended(Fact):
    """A pledge or order stands with other terms."""

    encumbrance_id: UUID
    asset_id: UUID
    follows_id: UUID
    changes: dict[str, Any]


def pass_encumbrance(
    actor: Actor,
    encumbrance_id: UUID,
    holder_id: UUID | None,
    holder_name: str,
    on: date,
    reference: str,
    now: datetime,
) -> Encumbrance:
    """A pledge passes with its debt, a licence with its business: rank and terms stay, the holder changes."""
    old = _standing(encumbrance_id)
    require(old.kind is K.PLEDGE or old.is_licence, Malformed("kind", _l("Only a pledge or a licence has a holder.")))
    if holder_id is not None and not holder_name:
        organisation = find_organisation(holder_id)
        holder_name = organisation.name_zh or organisation.name_en or ""
    require(bool(holder_name), Malformed("holder_name", _l("Name the new holder.")))
    new = _succeed(old, on, reference, now, holder_id=holder_id, holder_name=holder_name)
    announce(actor, now, EncumbrancePassed(new.id, new.asset_id, old.id, new.holder_name))
    return new


def amend_encumbrance(
    actor: Actor, encumbrance_id: UUID, on: date, reference: str, now: datetime, **changes: Any
) -> Encumbrance:
    """A pledge or dispute stands on with another end or other terms; licences are granted anew instead."""
    old = _standing(encumbrance_id)
    require(not old.is_licence, Malformed("kind", _l("A licence is not amended: end it and grant it anew.")))
    terms = {**old.terms, **changes.pop("terms", {})}
    new = _succeed(old, on, reference, now, terms=terms, **changes)
    shown = {name: str(value) for name, value in changes.items()}
    announce(actor, now, EncumbranceAmended(new.id, new.asset_id, old.id, shown))
    return new


def renew_preservation(actor: Actor, encumbrance_id: UUID, ends_on: date, reference: str, now: datetime) -> Encumbrance:
    """A court renews its order before it ends; the renewal begins on the day after."""
    old = _standing(encumbrance_id)
    require(
        old.kind is K.PRESERVATION and old.ends_on is not None, Malformed("kind", _l("Only court orders are renewed."))
    )
    ended = old.ends_on or old.begins_on
    require(now.date() <= ended, RenewalTooLate(ended=ended.isoformat()))
    begins = ended + timedelta(days=1)
    return encumber(
        actor, old.asset_id, K.PRESERVATION, old.holder_id, begins, ends_on, reference, now,
        holder_name=old.holder_name, follows_id=old.id,
    )  # fmt: skip


def sub_license(actor: Actor, licence_id: UUID, instrument: Instrument, reference: str, now: datetime) -> Encumbrance:
    """A licensee that may do so grants a non-exclusive licence within its own; it ends with that licence."""
    parent = _standing(licence_id)
    require(parent.is_licence and parent.stands_on(now.date()), AlreadyLifted())
    require(actor.may("system") or actor.organisation_id == parent.holder_id, NotAllowed())
    within = replace(
        instrument, kind="sub_licence", under=str(parent.id), grantor_id=parent.holder_id,
        territory=instrument.territory or tuple(parent.territory), fields=instrument.fields or tuple(parent.fields),
        begins_on=instrument.begins_on or now.date(), ends_on=instrument.ends_on or parent.ends_on,
    )  # fmt: skip
    require_allowed(within, now.date())
    assert within.begins_on is not None
    return encumber(
        actor, parent.asset_id, K.NON_EXCLUSIVE_LICENCE, within.grantee_id, within.begins_on, within.ends_on, reference,
        now, grantor_id=parent.holder_id, territory=sorted(within.territory), fields=sorted(within.fields),
        parent_id=parent.id,
    )  # fmt: skip


def cross_license(
    actor: Actor, first: Instrument, second: Instrument, reference: str, now: datetime
) -> tuple[Encumbrance, Encumbrance]:
    """Two parties license each other; both licences are weighed, and each names the other."""
    licences = first.kind == "licence" and second.kind == "licence"
    crosswise = first.grantor_id == second.grantee_id and second.grantor_id == first.grantee_id
    require(licences and crosswise and first.grantor_id is not None, OnlyLicencesCross())
    given = grant_licence(actor, first, reference, now)
    return given, grant_licence(actor, second, reference, now, counterpart_id=given.id)


def enter_from_office(
    actor: Actor, asset_id: UUID, kind: str, holder_name: str, begins_on: date, ends_on: date | None,
    reference: str, now: datetime,
) -> Encumbrance:  # fmt: skip
    """The operator enters a pledge, court order, dispute or invalidation that an office has recorded."""
    require(actor.may("platform.operate"))
    require(
        EncumbranceKind(kind) in ENTERED_FROM_OFFICE, Malformed("kind", _l("Licences are entered by granting them."))
    )
    return encumber(actor, asset_id, kind, None, begins_on, ends_on, reference, now, holder_name=holder_name)


def change_by_operator(
    actor: Actor, encumbrance_id: UUID, act: str, on: date, reference: str, now: datetime, **details: Any
) -> Encumbrance:
    """The operator enters what an office recorded of an entry: its transfer, amendment, renewal, release or error."""
    require(actor.may("platform.operate"))
    require(bool(reference.strip()), Malformed("reference", _l("Name the office's entry or the court's order.")))
    burden = find(Encumbrance, encumbrance_id)
    require(burden.holder_id is None, NotAllowed())
    ends_on = details.get("ends_on")
    if act == "transfer":
        return pass_encumbrance(actor, encumbrance_id, None, details.get("holder_name", ""), on, reference, now)
    if act == "release":
        return lift_encumbrance(actor, encumbrance_id, now, on, reference)
    if act == "annulment":
        return annul_encumbrance(actor, encumbrance_id, reference, now)
    require(ends_on is not None, Malformed("ends_on", _l("Name the new last day.")))
    if act == "renewal":
        return renew_preservation(actor, encumbrance_id, ends_on or on, reference, now)
    return amend_encumbrance(actor, encumbrance_id, on, reference, now, ends_on=ends_on)


def _standing(encumbrance_id: UUID) -> Encumbrance:
    """The entry, locked with its asset, when it still stands."""
    burden = find(Encumbrance, encumbrance_id)
    find_asset(burden.asset_id, lock=True)
    burden = find(Encumbrance, encumbrance_id, lock=True)
    require(burden.lifted_at is None and burden.annulled_at is None, AlreadyLifted())
    return burden


def _succeed(old: Encumbrance, on: date, reference: str, now: datetime, **changes: Any) -> Encumbrance:
    """End the entry on a day and let its successor stand from that day in the same rank."""
    require(on >= old.begins_on, Malformed("on", _l("The change cannot lie before the entry itself.")))
    close_encumbrance(old, on, reference, now)
    kept = {
        name: getattr(old, name)
        for name in (
            "asset_id", "kind", "holder_id", "holder_name", "grantor_id", "ends_on", "rank", "single_pledge",
            "territory", "fields", "subject_to_earlier", "terms", "parent_id", "counterpart_id",
        )
    }  # fmt: skip
    new = Encumbrance(**{**kept, **changes}, follows_id=old.id, begins_on=on, reference=reference, known_from=now)
    check_period(find_asset(old.asset_id), new)
    session.add(new)
    session.flush()
    moved = {"old": old.id, "new": new.id}
    session.execute(text("UPDATE licence_cells SET encumbrance_id = :new WHERE encumbrance_id = :old"), moved)
    return new
