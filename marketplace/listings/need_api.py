"""The JSON API of needs."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from marketplace.core.clock import database_now, now
from marketplace.core.http import current_actor, idempotent, needs, optional_actor, public, signed_in
from marketplace.listings import need_alerts, need_answers, need_matches, need_schemas
from marketplace.listings import needs as needs_room
from marketplace.listings.blueprints import api

_FIELDS = (
    "id", "organisation_id", "title", "text", "classes", "territory", "wanted_right", "budget_shown", "status",
    "published_at", "closes_at", "end_reason",
)  # fmt: skip


def _view(need: needs_room.Need) -> dict[str, Any]:
    actor = optional_actor()
    low, high = need.budget_for(actor)
    answers = [answer for answer, _listing in need_answers.answers_seen_by(actor, need)]
    return {name: getattr(need, name) for name in _FIELDS} | {
        "budget_low": low, "budget_high": high, "answers": answers,
    }  # fmt: skip


def _matches(found: tuple[Sequence[need_matches.Found], Sequence[need_matches.Found]]) -> dict[str, Any]:
    matched, near = ([_match(each) for each in some] for some in found)
    return {"matched": matched, "near": near}


def _match(found: need_matches.Found) -> dict[str, Any]:
    return {
        "need_id": found.need.id,
        "asset_id": found.card.asset.id,
        "label": found.card.asset.label,
        "score": found.match.score,
        "parts": found.match.parts,
        "missing": found.match.missing,
    }


@api.get("/needs")
@public
@api.output(need_schemas.NeedsOut)
def list_needs() -> Any:
    """What is sought now, newest first."""
    return {"items": [_view(need) for need in needs_room.open_needs(database_now())]}


@api.post("/needs")
@needs("deal.trade")
@idempotent
@api.input(need_schemas.NeedIn, arg_name="given")
@api.output(need_schemas.NeedOut, status_code=201)
def publish_need(given: dict[str, Any]) -> Any:
    """Say to everybody what is sought."""
    return _view(needs_room.publish_need(current_actor(), given, database_now()))


@api.get("/needs/<uuid:need_id>")
@public
@api.output(need_schemas.NeedOut)
def show_need(need_id: UUID) -> Any:
    """One need; the buyer sees every answer, a holder its own."""
    return _view(needs_room.find_need(need_id))


@api.get("/needs/<uuid:need_id>/matches")
@needs("deal.trade")
@api.output(need_schemas.MatchesOut)
def need_matches_for_buyer(need_id: UUID) -> Any:
    """For the buyer: the assets that answer its need with their scores, and why others nearly do."""
    actor = current_actor()
    return _matches(need_matches.assets_for(actor, needs_room.own_need(actor, need_id), now()))


@api.get("/needs/matching-my-assets")
@needs("asset.manage")
@api.output(need_schemas.MatchesOut)
def need_matches_for_holder() -> Any:
    """For a holder: the open needs its own assets answer, and nearly answer."""
    return _matches(need_matches.needs_for(current_actor(), now()))


@api.post("/needs/<uuid:need_id>/answers")
@needs("asset.manage")
@idempotent
@api.input(need_schemas.AnswerIn, arg_name="given")
@api.output(need_schemas.NeedAnswerOut, status_code=201)
def answer_need(need_id: UUID, given: dict[str, Any]) -> Any:
    """Show the buyer an own listing."""
    return need_answers.answer_need(current_actor(), need_id, given["listing_id"], given["text"], database_now())


@api.post("/needs/<uuid:need_id>/choice")
@needs("deal.trade")
@idempotent
@api.input(need_schemas.ChosenIn, arg_name="given")
@api.output(need_schemas.NeedOut)
def choose_answer(need_id: UUID, given: dict[str, Any]) -> Any:
    """The need is met by this answer; the talks go on at its listing."""
    return _view(need_answers.choose_answer(current_actor(), need_id, given["answer_id"], database_now()))


@api.post("/needs/<uuid:need_id>/withdrawal")
@needs("deal.trade")
@idempotent
@api.input(need_schemas.EndIn, arg_name="given")
@api.output(need_schemas.NeedOut)
def withdraw_need(need_id: UUID, given: dict[str, Any]) -> Any:
    """Seek no longer."""
    return _view(needs_room.withdraw_need(current_actor(), need_id, given["reason"], database_now()))


@api.post("/needs/<uuid:need_id>/removal")
@needs("platform.operate")
@idempotent
@api.input(need_schemas.EndIn, arg_name="given")
@api.output(need_schemas.NeedOut)
def remove_need(need_id: UUID, given: dict[str, Any]) -> Any:
    """The operator takes a need away."""
    return _view(needs_room.remove_need(current_actor(), need_id, given["reason"], database_now()))


@api.put("/need-alerts")
@signed_in
@api.output({}, status_code=204)
def ask_for_alerts() -> str:
    """Be told of needs one's assets answer."""
    need_alerts.ask_for_alerts(current_actor())
    return ""


@api.delete("/need-alerts")
@signed_in
@api.output({}, status_code=204)
def stop_alerts() -> str:
    """Hear no more of needs."""
    need_alerts.stop_alerts(current_actor())
    return ""
