"""The opening ceremony: officers with keys of their own, the shares of a lot's key, and two of them who open it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, session
from marketplace.core.errors import Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.deals import sealing
from marketplace.deals.sealing import THRESHOLD, CannotOpen
from marketplace.identity.sign_in import require_fresh


class TooFewOfficers(Refused):
    """Sealed bids need at least two officers who can open them together."""

    message = _l("Sealed bids need two opening officers with a key; the operator has not named them yet.")


class WrongOpeningKey(Refused):
    """The key given is not the one this officer's share was sealed to."""

    message = _l("This is not the key your share of this lot was sealed to.")


class NotAnOfficerHere(Refused):
    """The person holds no share of this lot's key, or has already given it."""

    message = _l("You hold no share of this lot's key that is still to be given.")


class OpeningOfficer(Model):
    """A person who takes part in openings; only the public half of the key is kept here."""

    __tablename__ = "opening_officers"
    __table_args__ = (
        Index("uq_opening_officers_one_key", "person_id", unique=True, postgresql_where=text("retired_at IS NULL")),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    public_key: Mapped[str] = mapped_column(String(64))
    named_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class OpeningShare(Model):
    """One officer's share of a lot's key: sealed to the officer until the lot is closed and the officer gives it."""

    __tablename__ = "opening_shares"
    __table_args__ = (UniqueConstraint("auction_id", "number"), UniqueConstraint("auction_id", "officer_id"))

    auction_id: Mapped[UUID] = mapped_column(ForeignKey("auctions.id"))
    officer_id: Mapped[UUID] = mapped_column(ForeignKey("opening_officers.id"))
    number: Mapped[int]
    sealed_share: Mapped[bytes] = mapped_column(LargeBinary)
    share: Mapped[bytes | None] = mapped_column(LargeBinary)
    given_at: Mapped[datetime | None]


@dataclass(frozen=True)
class OfficerNamed(Fact):
    """A person took on the opening of sealed bids with a new key."""

    officer_id: UUID
    person_id: UUID
    public_key: str


@dataclass(frozen=True)
class ShareGiven(Fact):
    """An officer gave the share of a closed lot."""

    auction_id: UUID
    officer_id: UUID


def may_open(actor: Actor) -> bool:
    """Whether the person may be an opening officer: the operator's people and auditors, who never trade."""
    return actor.may("platform.operate") or actor.may("audit.read")


def name_officer(actor: Actor, now: datetime) -> tuple[OpeningOfficer, str]:
    """Take on openings: the private key is answered once and kept nowhere; an earlier key serves older lots only."""
    require(may_open(actor) and actor.person_id is not None)
    require_fresh(actor, now)
    known = officer_of(actor)
    if known is not None:
        known.retired_at = now
        session.flush()
    private, public = sealing.new_key()
    officer = OpeningOfficer(person_id=actor.person_id, public_key=public, named_at=now)
    session.add(officer)
    session.flush()
    announce(actor, now, OfficerNamed(officer.id, officer.person_id, public))
    return officer, private


def officer_of(actor: Actor) -> OpeningOfficer | None:
    """The person's current key."""
    query = select(OpeningOfficer).where(
        OpeningOfficer.person_id == actor.person_id, OpeningOfficer.retired_at.is_(None)
    )
    found: OpeningOfficer | None = session.execute(query).scalar_one_or_none()
    return found


def make_opening_key() -> tuple[str, list[tuple[UUID, int, bytes]]]:
    """A fresh key for one lot: its public half, and the shares sealed to every officer; nothing else remains."""
    query = select(OpeningOfficer).where(OpeningOfficer.retired_at.is_(None)).order_by(OpeningOfficer.id)
    officers = list(session.execute(query).scalars())
    require(len(officers) >= THRESHOLD, TooFewOfficers())
    seed = sealing.new_seed()
    shares = sealing.split_seed(seed, len(officers))
    sealed = [
        (officer.id, number, sealing.seal(share, officer.public_key, "share"))
        for officer, (number, share) in zip(officers, shares, strict=True)
    ]
    return sealing.public_key_of(seed), sealed


def keep_shares(auction_id: UUID, shares: list[tuple[UUID, int, bytes]]) -> None:
    """Keep the sealed shares beside the lot."""
    for officer_id, number, sealed in shares:
        session.add(OpeningShare(auction_id=auction_id, officer_id=officer_id, number=number, sealed_share=sealed))
    session.flush()


def shares_of(auction_id: UUID) -> list[OpeningShare]:
    """The shares of a lot's key, in their order."""
    query = select(OpeningShare).where(OpeningShare.auction_id == auction_id).order_by(OpeningShare.number)
    return list(session.execute(query).scalars())


def share_of(actor: Actor, auction_id: UUID) -> OpeningShare | None:
    """The share this person still has to give."""
    query = (
        select(OpeningShare)
        .join(OpeningOfficer, OpeningOfficer.id == OpeningShare.officer_id)
        .where(
            OpeningShare.auction_id == auction_id,
            OpeningOfficer.person_id == actor.person_id,
            OpeningShare.given_at.is_(None),
        )
    )
    found: OpeningShare | None = session.execute(query).scalars().first()
    return found


def give_share(actor: Actor, auction_id: UUID, private_key: str, now: datetime) -> bytes | None:
    """Give one's share of a closed lot's key; the second one answers the lot's seed.

    The caller has locked the lot and seen that it waits for its opening.
    """
    require(may_open(actor))
    require_fresh(actor, now)
    mine = share_of(actor, auction_id)
    if mine is None:
        raise NotAnOfficerHere()
    try:
        mine.share = sealing.unseal_with_key(mine.sealed_share, private_key, "share")
    except CannotOpen as fault:
        raise WrongOpeningKey() from fault
    mine.given_at = now
    session.flush()
    announce(actor, now, ShareGiven(auction_id, mine.officer_id))
    given = [(one.number, one.share) for one in shares_of(auction_id) if one.share is not None]
    return sealing.join_shares(given) if len(given) >= THRESHOLD else None
