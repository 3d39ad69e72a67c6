"""Saved searches: a person is told once of every asset that newly matches, whichever of their searches found it."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from flask_babel import force_locale
from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import Model, find, new_id, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.identity.people import Person
from marketplace.listings.asset_documents import among
from marketplace.listings.cards import cards
from marketplace.listings.facets import filter_query
from marketplace.listings.query import read_query
from marketplace.listings.search import Sort, matching_asset_ids
from marketplace.listings.wording import SEARCH_MATCHES
from marketplace.notices.email import STOP_LINK, absolute_link
from marketplace.notices.inbox import tell_person

MOST_MATCHES = 5_000
MOST_SAVED = 50
MOST_NAMED = 10


class SearchTooWide(Refused):
    """So many assets match that an alert would mean nothing."""

    message = _l("More than %(limit)s assets match. Narrow the search before saving it.")


class TooManySavedSearches(Refused):
    """One person keeps a limited number of saved searches."""

    message = _l("You have %(limit)s saved searches already; delete one first.")


class Cadence(StrEnum):
    """How often new matches are told."""

    INSTANT = "instant"
    DAILY = "daily"
    WEEKLY = "weekly"


PAUSES = {Cadence.INSTANT: timedelta(0), Cadence.DAILY: timedelta(days=1), Cadence.WEEKLY: timedelta(days=7)}


class SavedSearch(Model):
    """A query one person keeps, with its filters."""

    __tablename__ = "saved_searches"
    __table_args__ = (Index("ix_saved_searches_person", "person_id"), Index("ix_saved_searches_due", "due_at"))

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    name: Mapped[str] = mapped_column(String(120))
    query: Mapped[str] = mapped_column(String(2000))
    filters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    cadence: Mapped[Cadence]
    token: Mapped[str] = mapped_column(String(64), unique=True)
    due_at: Mapped[datetime]


class SearchMatch(Model):
    """An asset a saved search has found; it is told of at most once."""

    __tablename__ = "search_matches"
    __table_args__ = (Index("uq_search_matches", "saved_search_id", "asset_id", unique=True),)

    saved_search_id: Mapped[UUID] = mapped_column(ForeignKey("saved_searches.id", ondelete="CASCADE"))
    asset_id: Mapped[UUID]


@dataclass(frozen=True)
class SearchSaved(Fact):
    """Somebody wants to be told of new matches."""

    saved_search_id: UUID


@dataclass(frozen=True)
class SavedSearchDeleted(Fact):
    """Somebody no longer wants to be told."""

    saved_search_id: UUID


def save_search(
    actor: Actor, name: str, query: str, filters: Mapping[str, Sequence[str]], cadence: Cadence, now: datetime
) -> SavedSearch:
    """Keep a search; what matches today is taken as known, later matches are told."""
    require(actor.person_id is not None and actor.organisation_id is not None)
    kept = {key: list(values) for key, values in filters.items() if values}
    read_query(query)
    for key, values in kept.items():
        filter_query(key, values, now.date())
    require(len(saved_searches_of(actor)) < MOST_SAVED, TooManySavedSearches(limit=MOST_SAVED))
    found = matching_asset_ids(query, kept, actor, MOST_MATCHES + 1)
    require(len(found) <= MOST_MATCHES, SearchTooWide(limit=MOST_MATCHES))
    saved = SavedSearch(
        organisation_id=actor.organisation_id, person_id=actor.person_id, name=name.strip() or query[:120] or "*",
        query=query, filters=kept, cadence=cadence, token=secrets.token_urlsafe(32), due_at=now + PAUSES[cadence],
    )  # fmt: skip
    session.add(saved)
    session.flush()
    _note_new(saved, found)
    announce(actor, now, SearchSaved(saved.id))
    return saved


def saved_searches_of(actor: Actor) -> list[SavedSearch]:
    """The person's saved searches in the acting organisation, newest first."""
    query = select(SavedSearch).where(
        SavedSearch.person_id == actor.person_id, SavedSearch.organisation_id == actor.organisation_id
    )
    return list(session.execute(query.order_by(SavedSearch.id.desc())).scalars())


