"""Chains of security interests as the recordations in the register tell them, by party or by right, on any day."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import any_, bindparam, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import String

from marketplace.core.db import session
from marketplace.core.errors import NotFound, require
from marketplace.registry.assets import Asset
from marketplace.registry.conveyances import Conveyance, ConveyedRight, conveyances_of, keys_of
from marketplace.registry.names import party_key
from marketplace.registry.security_acts import RecordedRight, Recording, SecurityAct, act_of, citations_in
from marketplace.registry.security_interests import SecurityBook, replay

Place = tuple[str, str]


def security_of_party(name: str, on: date, known_at: datetime | None = None) -> dict[str, Any]:
    """The chain of every security interest that a party gave or held: day by day, and as it stands on a day."""
    key = party_key(name)
    named = _with_parties([key], known_at)
    secured = [row for row in named if _act(row) not in (SecurityAct.NONE, SecurityAct.NEW_NAME)]
    require(bool(secured), NotFound())
    recordings = _whole_chain(secured, known_at)
    days = sorted({item.shown_on for item in recordings if item.act is not SecurityAct.NONE and item.shown_on <= on})
    book = replay(recordings, on)
    return {
        "name": name,
        "on": on.isoformat(),
        **_state(book),
        "timeline": [_day(day, recordings) for day in days],
        "findings": [vars(finding) for finding in book.findings],
    }


def security_on_asset(asset: Asset, on: date, known_at: datetime | None = None) -> list[dict[str, Any]]:
    """The recorded security interests that rest on one right that day, in rank."""
    rows = [row for row in conveyances_of(asset, known_at) if _act(row) is not SecurityAct.NONE]
    if not any(_act(row) is SecurityAct.GRANT for row in rows):
        return []
    mine = {(right.application, right.patent) for right in _rights_on(asset, rows)}
    lenders = {party_key(name) for row in rows for name in row.assignees}
    renamed = [row for row in _with_parties(lenders, known_at) if _act(row) is SecurityAct.NEW_NAME]
    book = replay(_recordings([*rows, *renamed], mine), on)
    return [
        {
            "lender": hold.lender,
            "first_lender": interest.first_lender,
            "grantors": list(interest.grantors),
            "rank": rank,
            "references": list(interest.references),
            "recorded_on": _iso(interest.recorded_on),
            "executed_on": _iso(interest.executed_on),
        }
        for interest, hold, rank in book.ranks()
    ]


def _whole_chain(rows: list[Conveyance], known_at: datetime | None) -> list[Recording]:
    """Everything recorded on the same rights, and every change of name of the lenders."""
    places = _places([row.reference for row in rows])
    related = _on_same_rights({place for found in places.values() for place in found}, known_at)
    found = {row.reference: row for row in (*rows, *related) if _act(row) is not SecurityAct.NONE}
    lenders = {party_key(name) for row in found.values() for name in row.assignees}
    for row in _with_parties(lenders, known_at):
        if _act(row) is SecurityAct.NEW_NAME:
            found.setdefault(row.reference, row)
    return _recordings([row for row in found.values() if _concerns_security(row, set(found))])


def _concerns_security(row: Conveyance, references: set[str]) -> bool:
    """A correction belongs to the chain only when it corrects a recordation of the chain."""
    return _act(row) is not SecurityAct.CORRECTION or bool(set(citations_in(row.words)) & references)


def _recordings(rows: list[Conveyance], only: set[Place] | None = None) -> list[Recording]:
    unique = {row.reference: row for row in rows}
    places = _places(list(unique))
    return [
        Recording(
            reference=row.reference,
            conveyance_class=row.conveyance_class,
            words=row.words,
            recorded_on=row.recorded_on,
            executed_on=row.executed_on,
            assignors=tuple(row.assignors),
            assignees=tuple(row.assignees),
            rights=tuple(
                RecordedRight(*place) for place in places.get(row.reference, ()) if only is None or place in only
            ),
        )
        for row in unique.values()
    ]


def _places(references: list[str]) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = {}
    query = select(ConveyedRight.reference, ConveyedRight.application_key, ConveyedRight.patent_key).where(
        ConveyedRight.office == "US", ConveyedRight.reference == _one_of(references)
    )
    for reference, application, patent in session.execute(query.order_by(ConveyedRight.id)):
        found.setdefault(reference, []).append((application, _patent_only(patent)))
    return found


def _patent_only(number: str) -> str:
    """A publication of an application, eleven digits from its year on, is no patent."""
    return "" if len(number) == 11 and number.isdigit() else number


def _rights_on(asset: Asset, rows: list[Conveyance]) -> list[RecordedRight]:
    """The ways in which recordations name this right."""
    from_rows = _places([row.reference for row in rows])
    patents, application = keys_of(asset)
    return [
        RecordedRight(*place)
        for found in from_rows.values()
        for place in found
        if place[1] in patents or (place[0] and place[0] == application)
    ]


def _on_same_rights(places: set[Place], known_at: datetime | None) -> list[Conveyance]:
    applications = [application for application, _patent in places if application]
    patents = [patent for _application, patent in places if patent]
    references = (
        select(ConveyedRight.reference)
        .where(
            ConveyedRight.office == "US",
            or_(ConveyedRight.application_key == _one_of(applications), ConveyedRight.patent_key == _one_of(patents)),
        )
        .distinct()
    )
    return _known(select(Conveyance).where(Conveyance.office == "US", Conveyance.reference.in_(references)), known_at)


def _with_parties(keys: Iterable[str], known_at: datetime | None) -> list[Conveyance]:
    wanted = bindparam(None, list(keys), type_=ARRAY(String))
    query = select(Conveyance).where(Conveyance.office == "US", Conveyance.party_keys.op("?|")(wanted))
    return _known(query, known_at)


def _known(query: Any, known_at: datetime | None) -> list[Conveyance]:
    if known_at is not None:
        query = query.where(Conveyance.known_from <= known_at)
    return list(session.execute(query).scalars())


def _one_of(values: list[str]) -> Any:
    return any_(bindparam(None, values, type_=ARRAY(String)))


def _act(row: Conveyance) -> SecurityAct:
    return act_of(row.conveyance_class, row.words)


def _day(day: date, recordings: list[Recording]) -> dict[str, Any]:
    """How the chain stands after a day's recordings."""
    news = [item for item in recordings if item.shown_on == day and item.act is not SecurityAct.NONE]
    return {
        "on": day.isoformat(),
        "recordings": [
            {"reference": item.reference, "act": item.act.value, "words": item.words, "rights": len(item.rights)}
            for item in sorted(news, key=lambda item: item.reference)
        ],
        **_state(replay(recordings, day)),
    }


