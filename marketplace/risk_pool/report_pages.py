"""A pool's periodic report as a page, a PDF and JSON figures."""

from typing import Any
from uuid import UUID

from apiflask.fields import Integer
from flask import Response, render_template, request

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day, now
from marketplace.core.http import StrictSchema, current_actor, signed_in
from marketplace.risk_pool import reports
from marketplace.risk_pool.blueprint import api
from marketplace.risk_pool.pages_blueprint import pages
from marketplace.risk_pool.replenishment_boards import PURPOSES


class QuarterIn(StrictSchema):
    """Which quarter; without one the running quarter."""

    year = Integer(load_default=None)
    quarter = Integer(load_default=None)


@pages.get("/risk-pool/pools/<uuid:pool_id>/report")
@signed_in
def show_report(pool_id: UUID) -> str:
    """One quarter of a pool."""
    period = _period(request.args.get("year", type=int), request.args.get("quarter", type=int))
    report = reports.report_of(current_actor(), pool_id, *period)
    return render_template(
        "risk_pool/report.html", report=report, lines=reports.lines_of(report), period=period, purposes=PURPOSES
    )


@pages.get("/risk-pool/pools/<uuid:pool_id>/report.pdf")
@signed_in
def print_report(pool_id: UUID) -> Response:
    """One quarter of a pool as a PDF."""
    period = _period(request.args.get("year", type=int), request.args.get("quarter", type=int))
    content = reports.report_pdf(current_actor(), pool_id, period, now())
    headers = {"Content-Disposition": f'inline; filename="pool-report-{period[0]}-Q{period[1]}.pdf"'}
    return Response(content, content_type="application/pdf", headers=headers)


@api.get("/risk-pools/<uuid:pool_id>/report")
@signed_in
@api.input(QuarterIn, location="query", arg_name="asked")
def read_report(pool_id: UUID, asked: dict[str, Any]) -> dict[str, Any]:
    """The figures of one quarter of a pool: its money, enrolments, claims and recoveries."""
    return figures(current_actor(), pool_id, _period(asked["year"], asked["quarter"]))


def figures(actor: Actor, pool_id: UUID, period: tuple[int, int]) -> dict[str, Any]:
    """The report as plain figures."""
    report = reports.report_of(actor, pool_id, *period)
    return {
        "begins_on": report.begins_on.isoformat(),
        "ends_on": report.ends_on.isoformat(),
        "currency": report.pool.currency,
        "opening": report.opening.format(),
        "closing": report.closing.format(),
        "movements": {kind: amount.format() for kind, amount in report.movements.items()},
        "aid": {
            "opening": report.aid_opening.format(),
            "closing": report.aid_closing.format(),
            "movements": {kind: amount.format() for kind, amount in report.aid_movements.items()},
        },
        "put_in": [
            {"sponsor": dict(who), "purpose": purpose.value, "amount": amount.format()}
            for who, purpose, amount in report.put_in
        ],
        "borne": {party: amount.format() for party, amount in report.borne.items()},
        "returned": {party: amount.format() for party, amount in report.returned.items()},
        **{
            name: {"count": one.count, "amount": one.amount.format()}
            for name, one in (
                ("enrolled", report.enrolled), ("claimed", report.claimed), ("compensated", report.compensated),
                ("recovered", report.recovered),
            )
        },
    }  # fmt: skip


def _period(year: int | None, number: int | None) -> tuple[int, int]:
    today = reports.quarter_of(market_day(now()))
    return (today[0] if year is None else year, today[1] if number is None else number)
