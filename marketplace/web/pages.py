"""The pages of the frame: home, dashboard, help."""

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from marketplace.core.clock import now
from marketplace.core.http import current_actor, needs, page_form, public, signed_in, waiting_providers
from marketplace.core.i18n import _
from marketplace.web.first_steps import first_steps
from marketplace.web.front import counts_on_offer, mode_names, newest_on_offer
from marketplace.web.glossary import GLOSSARY
from marketplace.web.licences import LicenceForm, upload_licence
from marketplace.web.navigation import add_frame
from marketplace.web.readiness import readiness

API_DOCS_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""The reference's own widget sets inline styles; scripts stay ours."""

pages = Blueprint("web", __name__, template_folder="templates")
pages.record_once(lambda state: add_frame(state.app))


@pages.get("/")
@public
def home() -> str:
    """What this marketplace is and where to begin."""
    return render_template("web/home.html", offers=newest_on_offer(), counts=counts_on_offer(), mode_names=mode_names())


@pages.get("/dashboard")
@signed_in
def dashboard() -> str:
    """What waits for the reader."""
    actor, instant = current_actor(), now()
    waiting = [item for provider in waiting_providers for item in provider(actor, instant)]
    waiting.sort(key=lambda item: (item.due_at is None, item.due_at or instant))
    return render_template("web/dashboard.html", waiting=waiting, goals=first_steps(actor))


@pages.post("/organisation/documents")
@needs("org.manage")
def add_licence_document() -> Answer:
    """Add a licence document for the verification of one's organisation."""
    upload_licence(current_actor(), request.files.get("file"), page_form(LicenceForm)["kind"], now())
    flash(_("The document is added."), "good")
    return redirect(url_for("identity.organisation"), code=303)


@pages.get("/help")
@public
def help_page() -> str:
    """Help and the glossary."""
    return render_template("web/help.html", glossary=GLOSSARY)


@pages.get("/api/docs")
@public
def api_docs() -> Response:
    """The API's reference, readable and usable in the browser."""
    answer = make_response(render_template("web/api_docs.html"))
    answer.headers["Content-Security-Policy"] = API_DOCS_POLICY
    return answer


@pages.get("/readyz")
@public
def readyz() -> tuple[dict[str, str], int]:
    """The database answers and is at the revision this code expects."""
    return readiness()


@pages.get("/healthz")
@public
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}
