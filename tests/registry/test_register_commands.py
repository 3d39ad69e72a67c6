"""The command line answers in the stable JSON that outside callers read."""

import json
from pathlib import Path
from typing import Any

from apiflask import APIFlask
from sqlalchemy import func, select

from marketplace.registry.assets import Publication

FIXTURES = Path(__file__).parent / "fixtures"


def run(app: APIFlask, *words: str) -> tuple[int, Any]:
    result = app.test_cli_runner().invoke(args=["registry", *words])
    return result.exit_code, json.loads(result.stdout) if result.stdout else result.output


def test_a_folder_is_walked_and_the_second_time_nothing_changes(app: APIFlask, db: Any) -> None:
    code, first = run(app, "import", str(FIXTURES), "--json")
    assert code == 0
    assert set(first) == {"read", "created", "updated", "unchanged", "rejected"}
    assert first["created"] == first["read"] - len(first["rejected"])
    assert {item["code"] for item in first["rejected"]} == {"bad_date"}
    assert set(first["rejected"][0]) == {"source", "row", "field", "code", "message"}
    _code, second = run(app, "import", str(FIXTURES), "--json")
    assert (second["created"], second["updated"], second["unchanged"]) == (0, 0, first["created"])
    code, proof = run(app, "verify")
    assert (code, proof["valid"]) == (0, True)


def test_a_dry_run_writes_nothing(app: APIFlask, db: Any) -> None:
    _code, report = run(app, "import", str(FIXTURES / "cnipa_new.xml"), "--json", "--dry-run")
    assert report["created"] == 1
    assert db.execute(select(func.count()).select_from(Publication)).scalar_one() == 0


def test_a_right_is_shown_by_any_way_of_writing_its_number(app: APIFlask, db: Any) -> None:
    run(app, "import", str(FIXTURES), "--json")
    wanted = run(app, "show", "CN990000001B", "--json")[1]
    assert wanted["title"] == {"zh": "一种并不存在的阀门"}
    assert wanted["legal_status"]["status"] == "in_force"
    for number in (
        "CN 990000001 B",
        "990000001",
        "202210000001.6",
        "ZL202210000001.6",
        "CN202210000001",
        "2022100000016",
    ):
        code, shown = run(app, "show", number, "--json")
        assert (code, shown.get("id")) == (0, wanted["id"]), number


def test_the_fees_of_a_named_file_reach_the_right(app: APIFlask, db: Any) -> None:
    run(app, "import", str(FIXTURES), "--json")
    shown = run(app, "show", "202210000001.6", "--json")[1]
    assert [fee["state"] for fee in shown["fees"]] == ["due", "paid"]


def test_an_earlier_day_shows_what_was_true_then(app: APIFlask, db: Any) -> None:
    run(app, "import", str(FIXTURES / "ops.xml"), "--json")
    early = run(app, "show", "CN990000005", "--json", "--as-of", "2022-02-10")[1]
    late = run(app, "show", "CN990000005", "--json")[1]
    assert [event["code"] for event in early["events"]] == ["PE01"]
    assert [(event["code"], event["type"]) for event in late["events"]] == [
        ("PE01", "pledge_or_preservation"),
        ("ZZ99", "unknown"),
    ]


def test_an_unknown_number_and_a_bad_day_are_refused_in_json(app: APIFlask, db: Any) -> None:
    assert run(app, "show", "CN1", "--json") == (
        1,
        {"error": {"code": "not_found", "message": run(app, "show", "CN1")[1]["error"]["message"]}},
    )
    assert run(app, "show", "CN1", "--as-of", "soon")[1]["error"]["code"] == "malformed"


def test_a_refused_file_is_named_and_the_others_come_in(app: APIFlask, db: Any, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text('<!DOCTYPE x [<!ENTITY e "x">]><x>&e;</x>')
    (tmp_path / "b.xml").write_bytes((FIXTURES / "jpo.xml").read_bytes())
    code, report = run(app, "import", str(tmp_path), "--json")
    assert (code, report["created"], [item["code"] for item in report["rejected"]]) == (0, 1, ["hostile_xml"])


def test_instruments_are_checked_from_a_file(app: APIFlask, db: Any, tmp_path: Path) -> None:
    run(app, "import", str(FIXTURES / "cnipa_new.xml"), "--json")
    path = tmp_path / "instruments.json"
    path.write_text(
        json.dumps(
            [
                {"kind": "licence", "asset": "CN990000001B", "ends_on": "2060-01-01"},
                {"kind": "gift", "asset": "CN990000001B"},
            ]
        )
    )
    code, (late, unknown) = run(app, "check", "--file", str(path))
    assert (code, late["allowed"], late["conflicts"][0]["rule"]) == (0, False, "CN-LIC-01")
    assert late["alternatives"] == [{"change": "ends_on", "value": "2042-06-07"}]
    assert unknown["error"]["code"] == "malformed"


def test_characters_that_no_database_keeps_are_a_rejected_row(app: APIFlask, db: Any, tmp_path: Path) -> None:
    for name, mark in (("nul.json", "\\u0000"), ("surrogate.json", "\\ud800")):
        text = (FIXTURES / "application.json").read_text(encoding="utf-8").replace("一种并不存在的多通阀", mark)
        (tmp_path / name).write_text(text, encoding="utf-8")
    code, report = run(app, "import", str(tmp_path), "--json")
    assert [item["code"] for item in report["rejected"]] == ["control_character"] * 2
    assert (code, report["created"]) == (0, 0)


def test_a_grantor_may_be_named_as_the_register_names_the_owner(app: APIFlask, db: Any, tmp_path: Path) -> None:
    run(app, "import", str(FIXTURES / "cnipa_new.xml"), "--json")
    path = tmp_path / "instruments.json"
    case = {"kind": "licence", "asset": "CN990000001B", "ends_on": "2030-01-01"}
    path.write_text(json.dumps([case | {"grantor": "虚构机械有限公司"}, case | {"grantor": "别人"}]), encoding="utf-8")
    _code, (own, foreign) = run(app, "check", "--file", str(path))
    assert own["allowed"]
    assert [conflict["rule"] for conflict in foreign["conflicts"]] == ["ANY-OWN-01"]
