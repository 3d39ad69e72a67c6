"""The JSON API of the register."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, EmptySchema

from marketplace.core.clock import market_day, now
from marketplace.core.http import current_actor, idempotent, needs, optional_actor, public, signed_in
from marketplace.core.jobs import enqueue
from marketplace.registry import (
    claims,
    consents,
    fee_calendar,
    import_runs,
    instruments,
    jobs,
    owner_names,
    ownership,
    titles,
)
from marketplace.registry.assets import find_asset, find_by_number
from marketplace.registry.extracts import belief_of, extract_of
from marketplace.registry.fee_rules import deadlines_of
from marketplace.registry.instrument_cases import verdict_json
from marketplace.registry.policy import require_visible
from marketplace.registry.rights import Instrument, check_instrument
from marketplace.registry.rights_map import as_json, holdings_of
from marketplace.registry.rules import rules_in_force
from marketplace.registry.schemas import (
    AsOfIn,
    AssetOut,
    ClaimIn,
    ClaimOut,
    ConsentIn,
    ConsentOut,
    DecisionIn,
    EncumbranceChangeIn,
    EncumbranceIn,
    EncumbranceOut,
    ImportIn,
    ImportOut,
    InstrumentIn,
    NameDecisionIn,
    NamePairOut,
    NamePairsIn,
    NothingIn,
    RulesIn,
    deadline_json,
)

api = APIBlueprint("registry_api", __name__, url_prefix="/api/v1", tag="registry")
JOBS = jobs


@api.get("/assets")
@needs("asset.manage")
@api.output(AssetOut(many=True))
def my_assets() -> Any:
    """Every right my organisation holds a share of."""
    return ownership.assets_of(_organisation())


@api.get("/assets/<uuid:asset_id>")
@public
@api.input(AsOfIn, location="query", arg_name="asked")
def show_asset(asset_id: UUID, asked: dict[str, Any]) -> dict[str, Any]:
    """The register extract of a right, today or as of a day."""
    return extract_of(require_visible(optional_actor(), find_asset(asset_id)), asked["as_of"], known=asked["known_at"])


@api.get("/assets/by-number/<path:number>")
@public
@api.input(AsOfIn, location="query", arg_name="asked")
def show_asset_by_number(number: str, asked: dict[str, Any]) -> dict[str, Any]:
    """The register extract of the right that carries a number."""
    return extract_of(
        require_visible(optional_actor(), find_by_number(number)), asked["as_of"], asked=number, known=asked["known_at"]
    )


@api.get("/assets/<uuid:asset_id>/fees")
@public
def show_fees(asset_id: UUID) -> list[dict[str, Any]]:
    """The fees that keep a right alive, paid only by evidence."""
    asset = require_visible(optional_actor(), find_asset(asset_id))
    return [deadline_json(item) for item in deadlines_of(asset, now().date())]


@api.get("/assets/fees")
@needs("asset.manage")
def my_fees() -> list[dict[str, Any]]:
    """What my organisation's rights owe in the next thirteen months, the nearest first."""
    rows = fee_calendar.deadlines_of_organisation(_organisation(), now().date())
    return [{"asset_id": str(asset.id), "number": asset.label} | deadline_json(item) for asset, item in rows]


@api.get("/assets/<uuid:asset_id>/rights")
@public
def show_rights(asset_id: UUID) -> dict[str, Any]:
    """Who may do what with the right, where, for which use, until when."""
    asset = require_visible(optional_actor(), find_asset(asset_id))
    return {"items": [as_json(holding) for holding in holdings_of(asset, now().date())]}


@api.get("/assets/<uuid:asset_id>/title")
@public
@api.input(AsOfIn, location="query", arg_name="asked")
def show_title(asset_id: UUID, asked: dict[str, Any]) -> dict[str, Any]:
    """The chain of title with its gaps, today or as of a day."""
    asset = require_visible(optional_actor(), find_asset(asset_id))
    belief = belief_of(asset, asked["as_of"], asked["known_at"])
    return titles.as_json(titles.title_of(belief.asset, belief.on, belief.known_at))


@api.get("/legal-rules")
@public
@api.input(RulesIn, location="query", arg_name="asked")
def list_rules(asked: dict[str, Any]) -> dict[str, Any]:
    """The rules of law in force on a day, with law, article, version and both languages."""
    on = asked["on"] or market_day(now())
    return {
        "on": on.isoformat(),
        "rules": [rule.as_json() for rule in rules_in_force(on, asked["office"], asked["right"], asked["q"])],
    }


@api.post("/assets/<uuid:asset_id>/instrument-checks")
@signed_in
@api.input(InstrumentIn, arg_name="proposed")
def check_proposed(asset_id: UUID, proposed: dict[str, Any]) -> dict[str, Any]:
    """Weigh a proposed instrument: allowed, or what stands in its way and the nearest lawful act."""
    require_visible(current_actor(), find_asset(asset_id))
    instrument = Instrument(
        kind=proposed["kind"],
        asset_id=asset_id,
        territory=tuple(proposed["territory"]),
        fields=tuple(proposed["fields_of_use"]),
        begins_on=proposed["begins_on"],
        ends_on=proposed["ends_on"],
        exclusivity=proposed["exclusivity"],
        subject_to_earlier=proposed["subject_to_earlier"],
        under=proposed["under"],
    )
    return verdict_json(check_instrument(instrument, now().date()))


