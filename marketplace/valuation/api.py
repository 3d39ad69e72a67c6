"""The JSON API of valuation."""

from typing import Any
from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, needs, public, signed_in
from marketplace.valuation import (
    appraisals,
    batches,
    freezes,
    indicator_tables,
    jobs,
    portfolio,
    reports,
    review_api,
    scorecard_panels,
    what_if,
)
from marketplace.valuation.blueprints import api
from marketplace.valuation.schemas import (
    AppraisalIn,
    AppraisalOut,
    AppraisalPageOut,
    BatchIn,
    BatchOut,
    BatchValuesIn,
    BatchValuesOut,
    IndicationIn,
    IndicationOut,
    IndicationPageOut,
    IndicatorTableIn,
    IndicatorTableOut,
    PortfolioOut,
    WhatIfIn,
    WhatIfOut,
    inputs_of,
)
from marketplace.valuation.scorecard_schemas import FreezeLiftIn, FreezeOut, ScorecardOut

JOBS = jobs
MORE_ROUTES = review_api


@api.post("/assets/<uuid:asset_id>/indications")
@signed_in
@idempotent
@api.input(IndicationIn, arg_name="wish")
@api.output(IndicationOut, status_code=201)
def indicate_value(asset_id: UUID, wish: dict[str, Any]) -> Any:
    """Indicate P10, P50 and P90 of what an asset may be worth for a purpose; never an appraisal."""
    as_of = wish["as_of"]
    return reports.indicate_value(current_actor(), asset_id, wish["purpose"], now(), inputs_of(wish), as_of)


@api.get("/assets/<uuid:asset_id>/indications")
@signed_in
@api.output(IndicationPageOut)
def indications(asset_id: UUID) -> dict[str, Any]:
    """My organisation's indications of an asset, newest first."""
    return {"items": reports.indications_of(current_actor(), asset_id)}


@api.get("/indications/<uuid:indication_id>")
@signed_in
@api.output(IndicationOut)
def show_indication(indication_id: UUID) -> Any:
    """One indication with its snapshot, approaches, reasons and limits."""
    return reports.find_indication(current_actor(), indication_id)


@api.get("/indications/<uuid:indication_id>/what-if")
@signed_in
@api.input(WhatIfIn, location="query", arg_name="given")
@api.output(WhatIfOut)
def imagine(indication_id: UUID, given: dict[str, Any]) -> Any:
    """The formulas under assumptions of one's own; not a valuation and not kept."""
    return what_if.imagine(current_actor(), indication_id, given)


@api.post("/assets/<uuid:asset_id>/appraisals")
@signed_in
@idempotent
@api.input(AppraisalIn, arg_name="stated")
@api.output(AppraisalOut, status_code=201)
def add_appraisal(asset_id: UUID, stated: dict[str, Any]) -> Any:
    """Keep an appraisal, a bank's own value or a negotiated value beside our indications."""
    return appraisals.add_appraisal(current_actor(), asset_id, stated, now())


@api.get("/assets/<uuid:asset_id>/appraisals")
@signed_in
@api.output(AppraisalPageOut)
def my_appraisals(asset_id: UUID) -> dict[str, Any]:
    """Values from elsewhere that my organisation keeps for an asset."""
    return {"items": appraisals.appraisals_of(current_actor(), asset_id)}


@api.post("/valuation-batches")
@signed_in
@idempotent
@api.input(BatchIn, arg_name="order")
@api.output(BatchOut, status_code=202)
def order_batch(order: dict[str, Any]) -> Any:
    """Ask for values of many rights at once."""
    return batches.order_batch(current_actor(), order["purpose"], order["asset_ids"], now())


@api.get("/valuation-batches/<uuid:batch_id>")
@signed_in
@api.output(BatchOut)
def show_batch(batch_id: UUID) -> Any:
    """How far a batch is, and what was refused."""
    return batches.find_batch(current_actor(), batch_id)


@api.get("/valuation-batches/<uuid:batch_id>/values")
@signed_in
@api.input(BatchValuesIn, location="query", arg_name="where")
@api.output(BatchValuesOut)
def batch_values(batch_id: UUID, where: dict[str, Any]) -> dict[str, Any]:
    """The ranges of a batch; an indication as of the batch's instant says the same with its reasons."""
    return {"items": batches.values_of_batch(current_actor(), batch_id, where["after"], where["limit"])}


@api.get("/valuation-batches/<uuid:batch_id>/portfolio")
@signed_in
@api.output(PortfolioOut)
def batch_portfolio(batch_id: UUID) -> dict[str, Any]:
    """What the rights of a batch are worth together: families count once, and all are taken to fall together."""
    return {"items": portfolio.portfolio_of_batch(current_actor(), batch_id)}


@api.get("/valuations/scorecard")
@public
@api.output(ScorecardOut)
def show_scorecard() -> dict[str, Any]:
    """How our past ranges did against closed deals, the bad ones included."""
    return scorecard_panels.public_scorecard(now())


@api.post("/valuation-freezes/<uuid:freeze_id>/lift")
@needs("platform.operate")
@idempotent
@api.input(FreezeLiftIn, arg_name="wish")
@api.output(FreezeOut)
def lift_freeze(freeze_id: UUID, wish: dict[str, Any]) -> Any:
    """Let automatic values go on after people have looked."""
    return freezes.lift_freeze(current_actor(), freeze_id, wish["reason"], now())


@api.get("/valuations/indicator-table")
@public
@api.output(IndicatorTableOut)
def show_indicator_table() -> dict[str, Any]:
    """The indicator table in force; illustrative, without any claim of compliance."""
    table = indicator_tables.table_in_force(now())
    return {"version": table["version"], "content": table}


@api.post("/valuations/indicator-tables")
@needs("platform.operate")
@idempotent
@api.input(IndicatorTableIn, arg_name="entered")
@api.output(IndicatorTableOut, status_code=201)
def enter_indicator_table(entered: dict[str, Any]) -> Any:
    """Enter a new version of the indicator table; older indications keep theirs."""
    return indicator_tables.enter_table(current_actor(), entered["content"], entered["reason"], now())
