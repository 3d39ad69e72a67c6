"""The pages of valuation: asking for a value, the report, what-if, and the public scorecard."""

import json
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, needs, optional_actor, page_form, public, signed_in
from marketplace.core.i18n import _
from marketplace.core.money import Money
from marketplace.registry.assets import Asset, find_asset
from marketplace.registry.panels import asset_panel
from marketplace.valuation import (
    appraisals,
    drawing,
    evidence,
    freezes,
    indicator_tables,
    policy,
    reports,
    review_pages,
    scorecard_panels,
    what_if,
    wording,
)
from marketplace.valuation.blueprints import pages
from marketplace.valuation.renewal_files import default_model
from marketplace.valuation.report_pdf import indication_pdf
from marketplace.valuation.reviews import reviews_of
from marketplace.valuation.schemas import (
    AppraisalForm,
    IndicationIn,
    IndicatorTableForm,
    WhatIfIn,
    inputs_of,
)
from marketplace.valuation.scorecard_schemas import FreezeLiftIn

MORE_ROUTES = review_pages


@pages.context_processor
def words() -> dict[str, Any]:
    """The report's words for the templates of this room."""
    return {"w": wording, "e": evidence, "minor": Money}


@pages.get("/assets/<uuid:asset_id>/valuation")
@signed_in
def ask(asset_id: UUID) -> str:
    """Ask for a value, and the values indicated so far."""
    actor, asset = current_actor(), find_asset(asset_id)
    return render_template(
        "valuation/ask.html",
        asset=asset,
        indications=reports.indications_of(actor, asset.id),
        appraisals=appraisals.appraisals_of(actor, asset.id),
    )


@pages.post("/assets/<uuid:asset_id>/appraisals")
@signed_in
@idempotent
def add_appraisal(asset_id: UUID) -> Response:
    """Keep a value from elsewhere beside ours."""
    stated = page_form(AppraisalForm)
    appraisals.upload_appraisal(current_actor(), asset_id, stated, request.files.get("file"), now())
    flash(_("The value stands beside ours."), "good")
    return redirect(url_for("valuation.ask", asset_id=asset_id), 303)


@pages.post("/assets/<uuid:asset_id>/indications")
@signed_in
@idempotent
def indicate_value(asset_id: UUID) -> Response:
    """Indicate a value and show its report."""
    wish = page_form(IndicationIn)
    indication = reports.indicate_value(current_actor(), asset_id, wish["purpose"], now(), inputs_of(wish))
    return redirect(url_for("valuation.report", indication_id=indication.id), 303)


@pages.get("/valuations/<uuid:indication_id>")
@signed_in
def report(indication_id: UUID) -> str:
    """The report: range, reasons, approaches, indicators, limits, versions."""
    actor = current_actor()
    indication = reports.find_indication(actor, indication_id)
    return render_template(
        "valuation/report.html",
        indication=indication,
        asset=find_asset(indication.asset_id),
        others=appraisals.appraisals_of(actor, indication.asset_id),
        proof=reports.proof_of(actor, indication),
        reviews=reviews_of(indication),
        own=indication.organisation_id is not None and indication.organisation_id == actor.organisation_id,
        bars=drawing.interval_bars(indication.answer),
        swings=drawing.tornado_bars(indication.answer),
        fan=drawing.fan_of(indication.answer),
        names=wording.indicator_names(indication.snapshot.get("indicator_table")),
        width=drawing.WIDTH,
    )


@pages.get("/valuations/<uuid:indication_id>.pdf")
@signed_in
def report_pdf(indication_id: UUID) -> Response:
    """The report as PDF."""
    indication = reports.find_indication(current_actor(), indication_id)
    content = indication_pdf(indication, find_asset(indication.asset_id))
    name = f"indication-{indication.id}.pdf"
    return Response(
        content, mimetype="application/pdf", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@pages.get("/valuations/<uuid:indication_id>/what-if")
@signed_in
def imagine(indication_id: UUID) -> str:
    """The formulas under the reader's own assumptions; the address can be shared."""
    given, errors = _assumptions()
    result = what_if.imagine(current_actor(), indication_id, given)
    asset = find_asset(result.indication.asset_id)
    return render_template(
        "valuation/what_if.html", result=result, asset=asset, given=given, errors=errors, sliders=wording.sliders()
    )


def _assumptions() -> tuple[dict[str, Any], list[str]]:
    """The assumptions in the address; those that cannot be read fall back to the usual ones and are named."""
    shape = WhatIfIn()
    stated = {name: value for name, value in request.args.items() if name in shape.fields and value != ""}
    wrong = sorted(shape.validate(stated))
    kept = {name: value for name, value in stated.items() if name not in wrong}
    loaded: dict[str, Any] = shape.load(kept)
    return loaded, wrong


@pages.get("/valuations/indicators")
@public
def show_indicators() -> str:
    """The indicator table in force, and its versions."""
    table = indicator_tables.table_in_force(now())
    return render_template(
        "valuation/indicators.html",
        table=table,
        names=wording.indicator_names(table),
        history=indicator_tables.table_history(),
        may_enter=policy.may_enter_indicators(optional_actor()),
        written=json.dumps(table, ensure_ascii=False, indent=1),
    )


@pages.post("/valuations/indicators")
@needs("platform.operate")
@idempotent
def enter_indicators() -> Response:
    """Enter a new version of the table."""
    entered = page_form(IndicatorTableForm)
    indicator_tables.enter_table(current_actor(), entered["content"], entered["reason"], now())
    flash(_("The new table scores every indication from now on."), "good")
    return redirect(url_for("valuation.show_indicators"), 303)


@pages.get("/valuations/scorecard")
@public
def show_scorecard() -> str:
    """How our past ranges did against closed deals."""
    stops = freezes.frozen_purposes() if policy.may_lift_freeze(optional_actor()) else []
    shown = scorecard_panels.public_scorecard(now())
    return render_template("valuation/scorecard.html", card=default_model().card, stops=stops, **shown)


@pages.post("/valuations/freezes/<uuid:freeze_id>/lift")
@needs("platform.operate")
@idempotent
def lift_freeze(freeze_id: UUID) -> Response:
    """Let automatic values go on."""
    freezes.lift_freeze(current_actor(), freeze_id, page_form(FreezeLiftIn)["reason"], now())
    flash(_("Automatic values go on; only later deals count from now."), "good")
    return redirect(url_for("valuation.show_scorecard"), 303)


def value_panel(actor: Actor | None, asset: Asset) -> str | None:
    """The value on the asset's page: the newest indication of one's own, or how to ask for one."""
    if actor is None or actor.organisation_id is None:
        return None
    indication = reports.latest_indication(asset.id, actor)
    return render_template("valuation/_panel.html", asset=asset, indication=indication, w=wording)


asset_panel(value_panel, order=30)
