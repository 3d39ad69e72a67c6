"""An independent authority's stamps: on sealed blocks, in receipts, on signed contracts; a wrong one is seen."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from marketplace.audit.receipts import receipt_for
from marketplace.audit.sealing import seal_trail
from marketplace.audit.time_stamping import AuditTimeStamp, stamp_blocks
from marketplace.audit.verification import verify_trail
from marketplace.core.clock import now
from marketplace.core.time_stamps import AuthorityUnavailable, StampInvalid, request_stamp, verified_moment
from marketplace.documents import signatures
from marketplace.documents.files import read_file, store_file
from marketplace.documents.seal import seal_is_intact
from marketplace.documents.stamping import stamp_contract
from marketplace.settings import Settings, UnsafeSettings
from tests.audit.test_receipts import VERIFIER
from tests.makers.documents import make_pdf
from tests.makers.identity import make_actor
from tests.stamping_authority import time_stamp_authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    with time_stamp_authority(tmp_path_factory.mktemp("authority")) as served:
        yield served


@pytest.fixture
def stamping(app: APIFlask, authority: tuple[str, Path]) -> Iterator[None]:
    """The application configured to use the authority."""
    before = app.extensions["settings"]
    url, roots = authority
    app.extensions["settings"] = replace(before, timestamp_url=url, timestamp_roots=roots)
    yield
    app.extensions["settings"] = before


def sealed_event(actor: Any) -> Any:
    """An event of a stored file, sealed."""
    from marketplace.audit.trail import events_of

    file = store_file(actor, b"a fact", "fact.txt", "document", now())
    seal_trail(now())
    return events_of(file.id)[0]


def test_sealed_blocks_are_stamped_once_and_prove_their_hash(db: Any, stamping: None) -> None:
    sealed_event(make_actor())
    assert stamp_blocks() > 0
    while stamp_blocks():
        pass
    assert verify_trail() == []
    stamp = db.query(AuditTimeStamp).first()
    assert abs(stamp.stamped_at - datetime.now(UTC)) < timedelta(minutes=2)
    with pytest.raises(DBAPIError), db.begin_nested():
        db.execute(text("UPDATE audit_time_stamps SET authority = 'another'"))


def test_without_an_authority_nothing_is_stamped_and_nothing_is_missing(db: Any) -> None:
    event = sealed_event(make_actor())
    assert stamp_blocks() == 0
    assert receipt_for(event.id)["time_stamp"] is None
    assert verify_trail() == []


def test_the_receipt_carries_the_stamp_and_the_script_verifies_it(
    db: Any, stamping: None, authority: tuple[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    event = sealed_event(make_actor())
    while stamp_blocks():
        pass
    receipt = receipt_for(event.id)
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(receipt), "utf-8")
    assert VERIFIER.main([str(path), "--authority", str(authority[1])]) == 0
    assert "verified: " in capsys.readouterr().out
    other = request_stamp(b"another block")
    receipt["time_stamp"]["response"] = base64.b64encode(other.response).decode()
    path.write_text(json.dumps(receipt), "utf-8")
    assert VERIFIER.main([str(path)]) == 1
    assert "another block" in capsys.readouterr().out


def test_a_stamp_for_something_else_or_of_a_stranger_proves_nothing(
    db: Any, app: APIFlask, stamping: None, tmp_path: Path
) -> None:
    stamp = request_stamp(b"this")
    assert verified_moment(stamp.response, b"this") == stamp.at
    with pytest.raises(StampInvalid):
        verified_moment(stamp.response, b"that")
    with pytest.raises(StampInvalid):
        verified_moment(b"nonsense", b"this")
    with time_stamp_authority(tmp_path) as (_url, strange_roots):
        settings = app.extensions["settings"]
        app.extensions["settings"] = replace(settings, timestamp_roots=strange_roots)
        with pytest.raises(StampInvalid):
            verified_moment(stamp.response, b"this")
        app.extensions["settings"] = replace(settings, timestamp_url="http://127.0.0.1:9/")
        with pytest.raises(AuthorityUnavailable):
            request_stamp(b"this")


def test_an_authority_that_could_not_be_verified_is_not_configured(tmp_path: Path) -> None:
    with pytest.raises(UnsafeSettings, match="TIMESTAMP_ROOTS"):
        Settings(
            home=tmp_path, database_url=None, secret_key="x" * 40, timestamp_url="http://127.0.0.1:9/"
        ).refuse_unsafe()


def test_a_signed_contract_gets_a_stamped_copy_whose_seal_still_stands(db: Any, stamping: None, run_jobs: Any) -> None:
    signer = make_actor()
    file = store_file(signer, make_pdf(), "contract.pdf", "contract", now())
    assert signer.organisation_id
    envelope = signatures.open_envelope(signer, file.id, [signer.organisation_id], now())
    signatures.sign(signer, envelope.id, now())
    stamp_contract(envelope.id, now())
    stamped = read_file(signer, envelope.stamped_file_id)
    assert stamped.startswith(read_file(signer, envelope.sealed_file_id))
    assert b"/DocTimeStamp" in stamped and seal_is_intact(stamped)
    first = envelope.stamped_file_id
    stamp_contract(envelope.id, now())
    assert envelope.stamped_file_id == first
