"""What office event codes mean: WIPO ST.27 categories, INPADOC and CNIPA codes; a code nobody mapped stays unknown.

Sources: the key events of WIPO ST.27 as the ST.96 schemas list them (version 6.0), article 106 of the Chinese
Implementing Rules for the entries of the patent register, CNIPA gazette codes as INPADOC repeats them.
"""

import re
from enum import StrEnum


class RegisterEventType(StrEnum):
    """The twelve entries of the Chinese patent register, and what offices tell besides."""

    GRANT = "grant"
    TRANSFER = "transfer"
    PLEDGE_OR_PRESERVATION = "pledge_or_preservation"
    LICENCE_RECORDAL = "licence_recordal"
    DECLASSIFICATION = "declassification"
    INVALIDATION = "invalidation"
    TERMINATION = "termination"
    RESTORATION = "restoration"
    TERM_COMPENSATION = "term_compensation"
    OPEN_LICENCE = "open_licence"
    COMPULSORY_LICENCE = "compulsory_licence"
    OWNER_DETAILS_CHANGE = "owner_details_change"
    PUBLICATION = "publication"
    EXAMINATION = "examination"
    WITHDRAWAL_OR_REFUSAL = "withdrawal_or_refusal"
    FEE = "fee"
    UNKNOWN = "unknown"


T = RegisterEventType
REGISTER_ENTRIES = tuple(RegisterEventType)[:12]
ST27_CATEGORIES = frozenset("ABCDEFGHKLMNPQRSTUVWY")

