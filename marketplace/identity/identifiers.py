"""The public number of an organisation: 统一社会信用代码, LEI, Singapore UEN, or a foreign register's number."""

import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from stdnum import lei
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError
from stdnum.sg import uen

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l

FOREIGN_NUMBER = re.compile(r"[A-Z]{2}:[A-Z0-9][A-Z0-9./-]{2,38}")


class IdentifierKind(StrEnum):
    """Which register numbers the organisation."""

    CREDIT_CODE = "credit_code"
    LEI = "lei"
    SG_UEN = "sg_uen"
    FOREIGN = "foreign"


KIND_LABELS: dict[IdentifierKind, Any] = {
    IdentifierKind.CREDIT_CODE: _l("Unified social credit code"),
    IdentifierKind.LEI: _l("Legal entity identifier (LEI)"),
    IdentifierKind.SG_UEN: _l("Singapore UEN"),
    IdentifierKind.FOREIGN: _l("Another register (country:number, for example DE:HRB12345)"),
}

_COMPLAINTS: dict[IdentifierKind, Any] = {
    IdentifierKind.CREDIT_CODE: _l(
        "This is not a valid unified social credit code: it has 18 characters, never the letters I, O, Z, S or V, "
        "and its last character must match the others."
    ),
    IdentifierKind.LEI: _l("This is not a valid LEI: it has 20 characters and its last two digits check the others."),
    IdentifierKind.SG_UEN: _l("This is not a valid Singapore UEN: its last letter must match the others."),
    IdentifierKind.FOREIGN: _l("Write the country's two letters, a colon and the number, for example DE:HRB12345."),
}


def canonical_identifier(kind: IdentifierKind, text: str, field: str = "credit_code") -> str:
    """The number as it is stored: full-width folded, spaces removed, upper case, check characters proven."""
    folded = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).upper()
    checks: dict[IdentifierKind, Callable[[str], str]] = {
        IdentifierKind.CREDIT_CODE: uscc.validate,
        IdentifierKind.LEI: lei.validate,
        IdentifierKind.SG_UEN: uen.validate,
        IdentifierKind.FOREIGN: _foreign_number,
    }
    try:
        return str(checks[kind](folded))
    except ValidationError as fault:
        raise Malformed(field, _COMPLAINTS[kind]) from fault


def _foreign_number(folded: str) -> str:
    if not FOREIGN_NUMBER.fullmatch(folded):
        raise ValidationError()
    return folded
