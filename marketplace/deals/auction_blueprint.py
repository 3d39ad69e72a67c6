"""Where the pages of auctions hang."""

from flask import Blueprint

pages = Blueprint("auctions", __name__, template_folder="templates")
