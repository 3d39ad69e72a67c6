"""Indicator tables: editable by operators, kept for ever, scoring only what comes after them."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from marketplace.core.db import session
from marketplace.core.errors import Malformed, NotAllowed
from marketplace.valuation.indicator_tables import check_table, enter_table
from marketplace.valuation.indicators import indicator_table
from marketplace.valuation.reports import indicate_value, reproduces
from tests.makers.identity import make_actor
from tests.makers.registry import make_asset

pytestmark = pytest.mark.usefixtures("db")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SignIn = Callable[..., FlaskClient]


def table(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(indicator_table()) | {"version": "entered-1"} | changes


def test_a_new_table_scores_what_comes_after_it_and_older_indications_keep_theirs() -> None:
    asset, operator, actor = make_asset(), make_actor(kind="platform_operator"), make_actor()
    before = indicate_value(actor, asset.id, "transfer", NOW)
    heavy = table()
    heavy["weights"]["transfer_licence"] = {"legal": 98, "technical": 1, "economic": 1}
    enter_table(operator, heavy, "Legal value first", NOW + timedelta(hours=1))
    after = indicate_value(actor, asset.id, "transfer", NOW + timedelta(hours=2))
    past = indicate_value(actor, asset.id, "transfer", NOW + timedelta(hours=2), as_of=NOW)
    assert after.answer["indicators"]["version"] == "entered-1" != before.answer["indicators"]["version"]
    assert after.answer["indicators"]["low"] != before.answer["indicators"]["low"]
    assert past.answer["indicators"] == before.answer["indicators"], "a past day knows nothing of a later table"
    assert reproduces(before) and reproduces(after)


def test_only_operators_enter_and_a_version_is_used_once() -> None:
    operator = make_actor(kind="platform_operator")
    with pytest.raises(NotAllowed):
        enter_table(make_actor(), table(), "Mine", NOW)
    enter_table(operator, table(), "First", NOW)
    for version in ("entered-1", indicator_table()["version"]):
        with pytest.raises(Malformed):
            enter_table(operator, table(version=version), "Again", NOW)


def fewer(content: dict[str, Any]) -> None:
    content["groups"][0]["parts"].pop()


def nameless(content: dict[str, Any]) -> None:
    content["groups"][1]["parts"][0]["indicators"][0]["zh"] = " "


def doubled(content: dict[str, Any]) -> None:
    content["groups"][0]["parts"][0]["indicators"][1]["key"] = content["groups"][0]["parts"][0]["indicators"][0]["key"]


def negative(content: dict[str, Any]) -> None:
    content["groups"][2]["parts"][0]["weight"] = -1


def without_finance(content: dict[str, Any]) -> None:
    del content["weights"]["finance"]


def ruleless(content: dict[str, Any]) -> None:
    content["rules"].pop("claims")


def falling(content: dict[str, Any]) -> None:
    content["rules"]["claims"]["points"].reverse()


def four_grades(content: dict[str, Any]) -> None:
    content["grades"] = [80, 60, 40]


def not_a_number(content: dict[str, Any]) -> None:
    content["groups"][0]["parts"][0]["weight"] = float("nan")


def grouped_wrong(content: dict[str, Any]) -> None:
    content["groups"] = "legal"


@pytest.mark.parametrize(
    "spoil",
    [fewer, nameless, doubled, negative, without_finance, ruleless, falling, four_grades, not_a_number, grouped_wrong],
)
def test_a_table_that_cannot_score_is_refused(spoil: Callable[[dict[str, Any]], None]) -> None:
    content = table()
    check_table(content)
    spoil(content)
    with pytest.raises(Malformed):
        check_table(content)


def test_extensions_may_be_added() -> None:
    content = table()
    content["groups"][0]["parts"][0]["indicators"].append(
        {"key": "standard", "zh": "标准必要", "en": "Essential to a standard", "weight": 1, "rule": None}
    )
    check_table(content)


def test_the_database_never_changes_a_table() -> None:
    enter_table(make_actor(kind="platform_operator"), table(), "First", NOW)
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(text("UPDATE indicator_tables SET version = 'x'"))


def test_the_table_over_http(client: FlaskClient, sign_in: SignIn) -> None:
    operator = make_actor(kind="platform_operator")
    session.commit()
    assert "27" in client.get("/valuations/indicators").get_data(as_text=True)
    address, key = "/api/v1/valuations/indicator-tables", {"Idempotency-Key": uuid4().hex}
    wish = {"content": table(), "reason": "First"}
    assert client.post(address, json=wish, headers=key).status_code == 401
    sign_in(client, make_actor())
    assert client.post(address, json=wish, headers=key).status_code == 403
    sign_in(client, operator)
    assert client.post(address, json={"content": {}, "reason": "x"}, headers=key).status_code == 422
    made = client.post(address, json=wish, headers={"Idempotency-Key": uuid4().hex})
    assert made.status_code == 201 and made.json["version"] == "entered-1"
    assert client.get("/api/v1/valuations/indicator-table").json["version"] == "entered-1"
    session.commit()
    written = json.dumps(table(version="entered-2"))
    form = {"content": written, "reason": "Second", "idempotency_key": uuid4().hex}
    assert client.post("/valuations/indicators", data=form).status_code == 303
    page = client.get("/valuations/indicators?lang=zh").get_data(as_text=True)
    assert "entered-2" in page and "许可转让" in page
    form |= {"content": "no table", "idempotency_key": uuid4().hex}
    assert client.post("/valuations/indicators", data=form).status_code == 422
