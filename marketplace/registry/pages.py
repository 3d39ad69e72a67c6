"""The pages of the register: my assets, the asset page, the import wizard, claims."""

from datetime import datetime
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.errors import Malformed
from marketplace.core.http import (
    Waiting,
    current_actor,
    dashboard_provider,
    idempotent,
    needs,
    optional_actor,
    page_form,
    public,
    signed_in,
)
from marketplace.core.i18n import _
from marketplace.core.jobs import enqueue
from marketplace.identity.organisations import names_of
from marketplace.registry import (
    asset_view,
    claims,
    consents,
    fee_pages,
    import_runs,
    owner_name_pages,
    ownership,
    rights_pages,
    rule_pages,
    title_pages,
    words,
)
from marketplace.registry import import_template as import_template_files
from marketplace.registry.assets import find_asset
from marketplace.registry.blueprints import pages
from marketplace.registry.offices.reading import FORMATS
from marketplace.registry.policy import require_visible
from marketplace.registry.schemas import ClaimForm, ConsentForm, DecisionForm, UploadForm

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

__all__ = ["fee_pages", "owner_name_pages", "pages", "rights_pages", "rule_pages", "title_pages"]


@dashboard_provider
def waiting_claims(actor: Actor, _now: datetime) -> list[Waiting]:
    """What the operator finds on the dashboard."""
    waiting = claims.waiting_claims() if actor.may("platform.verify") else []
    if not waiting:
        return []
    return [Waiting(_("%(count)s claims to owner names wait.", count=len(waiting)), url_for("registry.claim_queue"))]


@pages.get("/assets")
@needs("asset.manage")
def my_assets() -> str:
    """Every right my organisation holds."""
    actor = current_actor()
    assets = ownership.assets_of(actor.organisation_id) if actor.organisation_id else []
    imports = import_runs.imports_of(actor)
    today = now().date()
    return render_template("registry/my_assets.html", assets=assets, imports=imports, words=words, today=today)


@pages.get("/assets/<uuid:asset_id>")
@public
def asset_page(asset_id: UUID) -> str:
    """Everything known of one right."""
    actor = optional_actor()
    asset = require_visible(actor, find_asset(asset_id))
    view = asset_view.view_of(
        asset,
        actor,
        asset_view.day_asked(request.args.get("as_of")),
        asset_view.day_asked(request.args.get("known_at")),
    )
    return render_template("registry/asset.html", words=words, **view)


@pages.post("/assets/<uuid:asset_id>/claim")
@needs("asset.manage")
@idempotent
def claim_asset(asset_id: UUID) -> Redirect:
    """Say that the office's owner name is ours."""
    require_visible(current_actor(), find_asset(asset_id))
    reason, proof = page_form(ClaimForm)["reason"], request.files.get("document")
    claim = claims.claim_with_upload(current_actor(), asset_id, reason, proof, now())
    accepted = claim.status is claims.ClaimStatus.ACCEPTED
    flash(
        _("The asset is now yours in the register.") if accepted else _("The operator will look at your claim."),
        "good" if accepted else "wait",
    )
    return redirect(url_for("registry.asset_page", asset_id=asset_id), 303)


@pages.post("/encumbrances/<uuid:encumbrance_id>/consent")
@signed_in
@idempotent
def give_consent(encumbrance_id: UUID) -> Redirect:
    """Agree, as the pledgee, to an act on the pledged right."""
    consent = consents.record_consent(current_actor(), encumbrance_id, page_form(ConsentForm)["act"], None, now())
    flash(_("Your consent is recorded."), "good")
    return redirect(url_for("registry.asset_page", asset_id=consent.asset_id), 303)


@pages.get("/claims")
@needs("platform.verify")
def claim_queue() -> str:
    """Claims that wait for the operator."""
    waiting = claims.waiting_claims()
    names = names_of(claim.organisation_id for claim in waiting)
    assets = {claim.asset_id: find_asset(claim.asset_id) for claim in waiting}
    return render_template("registry/claims.html", waiting=waiting, names=names, assets=assets)


@pages.post("/claims/<uuid:claim_id>/decision")
@needs("platform.verify")
@idempotent
def decide_claim(claim_id: UUID) -> Redirect:
    """Accept or reject a claim."""
    claims.decide_claim(current_actor(), claim_id, page_form(DecisionForm)["decision"] == "accept", now())
    flash(_("Your decision is recorded."), "good")
    return redirect(url_for("registry.claim_queue"), 303)


@pages.get("/assets/import")
@needs("asset.manage")
def new_import() -> str:
    """Choose a file of rights."""
    return render_template("registry/import_new.html", formats=FORMATS)


@pages.get("/assets/import/template.csv")
@public
def import_template() -> Response:
    """Our own table, empty, to be filled in."""
    return _table(import_template_files.template_text(), "rights-template.csv")


@pages.get("/assets/import/template.xlsx")
@public
def import_template_workbook() -> Response:
    """The same table as an Excel workbook with notes and pick lists."""
    disposition = 'attachment; filename="rights-template.xlsx"'
    content = import_template_files.template_workbook()
    return Response(content, content_type=WORKBOOK, headers={"Content-Disposition": disposition})


@pages.post("/assets/import")
@needs("asset.manage")
@idempotent
def upload_import() -> Redirect:
    """Upload a file; it is checked first and writes nothing."""
    form = page_form(UploadForm)
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Malformed("file", _("Choose a file."))
    run = import_runs.upload_import(current_actor(), file.read(), file.filename, form["format"], now())
    enqueue("registry.check_import", run_id=str(run.id))
    return redirect(url_for("registry.import_page", run_id=run.id), 303)


@pages.get("/imports/<uuid:run_id>")
@needs("asset.manage")
def import_page(run_id: UUID) -> str:
    """How an import stands, and what it would or did change."""
    run = import_runs.find_import(current_actor(), run_id)
    part = request.headers.get("HX-Request") == "true"
    return render_template("registry/_import_state.html" if part else "registry/import_run.html", run=run, words=words)


@pages.post("/imports/<uuid:run_id>/confirmation")
@needs("asset.manage")
@idempotent
def confirm_import(run_id: UUID) -> Redirect:
    """Bring the checked file into the register."""
    run = import_runs.confirm_import(current_actor(), run_id, now())
    enqueue("registry.bring_in", run_id=str(run.id))
    return redirect(url_for("registry.import_page", run_id=run.id), 303)


@pages.get("/imports/<uuid:run_id>/errors.csv")
@needs("asset.manage")
def import_errors(run_id: UUID) -> Response:
    """The rejected rows as a table."""
    return _table(import_runs.errors_csv(import_runs.find_import(current_actor(), run_id)), "import-errors.csv")


def _table(text: str, name: str) -> Response:
    disposition = f'attachment; filename="{name}"'
    return Response(
        "\ufeff" + text, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition}
    )
