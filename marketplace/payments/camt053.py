"""Reading the bank's own account statements: ISO 20022 camt.053 (bank-to-customer statement), versions 2 to 12."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.core.money import EXPONENTS, Money

LARGEST_STATEMENT_BYTES = 20 * 1024 * 1024
OPENING, CLOSING = ("OPBD", "PRCD"), ("CLBD",)
_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(0[2-9]|1[0-2])$")


class NotAStatement(Malformed):
    """The file is not a bank statement that can be taken."""

    message = _l("Upload a bank statement in the form ISO 20022 camt.053.")

    def __init__(self, message: object = None) -> None:
        super().__init__("file", message or self.message)


@dataclass(frozen=True)
class Line:
    """One booked movement: above zero when money came, below when it went."""

    amount: Money
    booked_on: date
    reference: str
    end_to_end: str
    text: str
    other_party: str


@dataclass(frozen=True)
class Statement:
    """One statement of one account between two balances."""

    number: str
    account: str
    opening: Money
    closing: Money
    closed_on: date
    lines: tuple[Line, ...]

    def require_complete(self) -> None:
        """The movements lead exactly from the opening to the closing balance; otherwise something is missing."""
        total = self.opening.amount_minor + sum(line.amount.amount_minor for line in self.lines)
        if total != self.closing.amount_minor:
            raise NotAStatement(_l("The movements do not lead from the opening balance to the closing balance."))


def read_statements(content: bytes) -> list[Statement]:
    """Every statement in the file; raises ``NotAStatement`` for anything that is not one, whole and adding up."""
    if len(content) > LARGEST_STATEMENT_BYTES:
        raise NotAStatement(_l("This file is larger than 20 MB."))
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise NotAStatement() from error
    namespace, _brace, name = root.tag.rpartition("}")
    if name != "Document" or not _NAMESPACE.search(namespace):
        raise NotAStatement()
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    found = [_statement(one) for one in root.findall("BkToCstmrStmt/Stmt")]
    if not found:
        raise NotAStatement()
    for statement in found:
        statement.require_complete()
    return found


def _statement(element: Element) -> Statement:
    opening, _day = _balance(element, OPENING)
    closing, closed_on = _balance(element, CLOSING)
    account = _text(element, "Acct/Id/IBAN") or _text(element, "Acct/Id/Othr/Id")
    number = _text(element, "Id")
    if not account or not number:
        raise NotAStatement()
    lines = tuple(
        line for place, entry in enumerate(element.findall("Ntry"), start=1) for line in _lines(entry, number, place)
    )
    if any(one.currency != closing.currency for one in (opening, *(line.amount for line in lines))):
        raise NotAStatement(_l("A statement is in one currency."))
    return Statement(number, account, opening, closing, closed_on, lines)


def _balance(element: Element, codes: tuple[str, ...]) -> tuple[Money, date]:
    for code in codes:
        for balance in element.findall("Bal"):
            if _text(balance, "Tp/CdOrPrtry/Cd") == code:
                return _signed(balance), _day(balance, "Dt")
    raise NotAStatement(_l("The statement lacks its opening or closing balance."))


def _lines(entry: Element, statement: str, place: int) -> Iterator[Line]:
    """The booked movements of one entry: a batch gives one line a transaction when their amounts are stated."""
    if (_text(entry, "Sts/Cd") or _text(entry, "Sts")) != "BOOK":
        return
    whole, day = _signed(entry), _day(entry, "BookgDt")
    reference = _text(entry, "AcctSvcrRef") or _text(entry, "NtryRef") or f"{statement}/{place}"
    details = entry.findall("NtryDtls/TxDtls")
    parts = [_part(detail, whole) for detail in details]
    split = len(parts) > 1 and None not in parts
    if split and sum(part.amount_minor for part in parts if part) == whole.amount_minor:
        for number, (detail, part) in enumerate(zip(details, parts, strict=True), start=1):
            own = _text(detail, "Refs/AcctSvcrRef") or f"{reference}/{number}"
            assert part is not None
            yield _line(part, day, own, detail, entry)
    else:
        yield _line(whole, day, reference, details[0] if len(details) == 1 else None, entry)


def _part(detail: Element, whole: Money) -> Money | None:
    amount = detail.find("Amt")
    amount = detail.find("AmtDtls/TxAmt/Amt") if amount is None else amount
    if amount is None or amount.get("Ccy") != whole.currency:
        return None
    money = _money(amount)
    indicator = _text(detail, "CdtDbtInd")
    outgoing = indicator == "DBIT" if indicator else whole.amount_minor < 0
    return Money(-money.amount_minor, money.currency) if outgoing else money


def _line(amount: Money, day: date, reference: str, detail: Element | None, entry: Element) -> Line:
    end_to_end, words, party = "", [_text(entry, "AddtlNtryInf")], ""
    if detail is not None:
        end_to_end = _text(detail, "Refs/EndToEndId")
        words += [one.text or "" for one in detail.findall("RmtInf/Ustrd")]
        words += [one.text or "" for one in detail.findall("RmtInf/Strd/CdtrRefInf/Ref")]
        side = "Dbtr" if amount.amount_minor > 0 else "Cdtr"
        party = _text(detail, f"RltdPties/{side}/Nm") or _text(detail, f"RltdPties/{side}/Pty/Nm")
    text = " ".join(word.strip() for word in words if word.strip())
    return Line(amount, day, reference[:80], end_to_end[:80], text[:500], party[:200])


def _signed(element: Element) -> Money:
    amount = element.find("Amt")
    if amount is None:
        raise NotAStatement()
    money = _money(amount)
    going = _text(element, "CdtDbtInd")
    if going not in ("CRDT", "DBIT"):
        raise NotAStatement()
    return Money(-money.amount_minor, money.currency) if going == "DBIT" else money


def _money(element: Element) -> Money:
    currency = element.get("Ccy", "")
    if currency not in EXPONENTS:
        raise NotAStatement(_l("A statement is in one currency."))
    money = Money.parse((element.text or "").strip(), currency)
    if money.amount_minor < 0:
        raise NotAStatement()
    return money


def _day(element: Element, name: str) -> date:
    text = _text(element, f"{name}/Dt") or _text(element, f"{name}/DtTm")
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise NotAStatement() from error


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
