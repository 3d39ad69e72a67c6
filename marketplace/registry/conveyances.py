"""Recorded conveyances: assignments, security interests, their transfer and release, as offices record them."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Index, String, Text, func, or_, select, tuple_
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Model, session
from marketplace.registry.assets import Asset, application_key, number_key
from marketplace.registry.names import party_key
from marketplace.registry.offices.record import Conveyance as RecordedConveyance
from marketplace.registry.offices.record import PropertyReference
from marketplace.registry.pouring import pour


class Conveyance(Model):
    """One recordation, under its reel and frame."""

    __tablename__ = "conveyances"
    __table_args__ = (
        Index("uq_conveyances_reference", "office", "reference", unique=True),
        Index("ix_conveyances_party_keys", "party_keys", postgresql_using="gin"),
    )

    office: Mapped[str] = mapped_column(String(2))
    reference: Mapped[str] = mapped_column(String(40))
    conveyance_class: Mapped[str] = mapped_column(String(30))
    words: Mapped[str] = mapped_column(Text)
    recorded_on: Mapped[date | None] = mapped_column(Date)
    executed_on: Mapped[date | None] = mapped_column(Date)
    assignors: Mapped[list[str]]
    assignees: Mapped[list[str]]
    party_keys: Mapped[list[str]] = mapped_column(default=list)
    known_from: Mapped[datetime]


class ConveyedRight(Model):
    """One right that a recordation touches; the recordation itself may arrive in another file."""

    __tablename__ = "conveyed_rights"
    __table_args__ = (
        Index("uq_conveyed_rights", "office", "reference", "application_key", "patent_key", unique=True),
        Index("ix_conveyed_rights_application_key", "application_key"),
        Index("ix_conveyed_rights_patent_key", "patent_key"),
    )

    office: Mapped[str] = mapped_column(String(2))
    reference: Mapped[str] = mapped_column(String(40))
    application_key: Mapped[str] = mapped_column(String(60))
    patent_key: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(Text)
    known_from: Mapped[datetime]


def store_conveyances(rows: Iterable[RecordedConveyance], now: datetime) -> tuple[int, int]:
    """Store recordations and the rights they touch, each once; returns how many rows were new and known."""
    given = list(rows)
    headings = {(row.office, row.reference): _heading(row, now) for row in given if row.text or row.assignors}
    rights = {_place(row, item): item.title for row in given for item in row.properties}
    known_headings = _known(Conveyance.office, Conveyance.reference, places=list(headings))
    known_rights = _known(
        ConveyedRight.office,
        ConveyedRight.reference,
        ConveyedRight.application_key,
        ConveyedRight.patent_key,
        places=list(rights),
    )
    pour(Conveyance, [row for place, row in headings.items() if place not in known_headings], skip_known=True)
    names = ("office", "reference", "application_key", "patent_key")
    pour(
        ConveyedRight,
        [
            {**dict(zip(names, place, strict=True)), "title": title, "known_from": now}
            for place, title in rights.items()
            if place not in known_rights
        ],
        skip_known=True,
    )
    created = sum(1 for row in given if _tells_news(row, known_headings, known_rights))
    return created, len(given) - created


def _tells_news(row: RecordedConveyance, known_headings: set[Any], known_rights: set[Any]) -> bool:
    if (row.text or row.assignors) and (row.office, row.reference) not in known_headings:
        return True
    return any(_place(row, item) not in known_rights for item in row.properties)


def _place(row: RecordedConveyance, item: PropertyReference) -> tuple[str, str, str, str]:
    return (
        row.office,
        row.reference,
        application_key(row.office, item.application_number)[:60],
        number_key(item.patent_number or item.publication_number)[:60],
    )


def _known(*columns: Any, places: list[Any]) -> set[Any]:
    if not places:
        return set()
    return {tuple(row) for row in session.execute(select(*columns).where(tuple_(*columns).in_(places)))}


def _heading(row: RecordedConveyance, now: datetime) -> dict[str, Any]:
    return {
        "office": row.office,
        "reference": row.reference,
        "conveyance_class": row.conveyance_class[:30],
        "words": row.text,
        "recorded_on": row.recorded_on,
        "executed_on": row.executed_on,
        "assignors": list(row.assignors),
        "assignees": list(row.assignees),
        "party_keys": sorted({party_key(name)[:500] for name in (*row.assignors, *row.assignees)}),
        "known_from": now,
    }


def keys_of(asset: Asset) -> tuple[set[str], str]:
    """The patent numbers and the application number of an asset, as recordations are compared."""
    numbers = (number_key(asset.number), number_key(asset.facts.get("registration_number", "")))
    return {number for number in numbers if number}, application_key(asset.office, asset.application_number)


def conveyances_of(asset: Asset, known_at: datetime | None = None) -> list[Conveyance]:
    """The recordations that touch the asset, in the order of their recording, by what is or was known."""
    patents, application = keys_of(asset)
    query = (
        select(Conveyance)
        .join(
            ConveyedRight,
            (ConveyedRight.office == Conveyance.office) & (ConveyedRight.reference == Conveyance.reference),
        )
        .where(
            Conveyance.office == asset.office,
            or_(ConveyedRight.patent_key.in_(patents), ConveyedRight.application_key == (application or "-")),
        )
        .order_by(Conveyance.recorded_on, Conveyance.reference)
    )
    if known_at is not None:
        query = query.where(Conveyance.known_from <= known_at, ConveyedRight.known_from <= known_at)
    return list(session.execute(query.distinct()).scalars())


def count_rights(reference: str, office: str = "US") -> int:
    """How many rights a recordation touches."""
    query = select(func.count()).where(ConveyedRight.office == office, ConveyedRight.reference == reference)
    return int(session.execute(query).scalar_one())
