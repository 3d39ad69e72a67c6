"""The import wizard: upload, report, import with progress; anonymous, other organisation, malformed, refused, success."""

import io
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from marketplace.registry import import_runs, importing, jobs
from marketplace.registry.offices.reading import read_stream
from marketplace.registry.offices.record import OfficeRecord
from tests.makers.identity import make_actor, make_organisation
from tests.registry import office_files

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TABLE = """office,kind,number,kind_code,application_number,application_date,publication_date,grant_date,status,title_zh,owners
CN,invention,919000001,B,2021190000011,2021-01-05,2023-01-06,2023-01-06,in_force,虚构阀门,{owner}
CN,invention,919000002,B,2021190000022,2021-13-05,2023-01-06,2023-01-06,in_force,虚构水泵,{owner}
CN,invention,919000003,B,2021190000033,2021-01-05,2023-01-06,2023-01-06,in_force,虚构支架,某某公司
"""


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def upload(client: FlaskClient, content: str, name: str = "rights.csv", path: str = "/assets/import") -> Any:
    data = {"file": (io.BytesIO(content.encode()), name), "format": "auto"}
    return client.post(path, data=data, headers=key(), content_type="multipart/form-data")


def test_a_holder_imports_a_file_in_three_steps(client: FlaskClient, sign_in: Any, run_jobs: Any, db: Any) -> None:
    holder = make_organisation(name_zh="虚构持有人有限公司")
    actor = make_actor(holder)
    sign_in(client, actor)
    assert "第一步" in client.get("/assets/import?lang=zh").text
    answer = upload(client, TABLE.format(owner="虚构持有人有限公司"))
    assert answer.status_code == 303
    place = answer.headers["Location"]
    run_jobs()
    report = client.get(place + "?lang=en").text
    assert "This is not a day of the calendar." in report
    assert "Step 2 of 3" in report
    assert "还没有权利" in client.get("/assets?lang=zh").text
    errors = client.get(place + "/errors.csv?lang=en").text
    assert "rights.csv,2,application_date,bad_date,This is not a day of the calendar.,2021-13-05" in errors
    assert client.post(place + "/confirmation", headers=key()).status_code == 303
    run_jobs()
    assert "Step 3 of 3" in client.get(place + "?lang=en").text
    mine = client.get("/assets").text
    assert "虚构阀门" in mine
    assert "虚构支架" not in mine


def test_our_table_can_be_downloaded_filled_in_and_read_back(client: FlaskClient, db: Any) -> None:
    assert client.get("/assets/import/template.csv").text.lstrip("\ufeff").startswith("office,kind,number")
    answer = client.get("/assets/import/template.xlsx?lang=zh")
    assert answer.content_type == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    rights, notes = book.worksheets
    assert notes["B2"].value == "官方机构的两位字母代码，如CN、US。必填。"
    assert [row[0] for row in notes.iter_rows(min_row=2, values_only=True)] == [cell.value for cell in rights[1]]
    rights.append(["CN", "invention", "919000009", "B", *[None] * 7, "虚构的行"])
    out = io.BytesIO()
    book.save(out)
    (record,) = read_stream(io.BytesIO(out.getvalue()), "rights.xlsx")
    assert isinstance(record, OfficeRecord)
    assert (record.number, record.titles, record.status) == ("919000009", (("zh", "虚构的行"),), "unknown")


def test_an_interrupted_import_goes_on_where_it_stood(
    client: FlaskClient, sign_in: Any, run_jobs: Any, db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)
    sign_in(client, make_actor(make_organisation(name_zh="虚构中断有限公司")))
    rows = [f"CN,invention,91900002{n},B,,,,,,第{n}项,虚构中断有限公司" for n in range(5)]
    table = "\n".join([TABLE.split("\n")[0], *rows[:3], rows[1].replace("第1项", "重复"), *rows[3:]])
    place = upload(client, table).headers["Location"]
    run_jobs()
    client.post(place + "/confirmation", headers=key())
    run_id = UUID(place.rsplit("/", 1)[1])

    def stop_after_two_batches() -> None:
        db.commit()
        if import_runs.find(import_runs.ImportRun, run_id).rows_read == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_runs.bring_in(run_id, NOW, stop_after_two_batches)
    db.rollback()
    assert "4 of 6 rows" in client.get(place + "?lang=en").text
    assert 'value="4"' in client.get(place, headers={"HX-Request": "true"}).text
    db.execute(text("DELETE FROM procrastinate_jobs"))
    db.execute(text("UPDATE import_runs SET progressed_at = now() - interval '3 minutes'"))
    jobs.resume_imports()
    jobs.resume_imports()
    assert db.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar_one() == 1
    run_jobs()
    run = import_runs.find(import_runs.ImportRun, run_id)
    assert (run.status.value, run.report["read"], run.report["created"], run.report["unchanged"]) == (
        "imported",
        6,
        5,
        0,
    )
    assert [item["code"] for item in run.rejections] == ["duplicate_in_file"]
    assert run.claimed == 5


