"""The blueprints of documents: its pages and its API."""

from apiflask import APIBlueprint
from flask import Blueprint

pages = Blueprint("documents", __name__, template_folder="templates")
api = APIBlueprint("documents_api", __name__, url_prefix="/api/v1", tag="documents")
