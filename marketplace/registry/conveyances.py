"""Recorded conveyances: assignments, security interests, their transfer and release, as offices record them."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import Date, Index, String, Text, func, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Model, new_id, session
from marketplace.registry.assets import Asset, application_key, number_key
from marketplace.registry.offices.record import Conveyance as RecordedConveyance


class Conveyance(Model):
    """One recordation, under its reel and frame."""

    __tablename__ = "conveyances"
    __table_args__ = (Index("uq_conveyances_reference", "office", "reference", unique=True),)

    office: Mapped[str] = mapped_column(String(2))
    reference: Mapped[str] = mapped_column(String(40))
    conveyance_class: Mapped[str] = mapped_column(String(30))
    words: Mapped[str] = mapped_column(Text)
    recorded_on: Mapped[date | None] = mapped_column(Date)
    executed_on: Mapped[date | None] = mapped_column(Date)
    assignors: Mapped[list[str]]
    assignees: Mapped[list[str]]
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


def store_conveyances(rows: Iterable[RecordedConveyance], now: datetime) -> tuple[int, int]:
    """Store recordations and the rights they touch, each once; returns how many rows were new and known."""
    created = unchanged = 0
    for row in rows:
        news = _store_heading(row, now) if row.text or row.assignors else False
        rights = [
            {
                "id": new_id(),
                "office": row.office,
                "reference": row.reference,
                "application_key": application_key(row.office, item.application_number)[:60],
                "patent_key": number_key(item.patent_number or item.publication_number)[:60],
                "title": item.title,
            }
            for item in row.properties
        ]
        if rights:
            added = session.execute(
                upsert(ConveyedRight).on_conflict_do_nothing().returning(ConveyedRight.id), rights
            ).all()
            news = news or bool(added)
        created += news
        unchanged += not news
    return created, unchanged


def _store_heading(row: RecordedConveyance, now: datetime) -> bool:
    added = session.execute(
        upsert(Conveyance)
        .values(
            id=new_id(),
            office=row.office,
            reference=row.reference,
            conveyance_class=row.conveyance_class[:30],
            words=row.text,
            recorded_on=row.recorded_on,
            executed_on=row.executed_on,
            assignors=list(row.assignors),
            assignees=list(row.assignees),
            known_from=now,
        )
        .on_conflict_do_nothing()
        .returning(Conveyance.id)
    ).first()
    return added is not None


def conveyances_of(asset: Asset) -> list[Conveyance]:
    """The recordations that touch the asset, in the order of their recording."""
    numbers = [number_key(asset.number), number_key(asset.facts.get("registration_number", ""))]
    query = (
        select(Conveyance)
        .join(
            ConveyedRight,
            (ConveyedRight.office == Conveyance.office) & (ConveyedRight.reference == Conveyance.reference),
        )
        .where(
            Conveyance.office == asset.office,
            or_(
                ConveyedRight.patent_key.in_([number for number in numbers if number]),
                ConveyedRight.application_key == (application_key(asset.office, asset.application_number) or "-"),
            ),
        )
        .order_by(Conveyance.recorded_on, Conveyance.reference)
    )
    return list(session.execute(query.distinct()).scalars())


def count_rights(reference: str, office: str = "US") -> int:
    """How many rights a recordation touches."""
    query = select(func.count()).where(ConveyedRight.office == office, ConveyedRight.reference == reference)
    return int(session.execute(query).scalar_one())
