"""The one blueprint of the risk pools' pages."""

from flask import Blueprint

pages = Blueprint("risk_pool", __name__, template_folder="templates")
