"""The links of the frame: the left rail per role, account links, the language switch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import current_app, request, url_for
from flask.sansio.app import App

from marketplace.core.actor import Actor
from marketplace.core.http import optional_actor
from marketplace.core.i18n import _l
from marketplace.notices.inbox import unread_count
from marketplace.settings import Settings


@dataclass(frozen=True)
class Link:
    """One link of the frame."""

    text: str
    url: str
    current: bool = False
    count: int = 0


RailEntry = tuple[str, Any, Callable[[Actor | None], bool]]


def _anyone(_actor: Actor | None) -> bool:
    return True


def _member(actor: Actor | None) -> bool:
    return actor is not None


def _may(*permissions: str) -> Callable[[Actor | None], bool]:
    return lambda actor: actor is not None and any(actor.may(permission) for permission in permissions)


def _nobody(actor: Actor | None) -> bool:
    return actor is None


RAIL: list[RailEntry] = [
    ("web.dashboard", _l("Dashboard"), _member),
    ("listings.search_page", _l("Search"), _anyone),
    ("auctions.list_auctions", _l("Auctions"), _nobody),
    ("registry.my_assets", _l("My assets"), _may("asset.manage")),
    ("listings.my_listings", _l("My listings"), _may("asset.manage")),
    ("deals.my_deals", _l("My deals"), _may("deal.trade", "deal.sign")),
    ("financing.my_financing", _l("Financing"), _may("loan.apply")),
    ("financing.bank_desk", _l("Applications"), _may("loan.underwrite", "loan.approve")),
    ("financing.loan_book", _l("Loan book"), _may("loan.underwrite", "loan.approve")),
    ("risk_pool.board", _l("Risk pool"), _may("pool.review", "pool.approve", "loan.underwrite", "appraise")),
    ("payments.confirmations", _l("Payments to confirm"), _may("money.confirm")),
    ("identity.verification_queue", _l("Verifications"), _may("platform.verify")),
    ("audit.trail_page", _l("Audit trail"), _may("audit.read", "platform.operate")),
    ("ledger.my_statement", _l("My money"), _may("money.pay", "money.approve")),
]
"""Endpoint, text and who sees it; at most seven remain for any role."""

ACCOUNT: list[RailEntry] = [
    ("notices.inbox_page", _l("Inbox"), _member),
    ("identity.account", _l("My account"), _member),
    ("identity.sign_in", _l("Sign in"), lambda actor: actor is None),
]

counters: dict[str, Callable[[Actor], int]] = {"notices.inbox_page": unread_count}
"""Counts shown beside a link, by endpoint."""


def links(entries: list[RailEntry]) -> list[Link]:
    """The entries this visitor sees, in order, of the pages that exist."""
    actor = optional_actor()
    shown = []
    for endpoint, text, sees in entries:
        if endpoint in current_app.view_functions and sees(actor):
            count = counters[endpoint](actor) if actor and endpoint in counters else 0
            shown.append(Link(str(text), url_for(endpoint), request.endpoint == endpoint, count))
    return shown


def same_page_in(language: str) -> str:
    """This page with its query in the other language."""
    query = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return f"{request.path}?{urlencode([*query, ('lang', language)])}"


def next_page(cursor: str) -> str:
    """This list from the next cursor on."""
    query = [(name, value) for name, value in request.args.items(multi=True) if name != "after"]
    return f"{request.path}?{urlencode([*query, ('after', cursor)])}"


def add_frame(app: App) -> None:
    """Give the base template what it needs."""
    settings: Settings = app.extensions["settings"]
    app.jinja_env.globals.update(
        config_demo=lambda: settings.demo,
        visitor=optional_actor,
        rail_links=lambda: links(RAIL),
        account_links=lambda: links(ACCOUNT),
        same_page_in=same_page_in,
        next_page=next_page,
        url_exists=lambda endpoint: endpoint in app.view_functions,
        search_url=lambda: url_for(
            "listings.search_page" if "listings.search_page" in app.view_functions else "web.home"
        ),
    )