check_proposed.__dict__["changes_nothing"] = True


@api.post("/assets/<uuid:asset_id>/claims")
@needs("asset.manage")
@idempotent
@api.input(ClaimIn, arg_name="claim")
@api.output(ClaimOut, status_code=201)
def claim_asset(asset_id: UUID, claim: dict[str, Any]) -> Any:
    """Claim the office's owner name as my organisation's own."""
    require_visible(current_actor(), find_asset(asset_id))
    return claims.claim_ownership(current_actor(), asset_id, now(), claim["reason"], claim["document_id"])


@api.post("/ownership-claims/<uuid:claim_id>/decision")
@needs("platform.verify")
@idempotent
@api.input(DecisionIn, arg_name="decision")
@api.output(ClaimOut)
def decide_claim(claim_id: UUID, decision: dict[str, Any]) -> Any:
    """Accept or reject a claim, as the operator."""
    return claims.decide_claim(current_actor(), claim_id, decision["accept"], now())


@api.get("/owner-name-pairs")
@needs("platform.verify")
@api.input(NamePairsIn, location="query", arg_name="asked")
@api.output(NamePairOut(many=True))
def list_name_pairs(asked: dict[str, Any]) -> Any:
    """Owner names that are probably one party: those that wait, or those decided."""
    return owner_names.name_pairs(asked["decided"])


@api.post("/owner-name-pairs/<uuid:pair_id>/decision")
@needs("platform.verify")
@idempotent
@api.input(NameDecisionIn, arg_name="decision")
@api.output(EmptySchema, status_code=204)
def decide_name_pair(pair_id: UUID, decision: dict[str, Any]) -> Any:
    """Say whether two names are one party, or open the question again."""
    owner_names.decide_names(current_actor(), pair_id, decision["verdict"], decision["reason"], now())


@api.post("/encumbrances/<uuid:encumbrance_id>/consents")
@signed_in
@idempotent
@api.input(ConsentIn, arg_name="consent")
@api.output(ConsentOut, status_code=201)
def give_consent(encumbrance_id: UUID, consent: dict[str, Any]) -> Any:
    """Agree, as the pledgee, to an act on the pledged right."""
    return consents.record_consent(current_actor(), encumbrance_id, consent["act"], None, now())


@api.post("/assets/<uuid:asset_id>/encumbrances")
@needs("platform.operate")
@idempotent
@api.input(EncumbranceIn, arg_name="burden")
@api.output(EncumbranceOut, status_code=201)
def enter_encumbrance(asset_id: UUID, burden: dict[str, Any]) -> Any:
    """Enter a pledge, court order or dispute that an office has recorded, as the operator."""
    return instruments.enter_from_office(current_actor(), asset_id, now=now(), **burden)


@api.post("/encumbrances/<uuid:encumbrance_id>/changes")
@needs("platform.operate")
@idempotent
@api.input(EncumbranceChangeIn, arg_name="change")
@api.output(EncumbranceOut, status_code=201)
def change_encumbrance(encumbrance_id: UUID, change: dict[str, Any]) -> Any:
    """Enter what an office recorded of a burden: transfer, amendment, renewal, release, or an error."""
    return instruments.change_by_operator(current_actor(), encumbrance_id, now=now(), **change)


@api.post("/imports")
@needs("asset.manage")
@idempotent
@api.input(ImportIn, location="form_and_files", arg_name="upload")
@api.output(ImportOut, status_code=201)
def upload_import(upload: dict[str, Any]) -> Any:
    """Upload a file of rights; it is checked first and writes nothing."""
    file = upload["file"]
    run = import_runs.upload_import(current_actor(), file.read(), file.filename or "", upload["format"], now())
    enqueue("registry.check_import", run_id=str(run.id))
    return run


@api.get("/imports/<uuid:run_id>")
@needs("asset.manage")
@api.output(ImportOut)
def show_import(run_id: UUID) -> Any:
    """An import and its report."""
    return import_runs.find_import(current_actor(), run_id)


@api.post("/imports/<uuid:run_id>/confirmation")
@needs("asset.manage")
@idempotent
@api.input(NothingIn, arg_name="nothing")
@api.output(ImportOut)
def confirm_import(run_id: UUID, nothing: dict[str, Any]) -> Any:
    """Bring a checked file into the register."""
    run = import_runs.confirm_import(current_actor(), run_id, now())
    enqueue("registry.bring_in", run_id=str(run.id))
    return run


def _organisation() -> UUID:
    organisation_id = current_actor().organisation_id
    return organisation_id or UUID(int=0)
