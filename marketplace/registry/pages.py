"""The pages of registry."""

from flask import Blueprint

pages = Blueprint("registry", __name__, template_folder="templates")
