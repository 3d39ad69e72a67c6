"""The published API description is valid, and no input to any operation is answered by a fault."""

from typing import Any

import pytest
import schemathesis
from apiflask import APIFlask
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.makers.identity import make_actor

EXAMPLES_AN_OPERATION = 6


def test_the_published_description_is_valid_openapi(app: APIFlask) -> None:
    description = app.test_client().get("/api/openapi.json").json
    assert description is not None
    assert description["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(description).iter_errors()] == []


@pytest.mark.parametrize("kind", ["company", "bank"])
def test_no_input_to_any_operation_is_answered_by_a_fault(app: APIFlask, db: Any, kind: str) -> None:
    actor = make_actor(kind=kind)
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    operations = [result.ok() for result in schema.get_all_operations()]
    faults: list[str] = []
    for operation in operations:

        @given(case=operation.as_strategy(), key=st.uuids())
        @settings(
            max_examples=EXAMPLES_AN_OPERATION,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def send(case: Any, key: Any) -> None:
            status, body = _answer(app, case, actor, str(key))
            if status >= 500:
                faults.append(f"{case.method} {case.path}: {status} {body[:200]}")

        send()
    assert faults == []


def _answer(app: Flask, case: Any, actor: Any, key: str) -> tuple[int, str]:
    """Send the generated case as this actor through the WSGI application."""
    arguments = case.as_transport_kwargs(base_url="http://localhost")
    headers = {name: value for name, value in dict(arguments.get("headers") or {}).items() if value.isascii()}
    answer = app.test_client().open(
        case.formatted_path,
        method=case.method,
        query_string={name: value for name, value in (arguments.get("params") or {}).items() if value is not None},
        json=arguments.get("json"),
        data=arguments.get("data") if arguments.get("json") is None else None,
        headers=headers | {"Idempotency-Key": key},
        environ_overrides={"test.actor": actor},
    )
    return answer.status_code, answer.text
