"""What every page and answer has in common."""

from flask.testing import FlaskClient


def test_the_home_page_is_served_in_both_languages(client: FlaskClient) -> None:
    assert 'lang="zh-CN"' in client.get("/?lang=zh").text
    assert 'lang="en"' in client.get("/?lang=en").text


def test_an_unknown_page_is_a_page_and_an_unknown_address_of_the_api_is_a_problem(client: FlaskClient) -> None:
    page = client.get("/nothing-here")
    assert page.status_code == 404
    assert page.content_type.startswith("text/html")
    problem = client.get("/api/v1/nothing-here")
    assert problem.content_type.startswith("application/problem+json")
    assert problem.json is not None
    assert problem.json["code"] == "not_found"


def test_every_answer_forbids_inline_scripts_and_framing(client: FlaskClient) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_the_dashboard_needs_somebody_signed_in(client: FlaskClient) -> None:
    assert client.get("/dashboard").status_code in (302, 401)