def _state(book: SecurityBook) -> dict[str, Any]:
    """Who is lender on how many rights in which rank, and how many rights are free again."""
    ranks = book.ranks()
    lenders: dict[str, dict[str, Any]] = {}
    counted: dict[tuple[str, int], set[str]] = {}
    for interest, hold, rank in ranks:
        line = lenders.setdefault(hold.lender, {"lender": hold.lender, "references": [], "grantors": []})
        line["references"] = list(dict.fromkeys([*line["references"], *interest.references]))
        line["grantors"] = list(dict.fromkeys([*line["grantors"], *interest.grantors]))
        counted.setdefault((hold.lender, rank), set()).add(hold.right.key)
    for lender, line in lenders.items():
        by_rank = {str(rank): len(keys) for (name, rank), keys in sorted(counted.items()) if name == lender}
        every = {key for (name, _rank), keys in counted.items() if name == lender for key in keys}
        patents = {hold.right.patent for _interest, hold, _rank in ranks if hold.lender == lender} - {""}
        line.update(rights=len(every), patents=len(patents), by_rank=by_rank)
    standing = [hold.right for _interest, hold, _rank in ranks]
    return {
        "lenders": list(lenders.values()),
        "rights_under_pledge": len({right.key for right in standing}),
        "patents_under_pledge": len({right.patent for right in standing} - {""}),
        "applications_under_pledge": len({right.application or right.key for right in standing}),
        "rights_released": len(book.released()),
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
