"""The trail's pages and API: who sees what, receipts as files, the blocks for everybody, and the command."""

import json
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from sqlalchemy import text

from marketplace.audit.sealing import seal_trail
from marketplace.core.clock import now
from tests.audit.test_receipts import VERIFIER
from tests.audit.test_trail import by_force, happen
from tests.makers.identity import make_actor


def test_the_page_lists_ones_own_acts_and_strangers_see_none_of_them(
    client: FlaskClient, db: Any, sign_in: Any
) -> None:
    mine, stranger = make_actor(), make_actor()
    (event_id,) = happen(uuid4(), actor=mine)
    db.commit()
    assert client.get("/audit").status_code == 302
    assert client.get("/api/v1/audit/events").status_code == 401
    assert f"/audit/events/{event_id}" in sign_in(client, mine).get("/audit").text
    assert client.get(f"/audit/events/{event_id}").status_code == 200
    assert f"/audit/events/{event_id}" not in sign_in(client, stranger).get("/audit").text
    for address in (f"/audit/events/{event_id}", f"/audit/events/{event_id}/receipt.json", f"/api/v1/audit/events/{event_id}", f"/api/v1/audit/events/{event_id}/receipt"):  # fmt: skip
        assert client.get(address).status_code == 404


def test_a_receipt_is_downloaded_and_valid_and_its_block_is_published(
    client: FlaskClient, db: Any, sign_in: Any, tmp_path: Any
) -> None:
    actor = make_actor()
    (event_id,) = happen(uuid4(), actor=actor)
    db.commit()
    answer = sign_in(client, actor).get(f"/audit/events/{event_id}/receipt.json")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    path = tmp_path / "receipt.json"
    path.write_bytes(answer.data)
    assert VERIFIER.main([str(path)]) == 0
    receipt = json.loads(answer.data)
    assert client.get(f"/api/v1/audit/events/{event_id}/receipt").json == receipt
    sign_in(client, None)
    published = client.get(f"/api/v1/audit/blocks?number={receipt['block']['number']}").json["items"][0]
    assert published["hash"] == receipt["block"]["hash"]
    assert published["hash"] in client.get("/audit/blocks").text


def test_malformed_filters_are_refused_and_pages_continue(client: FlaskClient, db: Any, sign_in: Any) -> None:
    actor = make_actor()
    happen(uuid4(), 5, actor=actor)
    db.commit()
    sign_in(client, actor)
    for query in ("subject_id=x", "since=yesterday", "limit=0", "limit=201", "after=1", "kind=%00"):
        assert client.get(f"/api/v1/audit/events?{query}").status_code == 422, query
        assert client.get(f"/audit?{query}").status_code == 422, query
    first = client.get("/api/v1/audit/events?limit=3").json
    second = client.get(f"/api/v1/audit/events?limit=3&after={first['next']}").json
    assert len(first["items"]) == 3 and second["next"] is None
    assert not {item["id"] for item in first["items"]} & {item["id"] for item in second["items"]}
    assert client.get("/api/v1/audit/events?since=2020-01-01&until=2020-01-02").json["items"] == []


def test_the_command_says_valid_and_names_the_first_broken_row(app: Any, db: Any) -> None:
    ids = happen(uuid4(), 3)
    seal_trail(now())
    runner = app.test_cli_runner()
    good = runner.invoke(args=["audit", "verify"])
    assert good.exit_code == 0 and json.loads(good.stdout)["valid"] is True and "audit chain valid" in good.stderr
    by_force(db, "UPDATE audit_events SET body = body || ' ' WHERE id = :id", id=ids[1])
    bad = runner.invoke(args=["audit", "verify"])
    assert bad.exit_code == 1 and json.loads(bad.stdout)["first_broken"]["row_id"] == str(ids[1])


def test_the_command_seals_and_prints_receipts(app: Any, db: Any, tmp_path: Any) -> None:
    (event_id,) = happen(uuid4())
    runner, path = app.test_cli_runner(), tmp_path / "receipt.json"
    early = runner.invoke(args=["audit", "receipt", str(event_id)])
    assert early.exit_code == 1 and json.loads(early.stdout)["error"]["code"] == "receipt_not_ready"
    assert runner.invoke(args=["audit", "seal"]).exit_code == 0
    assert runner.invoke(args=["audit", "receipt", str(event_id), "--out", str(path)]).exit_code == 0
    assert VERIFIER.main([str(path)]) == 0


def test_raw_sql_that_adds_an_event_is_chained_like_any_other(db: Any) -> None:
    subject, event_id = uuid4(), uuid4()
    db.execute(
        text(
            "INSERT INTO audit_events (id, subject_id, kind, via, at, body, stream_number, previous_hash, event_hash) "
            "VALUES (:id, :subject, 'Forged', 'web', now(), '{}', 99, '', '')"
        ),
        {"id": event_id, "subject": subject},
    )
    number = db.scalar(text("SELECT stream_number FROM audit_events WHERE id = :id"), {"id": event_id})
    assert number == 1
