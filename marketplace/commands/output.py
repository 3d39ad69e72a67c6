"""How commands answer: JSON on stdout; exit 0 good, 1 refused with a JSON error, 2 usage."""

import json
import sys
from collections.abc import Callable
from typing import IO, Any

import click

from marketplace.core.errors import Malformed, Problem


def say(answer: Any) -> None:
    """Print one JSON answer."""
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2, default=str))


def refusal(problem: Problem) -> dict[str, Any]:
    """A refusal as the JSON error that outside callers read."""
    error: dict[str, Any] = {"code": problem.code, "message": problem.detail}
    if isinstance(problem, Malformed):
        error["errors"] = problem.members()["errors"]
    return {"error": error}


def refuse(problem: Problem) -> None:
    """Print the refusal and end with exit status 1."""
    say(refusal(problem))
    sys.exit(1)


def answer_cases(answer: Callable[[Any], Any], source: IO[str] | None = None) -> None:
    """Read a CASE or a list of cases, from standard input unless told otherwise, and answer each.

    A refused case is its own error.
    """
    try:
        given = json.load(source or sys.stdin, parse_float=str, parse_int=int)
    except ValueError as error:
        refuse(Malformed("", f"This is not JSON: {error}"))
        return
    if isinstance(given, list):
        say([_answered(answer, case) for case in given])
        return
    result = _answered(answer, given)
    say(result)
    if isinstance(result, dict) and set(result) == {"error"}:
        sys.exit(1)


def _answered(answer: Callable[[Any], Any], case: Any) -> Any:
    try:
        return answer(case)
    except Problem as problem:
        return refusal(problem)
