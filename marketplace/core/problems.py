"""Error answers: problem+json for the API, the same page again with its errors for people."""

import logging
from typing import Any
from urllib.parse import urlsplit

from apiflask import APIFlask, HTTPError
from flask import Response, current_app, g, jsonify, make_response, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from marshmallow import ValidationError
from psycopg.errors import UniqueViolation
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

from marketplace.core.db import session
from marketplace.core.errors import Malformed, NotSignedIn, Problem, Refused
from marketplace.core.fields import flat_errors
from marketplace.core.i18n import _, _l
from marketplace.core.money import Money

log = logging.getLogger(__name__)


class AlreadyExists(Refused):
    """Somebody else did this at the same moment, or it was done before."""

    message = _l("This exists already, or someone did it at the same moment. Reload and look.")


class Unavailable(Problem):
    """The database cannot be reached for the moment."""

    status = 503
    message = _l("The service is not available for a moment. Nothing was changed; try again.")


class BadForm(Problem):
    """The form's protection token is missing or too old."""

    status = 400
    message = _l("This form was open too long or came from another site. Load the page and try again.")


def answer_errors(app: APIFlask) -> None:
    """Register the error answers of the whole application."""
    app.error_processor(_http_problem)
    app.register_error_handler(Problem, answer_problem)
    app.register_error_handler(
        ValidationError, lambda e: answer_problem(Malformed(errors=flat_errors(e.messages_dict)))
    )
    app.register_error_handler(CSRFError, lambda _e: answer_problem(BadForm()))
    app.register_error_handler(IntegrityError, _database_said_no)
    app.register_error_handler(OperationalError, _unavailable)
    app.register_error_handler(HTTPException, _http_page)
    app.register_error_handler(Exception, _fault)


def answer_problem(problem: Problem) -> Response:
    """The problem as the caller needs it: JSON, the form again, the sign-in page, or an error page."""
    session.rollback()
    if request.path.startswith("/api/"):
        return _problem_json(problem.status, problem.code, problem.detail, problem.members())
    if (
        isinstance(problem, NotSignedIn)
        and request.method == "GET"
        and "identity.sign_in" in current_app.view_functions
    ):
        return make_response(redirect(url_for("identity.sign_in", next=request.full_path.rstrip("?"))))
    if request.method == "POST" and problem.status in (400, 401, 403, 409, 410, 412, 422):
        again = _same_page_again(problem)
        if again is not None:
            return again
    return _error_page(problem.status, problem.code, problem.detail, problem.params)


def _problem_json(status: int, code: str, detail: str, members: dict[str, Any] | None = None) -> Response:
    body = {name: _plain(value) for name, value in (members or {}).items()}
    body |= {
        "type": "/problems/" + code.replace("_", "-"),
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "instance": request.path,
        "code": code,
        "request_id": g.get("request_id"),
    }
    response = jsonify(body)
    response.status_code = status
    response.content_type = "application/problem+json; charset=utf-8"
    return response


def _plain(value: Any) -> Any:
    if isinstance(value, Money):
        return {"amount": value.format(), "currency": value.currency}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, bool | int | float | str) or value is None else str(value)


def _same_page_again(problem: Problem) -> Response | None:
    """Show the page the form was on, with the errors in place and what was typed kept."""
    referrer = urlsplit(request.referrer or "")
    if referrer.netloc != request.host or "marketplace.form" in request.environ:
        return None
    environ = {key: value for key, value in request.environ.items() if not key.startswith(("werkzeug.", "flask."))}
    errors = problem.errors if isinstance(problem, Malformed) else {"": [problem.detail]}
    environ |= {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": referrer.path,
        "QUERY_STRING": referrer.query,
        "CONTENT_LENGTH": "0",
        "CONTENT_TYPE": "",
        "marketplace.form": {"errors": errors, "values": request.form, "code": problem.code, "problem": problem},
    }
    with current_app.request_context(environ):
        response = current_app.full_dispatch_request()
    if response.status_code != 200:
        return None
    answer = Response(response.get_data(), status=problem.status, content_type=response.content_type)
    answer.headers["X-Problem-Code"] = problem.code
    return answer


def _error_page(status: int, code: str, detail: str, params: dict[str, Any] | None = None) -> Response:
    page = render_template("error.html", status=status, code=code, detail=detail, rule=(params or {}).get("rule"))
    return make_response(page, status)


def _http_problem(error: HTTPError) -> Any:
    """APIFlask's own errors (validation, aborts) in our form."""
    detail = error.detail if isinstance(error.detail, dict) else {}
    flat: dict[str, list[str]] = {}
    for messages in detail.values():
        if isinstance(messages, dict):
            flat.update(flat_errors(messages))
    if error.status_code == 422:
        return answer_problem(Malformed(errors=flat))
    session.rollback()
    return _by_surface(
        error.status_code, str(error.message), {name: str(value) for name, value in dict(error.headers or {}).items()}
    )


def _http_page(error: HTTPException) -> Any:
    session.rollback()
    headers = {name: value for name, value in error.get_headers() if name.lower() not in ("content-type",)}
    if error.code and error.code < 400:
        return error.get_response()
    return _by_surface(error.code or 500, error.description or error.name, headers)


def _by_surface(status: int, detail: str, headers: dict[str, str]) -> Response:
    words = {
        404: _("There is nothing here, or it is not yours to see."),
        405: _("This address does not take that kind of request."),
        413: _("This is too large."),
        429: _("Too many requests. Wait a little and try again."),
    }
    code = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large", 429: "too_many_requests"}
    name, text = code.get(status, f"http_{status}"), words.get(status, detail)
    response = (
        _problem_json(status, name, text) if request.path.startswith("/api/") else _error_page(status, name, text)
    )
    for header in ("Allow", "Retry-After", "WWW-Authenticate"):
        if header in headers:
            response.headers[header] = headers[header]
    return response


def _database_said_no(error: IntegrityError) -> Response:
    """A uniqueness rule of the database caught a race: that is a refusal, everything else is a fault."""
    if isinstance(error.orig, UniqueViolation):
        return answer_problem(AlreadyExists())
    return _fault(error)


def _unavailable(error: DBAPIError) -> Response:
    log.error("database unavailable", exc_info=error)
    session.remove()
    return answer_problem(Unavailable())


def _fault(error: BaseException) -> Response:
    log.error("unhandled fault", exc_info=error)
    try:
        return answer_problem(Problem())
    except DBAPIError:
        return _problem_json(503, "unavailable", str(Unavailable.message))
