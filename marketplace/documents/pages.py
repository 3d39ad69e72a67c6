"""The pages of documents."""

from flask import Blueprint

pages = Blueprint("documents", __name__, template_folder="templates")
