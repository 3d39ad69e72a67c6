"""CNIPA enquiry answers in JSON (cpquery): application information and fees of one right."""

import json
from datetime import date
from typing import Any

from marketplace.registry.offices.record import BadValue, FeeNotice, OfficeRecord, UnreadableFile
from marketplace.registry.offices.values import distinct, parse_date, squeeze, symbol_of

FORMAT = "cnipa"
_KIND_OF_TYPE_DIGIT = {
    "1": "invention", "8": "invention", "2": "utility_model", "9": "utility_model", "3": "design",
}  # fmt: skip
_STATUS_WORDS = (
    ("专利权维持", "in_force"),
    ("授权", "in_force"),
    ("未缴年费", "lapsed"),
    ("专利权终止", "lapsed"),
    ("期限届满", "expired"),
    ("无效", "invalidated"),
    ("驳回", "refused"),
    ("视为撤回", "withdrawn"),
    ("撤回", "withdrawn"),
    ("放弃", "withdrawn"),
)


def read_answer(content: bytes, number: str = "") -> list[OfficeRecord]:
    """The record in one answer; a fee answer names no right, so its file name must."""
    try:
        answer = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (UnicodeDecodeError, ValueError, RecursionError) as wrong:
        raise UnreadableFile("malformed_json", "The JSON cannot be read.") from wrong
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        raise UnreadableFile("unknown_format", "The JSON is no answer of a known office.")
    if "zhuluxmxx" in data:
        return [_application(data)]
    if "yingjiaofei" in data or "yijiaofei" in data:
        return [_fees(data, number)]
    raise UnreadableFile("unknown_format", "The JSON is no answer of a known office.")


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _part(data: dict[str, Any], name: str) -> dict[str, Any]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _rows(data: dict[str, Any], part: str, name: str) -> list[dict[str, Any]]:
    found = _part(data, part).get(name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _word(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    text = squeeze(str(value)) if isinstance(value, str | int) else ""
    return "" if text == "--" else text


def _application(data: dict[str, Any]) -> OfficeRecord:
    facts = _part(_part(data, "zhuluxmxx"), "zhuluxmxx")
    number = _word(facts, "zhuanlisqh")
    if not number:
        raise BadValue("missing_field", "zhuanlisqh", "application_number")
    title = _word(facts, "zhuanlimc")
    state = _word(facts, "falvzt") or _word(facts, "anjianywzt")
    symbols = [_word(facts, "zhufenlh"), *_word(facts, "fufenlh").replace("；", ";").split(";")]
    applicants = [_word(row, "shenqingrxm") for row in _rows(data, "shenqingren", "shenqingrenList")]
    inventors = [_word(row, "famingrxm") for row in _rows(data, "famingren", "famingrenList")]
    return OfficeRecord(
        row=1,
        source_format=FORMAT,
        office="CN",
        asset_kind=kind_of_number(number),
        application_number=dotted(number),
        application_date=parse_date(_word(facts, "shenqingr"), "application_date"),
        titles=(("zh", title),) if title else (),
        language="zh",
        applicants=distinct(applicants),
        inventors=distinct(inventors),
        ipc=distinct(symbol_of(symbol) for symbol in symbols),
        status_code=state,
        status=status_of(state),
    )


def _fees(data: dict[str, Any], number: str) -> OfficeRecord:
    if not number:
        raise BadValue("missing_field", "zhuanlisqh", "application_number")
    return OfficeRecord(
        row=1,
        source_format=FORMAT,
        office="CN",
        asset_kind=kind_of_number(number),
        application_number=dotted(number),
        language="zh",
        fees=(*_due(data), *_paid(data), *_surcharges(data)),
    )


def _due(data: dict[str, Any]) -> list[FeeNotice]:
    return [
        FeeNotice(
            name=_word(row, "yingjiaoffyzlmc"),
            amount_minor=_minor(row.get("yingjiaoje"), "yingjiaoje"),
            currency="CNY",
            state="paid" if _word(row, "yingjiaoffyzt") == "已缴" else "due",
            due_on=parse_date(_word(row, "jiaofeijzr"), "jiaofeijzr"),
        )
        for row in _rows(data, "yingjiaofei", "svYingjfList")
    ]


def _paid(data: dict[str, Any]) -> list[FeeNotice]:
    return [
        FeeNotice(
            name=_word(row, "yijiaofjfzlmc"),
            amount_minor=_minor(row.get("yijiaofjfje"), "yijiaofjfje"),
            currency="CNY",
            state="paid",
            paid_on=parse_date(_word(row, "yijiaofjfrq"), "yijiaofjfrq"),
        )
        for row in _rows(data, "yijiaofei", "svYijfList")
    ]


def _surcharges(data: dict[str, Any]) -> list[FeeNotice]:
    return [
        FeeNotice(
            name="年费滞纳金",
            amount_minor=_minor(row.get("zhinajyjznje"), "zhinajyjznje"),
            currency="CNY",
            state="surcharge",
            due_on=_last_day(_word(row, "zhinajjfsj")),
        )
        for row in _rows(data, "zhinajin", "svZnjList")
    ]


def _last_day(period: str) -> date | None:
    return parse_date(period.split("至")[-1], "zhinajjfsj")


def _minor(value: object, field_name: str) -> int:
    """Yuan as the office writes them, in fen."""
    text = squeeze(str(value if value is not None else ""))
    whole, _, cents = text.partition(".")
    if not (text.isascii() and whole.isdigit()) or len(whole) > 9 or not (cents or "0").isdigit() or len(cents) > 2:
        raise BadValue("bad_amount", text[:40], field_name)
    return int(whole) * 100 + int(cents.ljust(2, "0") or 0)


def kind_of_number(number: str) -> str:
    """The right a Chinese application number stands for: its fifth digit (third before 2003)."""
    digits = "".join(character for character in number if character.isalnum()).removeprefix("ZL")
    position = 4 if len(digits) >= 12 else 2
    digit = digits[position] if len(digits) > position else ""
    return _KIND_OF_TYPE_DIGIT.get(digit, "invention")


def dotted(number: str) -> str:
    """A Chinese application number with its check digit behind the point."""
    digits = number.upper().removeprefix("ZL").replace(".", "")
    return f"{digits[:-1]}.{digits[-1]}" if len(digits) in (9, 13) else number


def status_of(words: str) -> str:
    """Our status for CNIPA's own words; anything under examination is pending."""
    for part, status in _STATUS_WORDS:
        if part in words:
            return status
    return "pending" if words else "unknown"
