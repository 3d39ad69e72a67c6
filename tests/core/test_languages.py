"""Each room speaks its own Chinese."""

from collections.abc import Callable
from typing import Any

import pytest
from apiflask import APIFlask
from flask import render_template_string

from marketplace.core.i18n import translate


def in_chinese(app: APIFlask, ask: Callable[[], Any]) -> Any:
    with app.test_request_context("/?lang=zh"):
        return ask()


@pytest.mark.parametrize(("room", "chinese"), [("registry", "权利要求数"), ("risk_pool", "补偿申请")])
def test_the_same_english_is_said_differently_in_two_rooms(app: APIFlask, room: str, chinese: str) -> None:
    assert in_chinese(app, lambda: translate(room, "Claims", {})) == chinese


def test_a_message_of_another_room_is_found_and_an_unknown_one_stays_english(app: APIFlask) -> None:
    assert in_chinese(app, lambda: translate("deals", "Skip to content", {})) == "跳到正文"
    assert in_chinese(app, lambda: translate("deals", "Said by nobody", {})) == "Said by nobody"
    assert in_chinese(app, lambda: render_template_string("{{ _('Skip to content') }}")) == "跳到正文"


def test_parameters_are_filled_in_whatever_the_language(app: APIFlask) -> None:
    with app.test_request_context("/?lang=en"):
        assert translate("web", "due %(day)s", {"day": "today"}) == "due today"
    assert in_chinese(app, lambda: translate("web", "due %(day)s", {"day": "今天"})) == "今天 到期"


def test_a_percent_sign_in_a_template_is_shown_as_it_is(app: APIFlask) -> None:
    for template in ("{{ _('435 means 4.35%.') }}", "{{ _('435 means 4.35%%.') }}"):
        assert in_chinese(app, lambda source=template: render_template_string(source)) == "435 means 4.35%."
    shown = in_chinese(app, lambda: render_template_string("{{ _('due %(day)s', day='<b>') }}"))
    assert "<b>" not in shown
