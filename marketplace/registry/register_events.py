"""The register's timeline: what happened to a right, when, by which source, and since when we know."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Index, String, Text, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Model, session


class RegisterEventType(StrEnum):
    """The twelve entries of the Chinese patent register, and what offices tell besides."""

    GRANT = "grant"
    TRANSFER = "transfer"
    PLEDGE_OR_PRESERVATION = "pledge_or_preservation"
    LICENCE_RECORDAL = "licence_recordal"
    DECLASSIFICATION = "declassification"
    INVALIDATION = "invalidation"
    TERMINATION = "termination"
    RESTORATION = "restoration"
    TERM_COMPENSATION = "term_compensation"
    OPEN_LICENCE = "open_licence"
    COMPULSORY_LICENCE = "compulsory_licence"
    OWNER_DETAILS_CHANGE = "owner_details_change"
    PUBLICATION = "publication"
    EXAMINATION = "examination"
    WITHDRAWAL_OR_REFUSAL = "withdrawal_or_refusal"
    FEE = "fee"
    UNKNOWN = "unknown"


T = RegisterEventType
CHINESE_CODES = {
    "PB01": T.PUBLICATION, "C06": T.PUBLICATION, "SE01": T.EXAMINATION, "C10": T.EXAMINATION, "GR01": T.GRANT,
    "C14": T.GRANT, "WD01": T.WITHDRAWAL_OR_REFUSAL, "C02": T.WITHDRAWAL_OR_REFUSAL, "RJ01": T.WITHDRAWAL_OR_REFUSAL,
    "TR01": T.TRANSFER, "TA01": T.TRANSFER, "ASS": T.TRANSFER, "EE01": T.LICENCE_RECORDAL, "EM01": T.LICENCE_RECORDAL,
    "EC01": T.LICENCE_RECORDAL, "PE01": T.PLEDGE_OR_PRESERVATION, "PM01": T.PLEDGE_OR_PRESERVATION,
    "PC01": T.PLEDGE_OR_PRESERVATION, "PP01": T.PLEDGE_OR_PRESERVATION, "PD01": T.PLEDGE_OR_PRESERVATION,
    "CF01": T.TERMINATION, "CX01": T.TERMINATION, "C17": T.TERMINATION, "C19": T.TERMINATION, "IW01": T.INVALIDATION,
    "IP01": T.INVALIDATION, "RR01": T.RESTORATION, "AV01": T.TERMINATION, "CP01": T.OWNER_DETAILS_CHANGE,
    "CP02": T.OWNER_DETAILS_CHANGE, "CP03": T.OWNER_DETAILS_CHANGE, "OL01": T.OPEN_LICENCE,
}  # fmt: skip
EUROPEAN_CODES = {
    "AK": T.PUBLICATION, "17P": T.EXAMINATION, "17Q": T.EXAMINATION, "18D": T.WITHDRAWAL_OR_REFUSAL,
    "18W": T.WITHDRAWAL_OR_REFUSAL, "18R": T.WITHDRAWAL_OR_REFUSAL, "26N": T.INVALIDATION, "27W": T.INVALIDATION,
    "PG25": T.TERMINATION, "PGFP": T.FEE, "RAP1": T.OWNER_DETAILS_CHANGE, "RAP2": T.OWNER_DETAILS_CHANGE,
    "EEER": T.EXAMINATION, "MKLA": T.TERMINATION, "FZDE": T.TERMINATION, "FPAY": T.FEE, "MAFP": T.FEE,
    "AS": T.TRANSFER, "STCF": T.GRANT, "LAPS": T.TERMINATION, "FP": T.TERMINATION, "FEPP": T.FEE,
}  # fmt: skip
_ST27_CATEGORIES = {
    "A": T.PUBLICATION, "B": T.EXAMINATION, "C": T.EXAMINATION, "D": T.EXAMINATION, "E": T.EXAMINATION,
    "F": T.GRANT, "G": T.TERM_COMPENSATION, "H": T.TERMINATION, "K": T.RESTORATION, "L": T.EXAMINATION,
    "M": T.FEE, "Q": T.PUBLICATION, "R": T.OWNER_DETAILS_CHANGE, "S": T.LICENCE_RECORDAL, "U": T.FEE,
}  # fmt: skip


class RegisterEvent(Model):
    """One event with its day of effect and the moment we learned of it; a correction closes the old row."""

    __tablename__ = "register_events"
    __table_args__ = (
        Index(
            "uq_register_events_current",
            "asset_id",
            "event_key",
            unique=True,
            postgresql_where=text("known_to IS NULL"),
        ),
    )

    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"), index=True)
    type: Mapped[RegisterEventType]
    code: Mapped[str] = mapped_column(String(60))
    scheme: Mapped[str] = mapped_column(String(30))
    words: Mapped[str] = mapped_column(Text, default="")
    valid_on: Mapped[date | None] = mapped_column(Date)
    source: Mapped[str] = mapped_column(String(200), default="")
    event_key: Mapped[str] = mapped_column(String(64))
    known_from: Mapped[datetime]
    known_to: Mapped[datetime | None]


def event_type_of(scheme: str, code: str, granted: bool = False) -> RegisterEventType:
    """What a code means here; a code nobody mapped stays unknown rather than being guessed."""
    if scheme == "publication":
        return T.GRANT if granted else T.PUBLICATION
    if scheme == "st27":
        return _ST27_CATEGORIES.get(code[:1].upper(), T.UNKNOWN)
    if scheme in ("inpadoc-cn", "cnipa"):
        return CHINESE_CODES.get(code, T.UNKNOWN)
    if scheme.startswith("inpadoc"):
        return EUROPEAN_CODES.get(code, T.UNKNOWN)
    return T.UNKNOWN


def events_of(asset_id: UUID, on: date | None = None, known_at: datetime | None = None) -> list[RegisterEvent]:
    """The timeline up to a day, by what is or was known; events without a day stand first."""
    query = select(RegisterEvent).where(RegisterEvent.asset_id == asset_id)
    if known_at is None:
        query = query.where(RegisterEvent.known_to.is_(None))
    else:
        query = query.where(
            RegisterEvent.known_from <= known_at,
            or_(RegisterEvent.known_to.is_(None), RegisterEvent.known_to > known_at),
        )
    if on is not None:
        query = query.where(or_(RegisterEvent.valid_on.is_(None), RegisterEvent.valid_on <= on))
    rows = session.execute(query.order_by(RegisterEvent.valid_on.nulls_first(), RegisterEvent.id)).scalars()
    return list(rows)
