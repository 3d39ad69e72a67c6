"""Files: stored once, seen only by whom they are shown to, checked by content, served harmlessly."""

import hashlib
import io
import struct
import zipfile
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from marketplace.core.actor import SYSTEM
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.documents.content_check import FileRefused, check_content, clean_name
from marketplace.documents.content_store import ContentDamaged, FolderStore
from marketplace.documents.evidence import attach_evidence, evidence_for
from marketplace.documents.files import FileContent, find_file, hide_file, read_file, show_file, store_file
from tests.makers.documents import make_pdf
from tests.makers.identity import make_actor

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def png(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body)) + b"\0" * 12


def archive(entries: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return target.getvalue()


def test_the_same_content_is_stored_once_and_each_upload_keeps_its_own_name(db: Any) -> None:
    one, other = make_actor(), make_actor()
    first = store_file(one, make_pdf(), "专利证书.pdf", "title", NOW)
    second = store_file(other, make_pdf(), "copy.pdf", "title", NOW)
    assert first.id != second.id and first.sha256 == second.sha256 == hashlib.sha256(make_pdf()).hexdigest()
    rows = db.execute(select(func.count()).select_from(FileContent).where(FileContent.sha256 == first.sha256))
    assert rows.scalar_one() == 1
    assert first.name == "专利证书.pdf"


def test_a_file_does_not_exist_for_others_until_it_is_shown_and_after_it_is_hidden(db: Any) -> None:
    owner, other = make_actor(), make_actor()
    file = store_file(owner, make_pdf(), "a.pdf", "title", NOW)
    with pytest.raises(NotFound):
        read_file(other, file.id, NOW)
    show_file(owner, file.id, other.organisation_id, NOW, expires_at=NOW + timedelta(days=1))
    assert read_file(other, file.id, NOW) == make_pdf()
    with pytest.raises(NotFound):
        read_file(other, file.id, NOW + timedelta(days=1))
    hide_file(owner, file.id, other.organisation_id, NOW)
    with pytest.raises(NotFound):
        find_file(other, file.id, NOW)


def test_who_is_only_shown_a_file_may_not_show_it_on(db: Any) -> None:
    owner, reader, third = make_actor(), make_actor(), make_actor()
    file = store_file(owner, make_pdf(), "a.pdf", "title", NOW)
    show_file(owner, file.id, reader.organisation_id, NOW)
    with pytest.raises(NotAllowed):
        show_file(reader, file.id, third.organisation_id, NOW)
    with pytest.raises(NotAllowed):
        store_file(reader, make_pdf(), "a.pdf", "title", NOW, owner_organisation_id=third.organisation_id)


@pytest.mark.parametrize("statement", [
    "UPDATE files SET name = 'x'", "DELETE FROM files", "DELETE FROM file_contents", "UPDATE evidence SET kind = 'x'",
])  # fmt: skip
def test_stored_rows_are_never_changed_even_by_raw_sql(db: Any, statement: str) -> None:
    file = store_file(make_actor(), make_pdf(), "a.pdf", "title", NOW)
    attach_evidence(SYSTEM, file.id, file.id, "proof", NOW)
    with pytest.raises(DBAPIError, match="never changed"):
        db.execute(text(statement))


def test_evidence_is_found_by_what_it_proves(db: Any) -> None:
    actor, other = make_actor(), make_actor()
    file = store_file(actor, make_pdf(), "a.pdf", "title", NOW)
    attach_evidence(actor, file.id, actor.organisation_id, "licence", NOW)
    assert [one.file_id for one in evidence_for(actor.organisation_id)] == [file.id]
    with pytest.raises(NotFound):
        attach_evidence(other, file.id, other.organisation_id, "licence", NOW)


def test_damaged_bytes_are_never_served(tmp_path: Any) -> None:
    store = FolderStore(tmp_path)
    sha256 = hashlib.sha256(b"a").hexdigest()
    store.put(sha256, b"a")
    path = store._path(sha256)
    path.chmod(0o600)
    path.write_bytes(b"b")
    with pytest.raises(ContentDamaged):
        store.get(sha256)


@pytest.mark.parametrize("name,shown", [
    ("证书.pdf", "证书.pdf"), ("../../x.pdf", "x.pdf"), ("a\\b\\c.pdf", "c.pdf"), ("CON", "_CON"),
    (".htaccess", "htaccess"), ("a\u202efdp.exe.pdf", "afdp.exe.pdf"), ("", "file"), ("a\0b\r\n.pdf", "ab.pdf"),
])  # fmt: skip
def test_names_are_shown_safely(name: str, shown: str) -> None:
    assert clean_name(name) == shown


def test_a_long_name_keeps_its_ending() -> None:
    assert len(clean_name("长" * 300 + ".pdf")) == 120 and clean_name("长" * 300 + ".pdf").endswith(".pdf")


@pytest.mark.parametrize("content,name", [
    (b"<html><script>alert(1)</script>", "a.pdf"), (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.xml"),
    (b"GIF89a" + b"\0" * 20, "a.png"), (png(50_000, 50_000), "a.png"), (b"%PDF-1.7 no end", "a.pdf"),
    (b"%PDF-1.7\n/JavaScript (x)\n%%EOF", "a.pdf"), (b"", "a.txt"), (make_pdf(), "a.png"), (b"MZ\x90\0" + b"\0" * 99, "a.txt"),
    (archive({"[Content_Types].xml": b"x", "word/document.xml": b"0" * 50_000_000}), "bomb.docx"),
    (archive({"[Content_Types].xml": b"x", "word/document.xml": b"x", "word/vbaProject.bin": b"x"}), "m.docx"),
    (archive({"a.txt": b"x"}), "a.zip"), (b"X5O!P%@AP-EICAR-STANDARD-ANTIVIRUS-TEST-FILE!", "a.txt"),
    (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "a.xml"),
], ids=range(14))  # fmt: skip
def test_what_is_not_a_harmless_known_file_is_refused(content: bytes, name: str) -> None:
    with pytest.raises(FileRefused):
        check_content(content, name)


@pytest.mark.parametrize("content,name,media_type", [
    (make_pdf(), "a.pdf", "application/pdf"), (png(10, 10), "a.png", "image/png"),
    ("名称,价格\n".encode("gb18030"), "表.csv", "text/csv"), (b'<?xml version="1.0"?><a/>', "a.xml", "application/xml"),
    (archive({"[Content_Types].xml": b"x", "xl/workbook.xml": b"x"}), "a.xlsx",
     "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
])  # fmt: skip
def test_known_kinds_are_recognised_by_content(content: bytes, name: str, media_type: str) -> None:
    assert check_content(content, name) == media_type


def upload(client: FlaskClient, content: bytes, name: str, key: str = "k") -> Any:
    data = {"file": (io.BytesIO(content), name), "purpose": "title"}
    return client.post("/api/v1/files", data=data, headers={"Idempotency-Key": key})


def test_a_file_goes_in_and_comes_out_as_an_attachment_with_its_chinese_name(client: FlaskClient, sign_in: Any) -> None:
    owner, other = make_actor(), make_actor()
    sign_in(client, owner)
    made = upload(client, make_pdf(), "专利证书.pdf")
    assert made.status_code == 201 and made.json["name"] == "专利证书.pdf"
    for path in (f"/api/v1/files/{made.json['id']}/content", f"/files/{made.json['id']}"):
        got = client.get(path)
        assert got.data == make_pdf()
        assert got.headers["Content-Disposition"].startswith("attachment")
        assert "filename*=UTF-8''%E4%B8%93%E5%88%A9%E8%AF%81%E4%B9%A6.pdf" in got.headers["Content-Disposition"]
        assert got.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in got.headers["Content-Security-Policy"]
    sign_in(client, other)
    for path in ("/api/v1/files/{}", "/api/v1/files/{}/content", "/files/{}"):
        assert client.get(path.format(made.json["id"])).status_code == 404
        assert client.get(path.format(made.json["id"]), headers={"Range": "bytes=0-3"}).status_code == 404
    sign_in(client, None)
    assert client.get(f"/api/v1/files/{made.json['id']}").status_code == 401
    assert upload(client, make_pdf(), "a.pdf", "k2").status_code == 401


def test_a_refused_upload_says_why_and_stores_nothing(client: FlaskClient, sign_in: Any, db: Any) -> None:
    sign_in(client, make_actor())
    answer = upload(client, b"<html>", "a.pdf")
    assert answer.status_code == 422 and answer.json["errors"][0]["field"] == "file"
    assert client.post("/api/v1/files", data={}, headers={"Idempotency-Key": "z"}).status_code == 422
