"""The blueprints of payments: its pages and its API."""

from apiflask import APIBlueprint
from flask import Blueprint

pages = Blueprint("payments", __name__, template_folder="templates")
api = APIBlueprint("payments_api", __name__, url_prefix="/api/v1", tag="payments")
