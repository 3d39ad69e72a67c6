"""The five questions every buyer asks, answered before a listing is published."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from marketplace.core.errors import Refused, require
from marketplace.core.i18n import _l


class Slot(StrEnum):
    """One question of due diligence."""

    TITLE = "title"
    FEES = "fees"
    BURDENS = "burdens"
    VALIDITY = "validity"
    INVENTORS = "inventors"


SLOT_TEXTS: dict[Slot, Any] = {
    Slot.TITLE: _l("Register extract: who owns the right"),
    Slot.FEES: _l("Fees: paid until when"),
    Slot.BURDENS: _l("Licences, pledges and disputes"),
    Slot.VALIDITY: _l("Validity: evaluation report, searches, invalidation proceedings"),
    Slot.INVENTORS: _l("Inventors: agreements, rewards and pre-emption rights"),
}
NOT_AVAILABLE = "not_available"


class DueDiligenceIncomplete(Refused):
    """A due-diligence question has neither an answer nor the mark that none is available."""

    message = _l("Answer every due-diligence question or mark it “not available”. Missing: %(missing)s.")


def answers(given: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """The answers as they are stored: text, or the mark that none is available."""
    stored: dict[str, Any] = {}
    for slot in Slot:
        text = (given.get(slot.value) or "").strip()
        unavailable = bool(given.get(f"{slot.value}_not_available"))
        if text or unavailable:
            stored[slot.value] = {"state": "filled" if text else NOT_AVAILABLE, "text": text, "at": now.isoformat()}
    return stored


def missing_slots(stored: Mapping[str, Any]) -> list[Slot]:
    """The questions still open."""
    return [slot for slot in Slot if slot.value not in stored]


def is_filled(stored: Mapping[str, Any], slot: Slot) -> bool:
    """Whether a question has a real answer."""
    return bool(stored.get(slot.value, {}).get("state") == "filled")


def require_complete(stored: Mapping[str, Any]) -> None:
    """Refuse while a question is open."""
    missing = missing_slots(stored)
    require(not missing, DueDiligenceIncomplete(missing=", ".join(str(SLOT_TEXTS[slot]) for slot in missing)))
