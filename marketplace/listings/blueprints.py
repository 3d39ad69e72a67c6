"""The blueprint of the pages of listings and search."""

from flask import Blueprint

from marketplace.listings import labels

pages = Blueprint("listings", __name__, template_folder="templates")
pages.app_template_global("asset_words")(labels.words)
