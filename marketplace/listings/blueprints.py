"""The blueprints of listings and search."""

from apiflask import APIBlueprint
from flask import Blueprint

from marketplace.listings import labels

api = APIBlueprint("listings_api", __name__, url_prefix="/api/v1", tag="listings")
pages = Blueprint("listings", __name__, template_folder="templates")
pages.app_template_global("asset_words")(labels.words)
