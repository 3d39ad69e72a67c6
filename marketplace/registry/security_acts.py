"""What a recordation does to a security interest, read from the words the office recorded."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from marketplace.registry.offices.assignments import reel_frame


class SecurityAct(StrEnum):
    """What a recordation does to security interests; none of it for ordinary assignments."""

    GRANT = "grant"
    TRANSFER = "transfer"
    RELEASE = "release"
    RESCISSION = "rescission"
    CORRECTION = "correction"
    NEW_NAME = "new_name"
    SUBORDINATION = "subordination"
    NONE = "none"


@dataclass(frozen=True)
class RecordedRight:
    """A right as a recordation lists it: by its application, its patent, or both."""

    application: str
    patent: str

    @property
    def key(self) -> str:
        """What distinct rights are counted by: the patent number, or the application where there is no patent."""
        return f"patent {self.patent}" if self.patent else f"application {self.application}"


@dataclass(frozen=True)
class Recording:
    """One recordation with the rights it lists."""

    reference: str
    conveyance_class: str
    words: str
    recorded_on: date | None
    executed_on: date | None
    assignors: tuple[str, ...]
    assignees: tuple[str, ...]
    rights: tuple[RecordedRight, ...]

    @property
    def shown_on(self) -> date:
        """The day from which the register shows it; where the office's day is missing, the day of signature."""
        return self.recorded_on or self.executed_on or date.min

    @property
    def done_on(self) -> date:
        """The day on which the parties acted; where it is missing, the day of recording."""
        return self.executed_on or self.recorded_on or date.min

    @property
    def act(self) -> SecurityAct:
        """What it does to security interests."""
        return act_of(self.conveyance_class, self.words)

    @property
    def cited(self) -> tuple[str, ...]:
        """The earlier recordations it names."""
        return citations_in(self.words)


_NAMED = re.compile(
    r"REELS?(?:\s*NOS?\.?)?[\s:.,#(]*(\d{1,6})[\s:.,;/)(-]*(?:AND\s+)?FRAMES?(?:\s*NOS?\.?)?[\s:.,#(]*(\d{1,4})\b"
)
_PAIRED = re.compile(r"(?<![\d/,.])(\d{3,6})\s*[/-]\s*(\d{1,4})(?![\d/]|,\d{3}\b)")
_REMOVED = re.compile(r"\b(?:RE)?(?:\d{1,2},\d{3},\d{3}|\d{7,8}|\d{2}/\d{3},?\d{3})\b")
_SECURITY = ("SECURITY", "MORTGAGE", "LIEN", "PLEDGE", "COLLATERAL", "HYPOTHEC", "DEBENTURE")
_RELEASE = ("RELEASE", "TERMINATION", "TERMINATE", "DISCHARGE", "SATISFACTION", "RECONVEYANCE")
_AGENT = re.compile(
    r"SUCCESSION OF AGENCY|SUCCESSOR (?:\w+ )?AGENT|SUBSTITUTION OF (?:\w+ )?AGENT|CHANGE OF (?:\w+ )?AGENT"
    r"|RESIGNATION|REPLACEMENT OF (?:\w+ )?AGENT|SUCCESSOR (?:\w+ )?TRUSTEE"
)
_OF_SECURITY = re.compile(
    r"(?:ASSIGN\w*|TRANSFER\w*|ASSUMPTION) (?:AND (?:ASSIGN\w*|TRANSFER\w*|ASSUMPTION) )?OF .*"
    r"(?:SECURITY|LIEN|MORTGAGE|PLEDGE)"
)
_AS_SECURITY = re.compile(
    r"(?:COLLATERAL|CONDITIONAL|SECURITY) ASSIGNMENT|ASSIGNMENT (?:FOR|AS) (?:\w+ )?(?:SECURITY|COLLATERAL)"
)


def citations_in(words: str) -> tuple[str, ...]:
    """The reels and frames that the words cite, with or without leading zeros, in one comparable form."""
    text = " ".join(words.upper().split())
    found = [match.groups() for match in _NAMED.finditer(text)]
    found += [match.groups() for match in _PAIRED.finditer(text)]
    return tuple(dict.fromkeys(reel_frame(reel, frame) for reel, frame in found))


def numbers_in(words: str) -> frozenset[str]:
    """The patent and application numbers that the words name."""
    return frozenset(re.sub(r"[,/]", "", found) for found in _REMOVED.findall(words.upper()))


def act_of(conveyance_class: str, words: str) -> SecurityAct:
    """What the recorded words do; the office's own class decides where the words are silent."""
    text = " ".join(words.upper().split())
    secured = conveyance_class.startswith("security") or any(word in text for word in _SECURITY)
    released = conveyance_class == "security_release" or any(word in text for word in _RELEASE)
    if any(word in text for word in ("RESCISSION", "RESCIND", "REINSTATE")) and (released or secured):
        return SecurityAct.RESCISSION
    if "CORRECTIVE" in text or conveyance_class == "corrective":
        return SecurityAct.CORRECTION
    if released:
        return SecurityAct.RELEASE
    if "SUBORDINATION" in text:
        return SecurityAct.SUBORDINATION
    if conveyance_class == "security_transfer" or _AGENT.search(text):
        return SecurityAct.TRANSFER
    if secured:
        passed_on = _OF_SECURITY.search(text) and not _AS_SECURITY.search(text)
        return SecurityAct.TRANSFER if passed_on else SecurityAct.GRANT
    if conveyance_class in ("name_change", "merger") or "CONVERSION" in text or "CHANGE OF NAME" in text:
        return SecurityAct.NEW_NAME
    return SecurityAct.NONE


def stated_order(words: str) -> int:
    """The order the parties state themselves: first lien, second lien; nothing stated counts as first."""
    text = words.upper()
    for order, marks in ((3, ("THIRD LIEN",)), (2, ("SECOND LIEN", "JUNIOR LIEN", "SECOND PRIORITY"))):
        if any(mark in text for mark in marks):
            return order
    return 1
