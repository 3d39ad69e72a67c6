"""Fees and deadlines as pages and as calendar files."""

from uuid import UUID

from flask import Response, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response as Redirect

from marketplace.core.clock import market_day, now
from marketplace.core.http import current_actor, idempotent, needs, optional_actor, public
from marketplace.core.i18n import _, _l
from marketplace.registry import fee_calendar, words
from marketplace.registry.assets import find_asset
from marketplace.registry.blueprints import pages
from marketplace.registry.fee_rules import Restoration, deadlines_of
from marketplace.registry.policy import require_visible

R = Restoration
WAYS_BACK = {
    R.TWO_MONTHS_FROM_NOTICE: _l("Within two months of the office's notice; fee 1,000 yuan"),
    R.NONE_FILE_ANEW: _l("None: the mark is cancelled and must be filed anew"),
    R.PETITION_UNINTENDED: _l("Petition, if the delay was unintentional (37 CFR 1.378)"),
    R.RE_ESTABLISHMENT: _l("Re-establishment of rights, within a year (EPC art. 122)"),
    R.UNKNOWN: _l("Not known to us"),
}


@pages.get("/assets/fees")
@needs("asset.manage")
def fee_page() -> str:
    """What my organisation's rights owe in the next thirteen months."""
    organisation_id = current_actor().organisation_id or UUID(int=0)
    today = market_day(now())
    return render_template(
        "registry/fees.html", asset=None, words=words, ways=WAYS_BACK,
        rows=fee_calendar.deadlines_of_organisation(organisation_id, today),
    )  # fmt: skip


@pages.post("/assets/fees/calendar")
@needs("asset.manage")
@idempotent
def open_calendar() -> Redirect:
    """Make a new private calendar address; the one before no longer answers."""
    secret = fee_calendar.open_fee_calendar(current_actor(), now())
    address = url_for("registry.private_calendar", secret=secret, _external=True)
    flash(_("Your private calendar address, shown this once: %(address)s", address=address), "good")
    return redirect(url_for("registry.fee_page"), 303)


@pages.get("/assets/fees/calendar/<string:secret>.ics")
@public
def private_calendar(secret: str) -> Response:
    """The organisation's calendar behind its private address."""
    return _calendar(fee_calendar.calendar_at(secret, now()))


@pages.get("/assets/<uuid:asset_id>/fees")
@public
def asset_fee_page(asset_id: UUID) -> str:
    """Every fee of a right's life, with window, surcharge and way back."""
    asset = require_visible(optional_actor(), find_asset(asset_id))
    rows = [(asset, item) for item in deadlines_of(asset, market_day(now()))]
    return render_template("registry/fees.html", asset=asset, rows=rows, words=words, ways=WAYS_BACK)


@pages.get("/assets/<uuid:asset_id>/fees.ics")
@public
def asset_calendar(asset_id: UUID) -> Response:
    """The fee calendar of one right."""
    return _calendar(fee_calendar.calendar_of_asset(require_visible(optional_actor(), find_asset(asset_id)), now()))


def _calendar(text: str) -> Response:
    return Response(text, content_type="text/calendar; charset=utf-8", headers={"Cache-Control": "private"})