def test_an_archive_and_a_workbook_go_the_same_way(client: FlaskClient, sign_in: Any, run_jobs: Any, db: Any) -> None:
    sign_in(client, make_actor())
    content = office_files.zipped({"a/own.csv": office_files.OWN.encode(), "b.xml": b"<x"})
    data = {"file": (io.BytesIO(content), "rights.zip"), "format": "auto"}
    place = client.post("/assets/import", data=data, headers=key(), content_type="multipart/form-data").headers[
        "Location"
    ]
    run_jobs()
    page = client.get(place + "?lang=en").text
    assert "a/own.csv · 2" in page
    assert "The XML is malformed." in page
    assert "rights.zip!a/own.csv,2,application_date,bad_date" in client.get(place + "/errors.csv?lang=en").text


def test_the_same_file_by_the_api(client: FlaskClient, sign_in: Any, run_jobs: Any, db: Any) -> None:
    actor = make_actor(make_organisation(name_zh="虚构接口有限公司"))
    sign_in(client, actor)
    made = upload(client, TABLE.format(owner="虚构接口有限公司"), path="/api/v1/imports")
    assert made.status_code == 201
    run_jobs()
    address = f"/api/v1/imports/{made.json['id']}"
    shown = client.get(address).json
    assert (shown["status"], shown["report"]["created"], shown["report"]["rejected_count"]) == ("checked", 2, 1)
    assert client.post(address + "/confirmation", json={}, headers=key()).status_code == 200
    run_jobs()
    assert client.get(address).json["claimed"] == 1
    assert [asset["titles"]["zh"] for asset in client.get("/api/v1/assets").json] == ["虚构阀门"]


def test_nobody_retells_the_right_of_another(client: FlaskClient, sign_in: Any, run_jobs: Any, db: Any) -> None:
    table = TABLE.format(owner="虚构先到有限公司")
    for name in ("虚构先到有限公司", "虚构后到有限公司"):
        sign_in(client, make_actor(make_organisation(name_zh=name)))
        place = upload(client, table.replace("in_force", "lapsed") if name == "虚构后到有限公司" else table).headers[
            "Location"
        ]
        run_jobs()
        if name == "虚构先到有限公司":
            client.post(place + "/confirmation", headers=key())
            run_jobs()
    assert "is not yours" in client.get(place + "?lang=en").text


def test_a_hostile_file_is_refused_with_its_reason(client: FlaskClient, sign_in: Any, run_jobs: Any, db: Any) -> None:
    sign_in(client, make_actor())
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    place = upload(client, bomb, "x.xml").headers["Location"]
    run_jobs()
    assert "declares entities" in client.get(place + "?lang=en").text


def test_an_empty_upload_is_malformed(client: FlaskClient, sign_in: Any, db: Any) -> None:
    sign_in(client, make_actor())
    assert upload(client, " ").status_code == 422
    assert client.post("/api/v1/imports", data={"format": "auto"}, headers=key()).status_code == 422


def test_another_organisation_sees_no_import(client: FlaskClient, sign_in: Any, db: Any) -> None:
    sign_in(client, make_actor())
    place = upload(client, TABLE.format(owner="某")).headers["Location"]
    sign_in(client, make_actor())
    assert client.get(place).status_code == 404
    assert client.post(place + "/confirmation", headers=key()).status_code == 404


def test_an_unapproved_organisation_imports_nothing(client: FlaskClient, sign_in: Any, db: Any) -> None:
    from marketplace.identity.organisations import OrganisationStatus

    sign_in(client, make_actor(make_organisation(status=OrganisationStatus.SUBMITTED)))
    assert upload(client, TABLE.format(owner="某"), path="/api/v1/imports").status_code == 403
