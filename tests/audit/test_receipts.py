"""Receipts: a stranger checks them with the standard library alone, and one changed byte makes them invalid."""

import importlib.util
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.audit.receipts import ReceiptNotReady, issue_receipt, receipt_for
from marketplace.audit.sealing import blocks_from, seal_trail
from marketplace.core.errors import NotFound
from tests.audit.test_trail import happen
from tests.makers.identity import make_actor

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "verify_receipt.py"


def load_script() -> Any:
    spec = importlib.util.spec_from_file_location("verify_receipt", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


VERIFIER = load_script()


def is_valid(content: bytes, folder: Path) -> bool:
    path = folder / "receipt.json"
    path.write_bytes(content)
    return bool(VERIFIER.main([str(path)]) == 0)


@pytest.fixture(scope="module")
def kept() -> dict[str, bytes]:
    return {}


def test_receipts_of_a_block_are_valid_offline_with_the_standard_library_alone(db: Any, tmp_path: Path) -> None:
    ids = happen(uuid4(), 2) + happen(uuid4(), 5)
    seal_trail(NOW)
    for event_id in ids:
        path = tmp_path / f"{event_id}.json"
        path.write_text(json.dumps(receipt_for(event_id), ensure_ascii=False), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), str(tmp_path / f"{ids[3]}.json")], capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stdout.startswith("valid"), done.stdout + done.stderr
    assert all(VERIFIER.main([str(tmp_path / f"{event_id}.json")]) == 0 for event_id in ids)


def test_no_single_changed_byte_leaves_a_receipt_valid(db: Any, tmp_path: Path) -> None:
    (event_id,) = happen(uuid4())
    happen(uuid4(), 3)
    seal_trail(NOW)
    content = json.dumps(receipt_for(event_id), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert is_valid(content, tmp_path)
    for place in range(len(content)):
        changed = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        assert not is_valid(changed, tmp_path), (place, content[place : place + 1])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_nonsense_is_invalid_and_never_crashes(data: st.DataObject) -> None:
    names = ["format", "event", "number", "previous", "event_hash", "proof", "block", "time_stamp"]
    nonsense = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(names), inner, max_size=7),
        max_leaves=12,
    )
    with pytest.raises(VERIFIER.Invalid):
        VERIFIER.verify(data.draw(nonsense))


def test_the_block_can_be_compared_with_the_published_one(db: Any, tmp_path: Path) -> None:
    (event_id,) = happen(uuid4())
    seal_trail(NOW)
    receipt = receipt_for(event_id)
    published = {block.number: block.block_hash for block in blocks_from(1, 200)}
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(receipt))
    assert VERIFIER.main([str(path), "--block-hash", published[receipt["block"]["number"]]]) == 0
    assert VERIFIER.main([str(path), "--block-hash", "0" * 64]) == 1


def test_a_receipt_is_ready_once_sealed_and_asking_for_it_seals(db: Any) -> None:
    actor = make_actor()
    (event_id,) = happen(uuid4(), actor=actor)
    with pytest.raises(ReceiptNotReady):
        receipt_for(event_id)
    assert issue_receipt(actor, event_id, NOW)["event"]["id"] == str(event_id)


def test_nobody_gets_the_receipt_of_another_organisation(db: Any) -> None:
    (event_id,) = happen(uuid4(), actor=make_actor())
    with pytest.raises(NotFound):
        issue_receipt(make_actor(), event_id, NOW)
    assert issue_receipt(make_actor(kind="auditor"), event_id, NOW)["number"] == 1
