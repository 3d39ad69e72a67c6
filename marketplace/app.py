"""Putting the marketplace together: settings, database, rooms, error answers."""

import uuid
from collections.abc import Sequence
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import django_htmx
from apiflask import APIFlask
from flask import Blueprint, Response, g, request
from flask_babel import Babel
from flask_bootstrap import Bootstrap5

from marketplace.audit.trail import record_fact
from marketplace.commands import add_commands
from marketplace.core import formats, i18n, jobs, problems
from marketplace.core.catalogues import catalogue_folders, compile_catalogues
from marketplace.core.db import make_engine, session
from marketplace.core.embedded_postgres import Cluster
from marketplace.core.events import Fact, Reaction, listen
from marketplace.core.http import csrf, end_transactions
from marketplace.core.migrating import migrate
from marketplace.settings import Settings

ROOMS = (
    "identity", "audit", "notices", "documents", "ledger", "payments", "registry", "valuation", "listings", "deals",
    "financing", "risk_pool", "web",
)  # fmt: skip

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
)


def create_app(settings: Settings, pages: bool = True) -> APIFlask:
    """The marketplace as one Flask application; a command that shows no page does without the rooms' pages."""
    app = APIFlask(__name__, title="IP Marketplace", version="1.0", spec_path="/api/openapi.json", docs_path=None)
    app.extensions["settings"] = settings
    app.schema_name_resolver = _schema_name
    app.spec_processor(_plain_bounds)
    add_commands(app)
    _configure(app, settings)
    compile_catalogues()
    Babel(app, locale_selector=i18n.choose_language)
    Bootstrap5(app)
    csrf.init_app(app)
    connect_database(app, settings)
    end_transactions(app)
    problems.answer_errors(app)
    formats.add_filters(app)
    listen(record_fact, _answers)
    if pages:
        _add_rooms(app)
    _protect(app)
    jobs.serve_application(app)
    return app


def _schema_name(schema: Any) -> str:
    """The name of a schema in the API description: its room and its class, so that rooms never collide."""
    kind = schema if isinstance(schema, type) else type(schema)
    room = "".join(word.capitalize() for word in kind.__module__.split(".")[1].split("_"))
    return room + kind.__name__ + ("Update" if getattr(schema, "partial", None) else "")


def _plain_bounds(node: Any) -> Any:
    """Bounds of decimals as numbers: the description generator writes them as text, which OpenAPI forbids."""
    if isinstance(node, dict):
        return {
            key: float(value)
            if key in ("minimum", "maximum") and isinstance(value, str | Decimal)
            else _plain_bounds(value)
            for key, value in node.items()
        }
    return [_plain_bounds(item) for item in node] if isinstance(node, list) else node


def _configure(app: APIFlask, settings: Settings) -> None:
    secure = settings.public_url.startswith("https://")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        TESTING=settings.testing,
        MAX_CONTENT_LENGTH=64 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        SESSION_COOKIE_NAME="__Host-session" if secure else "session",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_ENABLED=not settings.testing,
        BABEL_TRANSLATION_DIRECTORIES=";".join(str(folder) for folder in catalogue_folders()),
        BABEL_DEFAULT_LOCALE="en",
        BABEL_DEFAULT_TIMEZONE="Asia/Shanghai",
        BOOTSTRAP_SERVE_LOCAL=True,
        OPENAPI_VERSION="3.1.0",
        PROPAGATE_EXCEPTIONS=False,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # Chinese stays readable in answers


def connect_database(app: APIFlask, settings: Settings) -> None:
    """Use DATABASE_URL, or start the embedded PostgreSQL and bring it up to date."""
    if settings.database_url is None:
        cluster = Cluster(settings.home)
        app.extensions["database_url"] = cluster.use()
        app.extensions["cluster"] = cluster
    else:
        app.extensions["database_url"] = settings.database_url
    engine = make_engine(app.extensions["database_url"], pool_size=20, max_overflow=20)
    app.extensions["engine"] = engine
    session.remove()
    session.configure(bind=engine)
    if settings.database_url is None:
        migrate(engine, app.extensions["database_url"])


def load_models() -> None:
    """Import every module that defines tables, so that the metadata is complete."""
    for room in (*ROOMS, "core"):
        for module in sorted((Path(__file__).parent / room).glob("*.py")):
            if "Mapped[" in module.read_text(encoding="utf-8"):
                import_module(f"marketplace.{room}.{module.stem}")


def _answers(kind: type[Fact]) -> Sequence[Reaction]:
    """Who answers a fact: every room is loaded when the first that may be answered is announced."""
    from marketplace.reactions import answers_to

    return answers_to(kind)


def _add_rooms(app: APIFlask) -> None:
    """Each room's pages and API, and what it registers when it is loaded."""
    import_module("marketplace.reactions")
    loaded = [(import_module(f"marketplace.{room}.api"), import_module(f"marketplace.{room}.pages")) for room in ROOMS]
    for api, pages in loaded:  # only when all are loaded: a room's pages may add routes to its API
        app.register_blueprint(api.api)
        app.register_blueprint(pages.pages)
    app.register_blueprint(import_module("marketplace.deals.auction_api").api)
    app.register_blueprint(import_module("marketplace.deals.auction_pages").pages)
    app.register_blueprint(_static("assets", Path(__file__).parent / "web" / "static", "/frame"))
    app.register_blueprint(_static("swagger", _package_folder("flask_swagger_ui") / "dist", "/vendor/swagger"))
    app.register_blueprint(_static("htmx", Path(django_htmx.__file__).parent / "static/django_htmx", "/vendor/htmx"))


def _package_folder(name: str) -> Path:
    """Where an installed package lies, without loading it: only its files are wanted."""
    spec = find_spec(name)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent


def _static(name: str, folder: Path, prefix: str) -> Blueprint:
    return Blueprint(name, __name__, static_folder=str(folder), static_url_path=prefix)


def _protect(app: APIFlask) -> None:
    """Security headers and a request id on every answer."""

    @app.before_request
    def number() -> None:
        g.request_id = uuid.uuid4().hex

    @app.after_request
    def harden(response: Response) -> Response:
        headers = response.headers
        policy = f"{CONTENT_SECURITY_POLICY} {app.extensions['settings'].live_url}".rstrip()
        headers.setdefault("Content-Security-Policy", policy)
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        headers["X-Request-Id"] = g.get("request_id", "")
        headers["Vary"] = "Accept-Language, Cookie"
        if app.config["SESSION_COOKIE_SECURE"]:
            headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if not (request.endpoint or "").endswith("static"):
            headers.setdefault("Cache-Control", "no-store")
        return response
