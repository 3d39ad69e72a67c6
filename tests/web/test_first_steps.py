"""The dashboard leads a newcomer to the first useful page, and stops once a goal is reached."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from marketplace.core.clock import now
from marketplace.identity.organisations import OrganisationStatus
from marketplace.listings.saved_searches import Cadence, save_search
from marketplace.web.first_steps import Goal, first_steps
from tests.makers.identity import make_actor, make_organisation
from tests.makers.listings import make_listing
from tests.makers.registry import make_asset


def goals_of(client: FlaskClient, actor: Any) -> list[Goal]:
    """The goals as the dashboard would show them."""
    with client.application.test_request_context("/dashboard"):
        return first_steps(actor)


def test_a_company_sees_two_goals_and_what_it_has_done_of_them(db: Any, client: FlaskClient) -> None:
    company = make_organisation(status=OrganisationStatus.DRAFT)
    sell, acquire = goals_of(client, make_actor(company))
    assert [step.done for step in sell.steps + acquire.steps] == [False] * 6
    assert sell.next_step == 0
    company.status = OrganisationStatus.APPROVED
    actor = make_actor(company)
    make_asset(owner=company)
    save_search(actor, "Cells", "battery", {}, Cadence.WEEKLY, now())
    sell, acquire = goals_of(client, actor)
    assert [step.done for step in sell.steps] == [True, True, False]
    assert [step.done for step in acquire.steps] == [True, True, False]


@pytest.mark.parametrize("kind", ["bank", "pool_administrator", "guarantor", "insurer", "appraiser"])
def test_the_other_parties_see_one_goal_of_three_steps(db: Any, client: FlaskClient, kind: str) -> None:
    (goal,) = goals_of(client, make_actor(kind=kind))
    assert [step.done for step in goal.steps] == [True, True, False]


@pytest.mark.parametrize("kind", ["platform_operator", "auditor", "service_provider"])
def test_who_has_no_goal_here_sees_no_list(db: Any, client: FlaskClient, kind: str) -> None:
    assert goals_of(client, make_actor(kind=kind)) == []


def test_a_reached_goal_ends_the_lists(db: Any, client: FlaskClient) -> None:
    actor = make_actor()
    make_listing(actor)
    assert goals_of(client, actor) == []


def test_the_dashboard_marks_the_next_step_in_both_languages(db: Any, client: FlaskClient, sign_in: Any) -> None:
    sign_in(client, make_actor(kind="bank"))
    page = client.get("/dashboard?lang=zh").get_data(as_text=True)
    assert "开展知识产权质押贷款" in page
    assert page.count('aria-current="step"') == 1
    assert "Answer an application with a term sheet" in client.get("/dashboard?lang=en").get_data(as_text=True)
