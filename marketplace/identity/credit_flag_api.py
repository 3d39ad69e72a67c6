"""The JSON API of credit flags."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, needs, signed_in
from marketplace.identity import credit_flags
from marketplace.identity.blueprints import api
from marketplace.identity.organisations import own_organisation
from marketplace.identity.schemas import DecisionIn, FlagOut, FlagsOut, ReasonIn


@api.get("/organisation/credit-flags")
@signed_in
@api.output(FlagsOut)
def own_credit_flags() -> Any:
    """What authorities decided against my organisation, in force or repaired."""
    return {"items": credit_flags.flags_of(own_organisation(current_actor()).id)}


@api.get("/credit-flags")
@needs("platform.verify")
@api.output(FlagsOut)
def list_credit_flags() -> Any:
    """What waits for a second verifier and what is in force."""
    return {"items": [flag for flag, _organisation in credit_flags.flags_to_decide(current_actor())]}


@api.post("/credit-flags")
@needs("platform.verify")
@idempotent
@api.input(DecisionIn, arg_name="given")
@api.output(FlagOut, status_code=201)
def record_credit_flag(given: dict[str, Any]) -> Any:
    """Write an authority's decision down; a second verifier confirms it."""
    return credit_flags.record_flag(current_actor(), credit_flags.Decision(**given), now())


@api.post("/credit-flags/<uuid:flag_id>/confirmation")
@needs("platform.verify")
@idempotent
@api.output(FlagOut)
def confirm_credit_flag(flag_id: UUID) -> Any:
    """Confirm a flag as the second verifier."""
    return credit_flags.confirm_flag(current_actor(), flag_id, now())


@api.post("/credit-flags/<uuid:flag_id>/refusal")
@needs("platform.verify")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(FlagOut)
def refuse_credit_flag(flag_id: UUID, given: dict[str, Any]) -> Any:
    """Refuse a record that is not what the authority decided."""
    return credit_flags.refuse_flag(current_actor(), flag_id, given["reason"], now())


@api.post("/credit-flags/<uuid:flag_id>/repair")
@needs("platform.verify")
@idempotent
@api.input(ReasonIn, arg_name="given")
@api.output(FlagOut)
def repair_credit_flag(flag_id: UUID, given: dict[str, Any]) -> Any:
    """End a flag because the authority repaired or lifted it."""
    return credit_flags.repair_flag(current_actor(), flag_id, given["reason"], now())