_CHINESE = {
    "PB01": ("Q", T.PUBLICATION), "C06": ("Q", T.PUBLICATION), "SE01": ("D", T.EXAMINATION),
    "C10": ("D", T.EXAMINATION), "GR01": ("F", T.GRANT), "C14": ("F", T.GRANT), "GR03": ("F", T.GRANT),
    "WD01": ("B", T.WITHDRAWAL_OR_REFUSAL), "C02": ("B", T.WITHDRAWAL_OR_REFUSAL),
    "C04": ("B", T.WITHDRAWAL_OR_REFUSAL), "RJ01": ("B", T.WITHDRAWAL_OR_REFUSAL),
    "AD01": ("B", T.WITHDRAWAL_OR_REFUSAL), "TR01": ("R", T.TRANSFER), "TA01": ("R", T.TRANSFER),
    "ASS": ("R", T.TRANSFER), "C41": ("R", T.TRANSFER), "C56": ("R", T.OWNER_DETAILS_CHANGE),
    "CP01": ("R", T.OWNER_DETAILS_CHANGE), "CP02": ("R", T.OWNER_DETAILS_CHANGE),
    "CP03": ("R", T.OWNER_DETAILS_CHANGE), "EE01": ("S", T.LICENCE_RECORDAL), "EM01": ("S", T.LICENCE_RECORDAL),
    "EC01": ("S", T.LICENCE_RECORDAL), "PE01": ("S", T.PLEDGE_OR_PRESERVATION),
    "PM01": ("S", T.PLEDGE_OR_PRESERVATION), "PC01": ("S", T.PLEDGE_OR_PRESERVATION),
    "PLDC": ("S", T.PLEDGE_OR_PRESERVATION), "PP01": ("T", T.PLEDGE_OR_PRESERVATION),
    "PD01": ("T", T.PLEDGE_OR_PRESERVATION), "OL01": ("S", T.OPEN_LICENCE), "CF01": ("H", T.TERMINATION),
    "CX01": ("H", T.TERMINATION), "C17": ("H", T.TERMINATION), "C19": ("H", T.TERMINATION),
    "AV01": ("H", T.TERMINATION), "C20": ("H", T.TERMINATION), "IW01": ("H", T.INVALIDATION),
    "IP01": ("M", T.INVALIDATION), "C35": ("H", T.INVALIDATION), "RR01": ("K", T.RESTORATION),
    "DD01": ("W", T.OWNER_DETAILS_CHANGE),
}  # fmt: skip
_INPADOC = {
    "AK": ("Q", T.PUBLICATION), "17P": ("D", T.EXAMINATION), "17Q": ("D", T.EXAMINATION),
    "18D": ("B", T.WITHDRAWAL_OR_REFUSAL), "18W": ("B", T.WITHDRAWAL_OR_REFUSAL), "18R": ("B", T.WITHDRAWAL_OR_REFUSAL),
    "26N": ("M", T.EXAMINATION), "26": ("L", T.EXAMINATION), "27W": ("H", T.INVALIDATION),
    "27A": ("M", T.EXAMINATION), "27O": ("M", T.EXAMINATION), "PG25": ("H", T.TERMINATION), "PGFP": ("U", T.FEE),
    "PGRI": ("K", T.RESTORATION), "RAP1": ("R", T.OWNER_DETAILS_CHANGE), "RAP2": ("R", T.OWNER_DETAILS_CHANGE),
    "RAP4": ("R", T.OWNER_DETAILS_CHANGE), "RIN1": ("R", T.OWNER_DETAILS_CHANGE), "EEER": ("D", T.EXAMINATION),
    "MKLA": ("H", T.TERMINATION), "FZDE": ("H", T.TERMINATION), "FPAY": ("U", T.FEE), "MAFP": ("U", T.FEE),
    "FEPP": ("U", T.FEE), "MAFS": ("U", T.FEE), "SULP": ("U", T.FEE), "REMI": ("U", T.FEE), "AS": ("R", T.TRANSFER),
    "STCF": ("F", T.GRANT), "STCH": ("H", T.TERMINATION), "STCB": ("B", T.WITHDRAWAL_OR_REFUSAL),
    "LAPS": ("H", T.TERMINATION), "FP": ("H", T.TERMINATION), "PRDP": ("K", T.RESTORATION),
    "732E": ("R", T.TRANSFER), "PCNP": ("H", T.TERMINATION), "PE20": ("H", T.TERMINATION), "GBPC": ("H", T.TERMINATION),
}  # fmt: skip
_CATEGORY_TYPES = {
    "A": T.EXAMINATION, "B": T.WITHDRAWAL_OR_REFUSAL, "C": T.RESTORATION, "D": T.EXAMINATION, "E": T.EXAMINATION,
    "F": T.GRANT, "G": T.TERM_COMPENSATION, "H": T.TERMINATION, "K": T.RESTORATION, "L": T.EXAMINATION,
    "M": T.EXAMINATION, "N": T.TERMINATION, "P": T.EXAMINATION, "Q": T.PUBLICATION, "R": T.OWNER_DETAILS_CHANGE,
    "S": T.LICENCE_RECORDAL, "U": T.FEE, "V": T.EXAMINATION,
}  # fmt: skip
_ST27_EVENTS = {
    "H12": T.INVALIDATION, "R12": T.TRANSFER, "R14": T.TRANSFER, "S20": T.PLEDGE_OR_PRESERVATION,
    "S21": T.PLEDGE_OR_PRESERVATION, "S22": T.PLEDGE_OR_PRESERVATION, "S23": T.COMPULSORY_LICENCE,
    "S24": T.COMPULSORY_LICENCE, "S25": T.COMPULSORY_LICENCE, "S26": T.OPEN_LICENCE, "S27": T.OPEN_LICENCE,
    "N11": T.WITHDRAWAL_OR_REFUSAL,
}  # fmt: skip
_ST27_PART = re.compile(r"(?<![A-Z0-9])([A-HK-NP-WY])(\d\d)(?!\d)")


def meaning_of(scheme: str, code: str, granted: bool = False) -> tuple[str, RegisterEventType]:
    """The ST.27 category and the register entry of a code; nothing is guessed for a code that nobody mapped."""
    plain = code.strip().upper()
    if scheme == "publication":
        return ("F", T.GRANT) if granted else ("Q", T.PUBLICATION)
    if scheme == "st27":
        return _standard(plain)
    if scheme in ("inpadoc-cn", "cnipa"):
        return _CHINESE.get(plain, ("", T.UNKNOWN))
    if scheme == "ep-register-state" and plain.startswith("LAPSED"):
        return "H", T.TERMINATION
    if scheme.startswith("inpadoc"):
        return _INPADOC.get(plain, ("", T.UNKNOWN))
    return "", T.UNKNOWN


def event_type_of(scheme: str, code: str, granted: bool = False) -> RegisterEventType:
    """Which entry of the register a code makes."""
    return meaning_of(scheme, code, granted)[1]


def _standard(code: str) -> tuple[str, RegisterEventType]:
    """A ST.27 code alone or within a status event code; the detailed event speaks before the key event."""
    parts = [letter + digits for letter, digits in _ST27_PART.findall(code)]
    if not parts:
        return "", T.UNKNOWN
    detailed = next((part for part in reversed(parts) if not part.endswith("00")), parts[0])
    category = detailed[0]
    return category, _ST27_EVENTS.get(detailed, _CATEGORY_TYPES.get(category, T.UNKNOWN))
