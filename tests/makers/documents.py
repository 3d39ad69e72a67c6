"""Files and contracts for tests."""

from datetime import date
from typing import Any

from marketplace.documents.contracts_pdf import render_pdf


def make_pdf(text: str = "test") -> bytes:
    """A small real PDF that holds this text."""
    terms: dict[str, Any] = {
        "reference": text, "issued_on": date(2026, 11, 22), "file_name": text, "hash_before": "0" * 64,
        "hash_after": "0" * 64, "page_hashes": "1: 0", "parties": [{"role": "x", "name": text}],
    }  # fmt: skip
    return render_pdf("evidence", terms)
