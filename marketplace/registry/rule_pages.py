"""The rules of law the register applies, as a page: any law, any right, any day."""

from typing import Any

from flask import render_template, request
from marshmallow import ValidationError

from marketplace.core.clock import market_day, now
from marketplace.core.errors import Malformed
from marketplace.core.fields import flat_errors
from marketplace.core.http import public
from marketplace.core.i18n import _l
from marketplace.registry.blueprints import pages
from marketplace.registry.rules import rules_in_force
from marketplace.registry.schemas import RulesIn

RIGHT_WORDS: dict[str, Any] = {
    "patent": _l("Patents"),
    "mark": _l("Trademarks"),
    "copyright": _l("Copyright and software"),
    "layout": _l("Layout designs"),
    "variety": _l("Plant varieties"),
}
OFFICE_WORDS: dict[str, Any] = {
    "ANY": _l("Every office"),
    "CN": _l("China"),
    "SG": _l("Singapore"),
    "HK": _l("Hong Kong"),
    "US": _l("United States"),
    "EP": _l("European Patent Office"),
}
SEVERITY_WORDS: dict[str, Any] = {
    "block": _l("forbids"),
    "waivable": _l("yields to informed parties"),
    "info": _l("informs"),
}


@pages.get("/rules")
@public
def rules_page() -> str:
    """Every rule in force on a day, with its law, article and version."""
    asked = _asked()
    on = asked["on"] or market_day(now())
    return render_template(
        "registry/rules.html", rules=rules_in_force(on, asked["office"], asked["right"], asked["q"]), on=on, asked=asked, offices=OFFICE_WORDS, rights=RIGHT_WORDS,
        severities=SEVERITY_WORDS,
    )  # fmt: skip


def _asked() -> dict[str, Any]:
    schema = RulesIn()
    given = {name: request.args[name] for name in schema.fields if request.args.get(name)}
    try:
        return dict(schema.load(given))
    except ValidationError as error:
        raise Malformed(errors=flat_errors(error.messages_dict)) from error