def delete_saved_search(actor: Actor, saved_search_id: UUID, now: datetime) -> None:
    """Stop one's own saved search."""
    saved = find(SavedSearch, saved_search_id, lock=True)
    mine = saved.person_id == actor.person_id and saved.organisation_id == actor.organisation_id
    require(mine, NotFound())
    _drop(actor, saved, now)


def saved_search_by_token(token: str) -> SavedSearch:
    """The saved search an unsubscribe link belongs to."""
    saved = session.execute(select(SavedSearch).where(SavedSearch.token == token)).scalar_one_or_none()
    if saved is None:
        raise NotFound()
    return saved


def unsubscribe(token: str, now: datetime) -> None:
    """Stop a saved search by the link in its notices, without signing in."""
    _drop(SYSTEM, saved_search_by_token(token), now)


def _drop(actor: Actor, saved: SavedSearch, now: datetime) -> None:
    session.delete(saved)
    session.flush()
    announce(actor, now, SavedSearchDeleted(saved.id))


def tell_new_matches(now: datetime) -> int:
    """Run every saved search that is due and tell what is new; returns how many notices were written."""
    query = select(SavedSearch).where(SavedSearch.due_at <= now).order_by(SavedSearch.due_at).limit(500)
    told = 0
    for saved in session.execute(query.with_for_update(skip_locked=True)).scalars():
        owner = Actor(person_id=saved.person_id, organisation_id=saved.organisation_id, via="job")
        found = matching_asset_ids(saved.query, saved.filters, owner, MOST_MATCHES, Sort.NEWEST_LISTED)
        new = _not_told_by_another(saved, _note_new(saved, found))
        if new:
            told += 1
            _tell(saved, new, now)
        saved.due_at = now + PAUSES[saved.cadence]
    session.flush()
    return told


def _tell(saved: SavedSearch, new: Sequence[UUID], now: datetime) -> None:
    with force_locale(find(Person, saved.person_id).language):
        shown = [f"{card.asset.label} {card.asset.title}" for card in cards(new[:MOST_NAMED])]
    words = {"name": saved.name, "count": len(new), "assets": "\n".join(shown)}
    stop = {STOP_LINK: absolute_link(f"/unsubscribe/{saved.token}")}
    link = f"/saved-searches/{saved.id}"
    tell_person(saved.person_id, saved.organisation_id, SEARCH_MATCHES, words | stop, link, now)


def _not_told_by_another(saved: SavedSearch, asset_ids: Sequence[UUID]) -> list[UUID]:
    """Those the person does not know from another of their saved searches."""
    query = (
        select(SearchMatch.asset_id)
        .join(SavedSearch, SavedSearch.id == SearchMatch.saved_search_id)
        .where(among(SearchMatch.asset_id, asset_ids), SavedSearch.person_id == saved.person_id)
        .where(SavedSearch.organisation_id == saved.organisation_id, SavedSearch.id != saved.id)
    )
    known = set(session.execute(query).scalars())
    return [asset_id for asset_id in asset_ids if asset_id not in known]


def _note_new(saved: SavedSearch, asset_ids: Sequence[UUID]) -> list[UUID]:
    if not asset_ids:
        return []
    rows = [{"id": new_id(), "saved_search_id": saved.id, "asset_id": asset_id} for asset_id in asset_ids]
    statement = insert(SearchMatch).on_conflict_do_nothing(index_elements=["saved_search_id", "asset_id"])
    return list(session.execute(statement.returning(SearchMatch.asset_id), rows).scalars())


def newest_matches(actor: Actor, saved_search_id: UUID, limit: int = 50) -> list[UUID]:
    """What one's own saved search found last, newest first."""
    saved = find(SavedSearch, saved_search_id)
    require(saved.person_id == actor.person_id and saved.organisation_id == actor.organisation_id, NotFound())
    query = select(SearchMatch.asset_id).where(SearchMatch.saved_search_id == saved.id)
    return list(session.execute(query.order_by(SearchMatch.id.desc()).limit(limit)).scalars())
