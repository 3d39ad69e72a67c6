"""The two blueprints of identity, which its route modules fill."""

from apiflask import APIBlueprint
from flask import Blueprint

from marketplace.identity.visitor import start_identity

pages = Blueprint("identity", __name__, template_folder="templates")
pages.record_once(lambda state: start_identity(state.app))  # type: ignore[arg-type]  # always a Flask application here

api = APIBlueprint("identity_api", __name__, url_prefix="/api/v1", tag="identity")
