"""What outside programs see of ``flask risk-pool share``."""

import json

from apiflask import APIFlask


def test_a_case_is_answered_as_json(app: APIFlask) -> None:
    done = app.test_cli_runner().invoke(args=["risk-pool", "share"], input='{"scheme": "55", "loss": "100"}')
    assert done.exit_code == 0
    assert json.loads(done.output)["compensation"] == {"fund": "50.00", "bank": "50.00"}


def test_a_list_is_answered_in_order_and_a_refused_case_is_its_own_error(app: APIFlask) -> None:
    cases = [{"scheme": "55", "loss": "-1"}, {"scheme": "55", "loss": "NaN"}, {"scheme": "haikou", "loss": "1"}, 3,
             {"scheme": "55", "loss": 100}]  # fmt: skip
    done = app.test_cli_runner().invoke(args=["risk-pool", "share"], input=json.dumps(cases))
    assert done.exit_code == 0
    answers = json.loads(done.output)
    assert [answer.get("error", {}).get("code") for answer in answers] == [
        "malformed", "malformed", "shares_unknown", "malformed", None,
    ]  # fmt: skip


def test_a_refused_single_case_ends_with_status_one(app: APIFlask) -> None:
    done = app.test_cli_runner().invoke(args=["risk-pool", "share"], input='{"scheme": "atlantis", "loss": "1"}')
    assert done.exit_code == 1
    assert json.loads(done.output)["error"]["code"] == "scheme_not_published"


def test_all_schemes_are_listed(app: APIFlask) -> None:
    done = app.test_cli_runner().invoke(args=["risk-pool", "schemes"])
    assert len(json.loads(done.output)) >= 15
