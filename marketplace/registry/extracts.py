"""The register extract of one right: everything known of it on a day, as one document."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from marketplace.core.clock import now as present
from marketplace.core.db import session
from marketplace.identity.organisations import names_of
from marketplace.registry.assets import Asset, Publication, find_by_number, number_key
from marketplace.registry.conveyances import conveyances_of
from marketplace.registry.encumbrances import Encumbrance, open_encumbrances
from marketplace.registry.offices.values import alphanumeric
from marketplace.registry.ownership import Owner, believed_shares, owners_of
from marketplace.registry.projection import Stored, project
from marketplace.registry.register_events import RegisterEvent, events_of
from marketplace.registry.security_chains import security_on_asset


def extract_by_number(number: str, as_of: date | None = None, known_at: datetime | None = None) -> dict[str, Any]:
    """The extract of the right that carries a number; a kind code in it chooses the publication shown."""
    return extract_of(find_by_number(number), as_of, asked=number, known=known_at)


def end_of_day(day: date) -> datetime:
    """The last moment of a day, by which everything learned that day is known."""
    return datetime.combine(day, time(23, 59, 59, 999999), UTC)


@dataclass(frozen=True)
class Belief:
    """An asset as the register believed it: the day asked about, the moment of knowledge, the documents known then."""

    asset: Asset
    on: date
    moment: datetime
    known_at: datetime | None
    documents: list[Stored]


def belief_of(asset: Asset, as_of: date | None, known: datetime | None = None) -> Belief:
    """What was believed of an asset on a day; by the end of that day, or by another moment of knowledge.

    A right that was not yet in the register then is told by what is known today: known_at is None.
    """
    moment = present() if as_of is None else end_of_day(as_of)
    documents, known_at = _documents(asset.id, known or (moment if as_of else None))
    on = as_of or moment.date()
    if (as_of or known) and documents:
        told = Asset(id=asset.id, changed_at=asset.changed_at, **project(documents, on))
        return Belief(told, on, moment, known_at, documents)
    return Belief(asset, on, moment, known_at, documents)


def extract_of(
    asset: Asset, as_of: date | None = None, asked: str = "", known: datetime | None = None
) -> dict[str, Any]:
    """What the register says of an asset on a day, by what was known then or at another moment."""
    belief = belief_of(asset, as_of, known)
    asset, on, moment, known_at = belief.asset, belief.on, belief.moment, belief.known_at
    shown = _shown(belief.documents, asked)
    owners = owners_of(asset.id, as_of=moment, known_at=known_at)
    answer = _bibliography(asset, shown)
    answer |= {
        "owners": _owner_names(owners, asset),
        "ownership": [_owner(owner) for owner in owners],
        "family": _family(asset, known_at),
        "legal_status": {
            "status": asset.status_at(on).value, "on": _day(asset.status_on), "source": asset.status_source,
        },
        "events": [_event(event) for event in events_of(asset.id, as_of, known_at)],
        "encumbrances": [_burden(row) for row in open_encumbrances(asset.id, on, known_at)],
        "conveyances": [
            {
                "reference": row.reference, "class": row.conveyance_class, "recorded_on": _day(row.recorded_on),
                "from": row.assignors, "to": row.assignees,
            }
            for row in conveyances_of(asset, known_at) if as_of is None or row.recorded_on is None or row.recorded_on <= as_of
        ],
        "security_interests": security_on_asset(asset, on, known_at),
        "fees": asset.facts.get("fees", []),
        "as_of": on.isoformat(),
        "known_at": (known_at or moment).isoformat(),
        "reconstructed": bool(as_of or known) and known_at is None,
    }  # fmt: skip
    return answer


def _documents(asset_id: UUID, known_at: datetime | None) -> tuple[list[Stored], datetime | None]:
    """The documents known at a moment; without any, today's, unless the register held the owners already."""
    query = select(Publication.record).where(Publication.asset_id == asset_id)
    if known_at is not None:
        then = query.where(
            Publication.known_from <= known_at, or_(Publication.known_to.is_(None), Publication.known_to > known_at)
        )
        found = list(session.execute(then).scalars())
        if found:
            return found, known_at
    today = list(session.execute(query.where(Publication.known_to.is_(None))).scalars())
    held = known_at is not None and not today and bool(believed_shares(asset_id, known_at))
    return today, known_at if held else None


