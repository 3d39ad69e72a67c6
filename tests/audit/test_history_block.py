"""The history block that other rooms put on their pages."""

from typing import Any
from uuid import uuid4

from flask import render_template_string

from marketplace.audit.trail import history_of
from tests.audit.test_trail import happen
from tests.makers.identity import make_actor

PAGE = '{% from "audit/history.html" import history_block with context %}{{ history_block(history) }}'


def test_the_block_links_receipts_only_for_ones_own_acts(app: Any, db: Any) -> None:
    actor, other, subject = make_actor(), make_actor(), uuid4()
    (mine,) = happen(subject, actor=actor)
    (theirs,) = happen(subject, actor=other)
    with app.test_request_context("/?lang=en"):
        shown = render_template_string(PAGE, history=history_of(subject, actor))
        nothing = render_template_string(PAGE, history=[])
    assert f"/audit/events/{mine}" in shown and f"/audit/events/{theirs}" not in shown
    assert shown.count("<tr>") == 3 and "Nothing has happened yet." in nothing