def _shown(documents: list[Stored], asked: str) -> Stored:
    """The document the asked number names, else the newest with a number; fuller documents come first."""
    ordered = sorted(
        documents,
        key=lambda item: (str(item.get("publication_date") or ""), bool(item.get("number")), _fullness(item)),
        reverse=True,
    )
    plain = alphanumeric(asked)
    for item in sorted(ordered, key=_fullness, reverse=True):
        number, kind_code = item.get("number", ""), item.get("kind_code", "")
        wanted = number_key(plain).removeprefix(item["office"])
        if number and kind_code and wanted == number_key(number + kind_code).removeprefix(item["office"]):
            return item
    return ordered[0] if ordered else {}


def _fullness(document: Stored) -> tuple[bool, int]:
    """A document with a title tells more of the right than a list of its events, however long."""
    told = {name: value for name, value in document.items() if name not in ("events", "fees")}
    return bool(document.get("titles")), len(str(told))


def _bibliography(asset: Asset, shown: Stored) -> dict[str, Any]:
    titles = {language or "und": words for language, words in shown.get("titles", ())}
    abstracts = {language or "und": words for language, words in shown.get("abstracts", ())}
    return {
        "id": str(asset.id),
        "office": asset.office,
        "number": shown.get("number") or asset.number or None,
        "kind": shown.get("kind_code") or asset.kind_code or None,
        "asset_kind": asset.kind.value,
        "publication_date": shown.get("publication_date"),
        "application_number": shown.get("application_number") or asset.application_number or None,
        "application_date": shown.get("application_date") or _day(asset.application_date),
        "registration_number": asset.facts.get("registration_number"),
        "registration_date": _day(asset.grant_date) if asset.facts.get("registration_number") else None,
        "grant_date": shown.get("grant_date") or _day(asset.grant_date),
        "expires_on": _day(asset.expires_on),
        "title": titles or asset.titles,
        "abstract": abstracts if shown else asset.abstracts,
        "language": shown.get("language") or asset.language,
        "mark": asset.mark or None,
        "applicants": shown.get("applicants") or asset.applicants,
        "inventors": shown.get("inventors") or asset.inventors,
        "ipc": shown.get("ipc") or asset.ipc,
        "cpc": shown.get("cpc") or asset.cpc,
        "nice_classes": asset.nice_classes,
        "claims_count": shown.get("claims_count", asset.claims_count),
        "status_code": asset.facts.get("status_code"),
        "status_date": shown.get("status_date") or _day(asset.status_on),
        "priorities": asset.facts.get("priorities", []),
        "source": shown.get("source_format"),
        "attribution": asset.attribution or None,
        "demo": asset.demo,
    }


def _owner_names(owners: list[Owner], asset: Asset) -> list[str]:
    """The owners now, followed by the earlier owners an office record still names."""
    names = names_of(owner.organisation_id for owner in owners if owner.organisation_id)
    current = [owner.name or names.get(owner.organisation_id or UUID(int=0), "") for owner in owners]
    return list(dict.fromkeys([*current, *asset.facts.get("former_owners", [])]))


def _owner(owner: Owner) -> dict[str, Any]:
    return {
        "name": owner.name,
        "organisation_id": str(owner.organisation_id) if owner.organisation_id else None,
        "share": str(Fraction(owner.share)),
        "share_stated": owner.share_stated,
    }


def _family(asset: Asset, known_at: datetime | None) -> list[str]:
    """The other rights of the family that the register held by then."""
    if not asset.family_id:
        return []
    query = select(Asset).where(Asset.family_id == asset.family_id, Asset.id != asset.id)
    if known_at is not None:
        held = select(Publication.id).where(Publication.asset_id == Asset.id, Publication.known_from <= known_at)
        query = query.where(held.exists())
    return sorted(member.label for member in session.execute(query.limit(200)).scalars())


def _event(event: RegisterEvent) -> dict[str, Any]:
    return {
        "date": _day(event.valid_on),
        "type": event.type.value,
        "code": event.code,
        "scheme": event.scheme,
        "category": event.category or None,
        "text": event.words,
        "source": event.source,
        "known_from": event.known_from.isoformat(),
    }


def _burden(row: Encumbrance) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "kind": row.kind.value,
        "holder": row.holder_name or None,
        "begins_on": row.begins_on.isoformat(),
        "ends_on": _day(row.ends_on),
        "rank": row.rank,
        "reference": row.reference,
        "territory": row.territory,
        "fields": row.fields,
    }


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None
