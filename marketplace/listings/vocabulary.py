"""The fields a query may name, in English and Chinese, and how a value of each is read."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Shape(StrEnum):
    """How the value of a field is compared."""

    TEXT = "text"
    WORD = "word"
    CLASS = "class"
    NUMBER = "number"
    DATE = "date"
    INTEGER = "integer"


@dataclass(frozen=True)
class Field:
    """One searchable field; `scale` turns the written number into the stored one."""

    name: str
    shape: Shape
    scale: int = 1

    def bounds(self, written: str) -> tuple[int | None, int | None]:
        """The stored low and high bound of a written value, range or comparison; ValueError if it has none."""
        text = written.strip()
        if self.shape not in (Shape.DATE, Shape.INTEGER):
            raise ValueError(written)
        if text.startswith("["):
            low, high = re.split(r"\s+TO\s+", text.strip("[] \t"))
        elif ".." in text:
            low, _, high = text.partition("..")
        elif text[:1] in "<>":
            return self._compared(text)
        else:
            low = high = text
        bounds = (self._first(low), self._last(high))
        if bounds == (None, None):
            raise ValueError(written)
        return bounds

    def _compared(self, text: str) -> tuple[int | None, int | None]:
        value = text.lstrip("<>= \t")
        if text.startswith(">="):
            return self._known(self._first(value)), None
        if text.startswith("<="):
            return None, self._known(self._last(value))
        if text.startswith(">"):
            return self._known(self._last(value)) + 1, None
        return None, self._known(self._first(value)) - 1

    @staticmethod
    def _known(value: int | None) -> int:
        if value is None:
            raise ValueError("an open bound cannot be compared")
        return value

    def _first(self, text: str) -> int | None:
        if text in ("", "*"):
            return None
        return day_number(_span(text)[0]) if self.shape is Shape.DATE else self._integer(text)

    def _last(self, text: str) -> int | None:
        if text in ("", "*"):
            return None
        return day_number(_span(text)[1]) if self.shape is Shape.DATE else self._integer(text)

    def _integer(self, text: str) -> int:
        if not re.fullmatch(r"\d{1,15}(\.\d{1,6})?", text, re.ASCII):
            raise ValueError(text)
        return int(Decimal(text) * self.scale)


def day_number(day: date) -> int:
    """A date as the whole number under which it is stored."""
    return day.toordinal()


def _span(text: str) -> tuple[date, date]:
    found = re.fullmatch(r"(\d{4})(?:[-/.]?(\d{2}))?(?:[-/.]?(\d{2}))?", text)
    if found is None:
        raise ValueError(text)
    year, month, day = (int(part) if part else None for part in found.groups())
    if year is None or month is None:
        return date(year or 1, 1, 1), date(year or 1, 12, 31)
    if day is None:
        return date(year, month, 1), date(year, month, monthrange(year, month)[1])
    return date(year, month, day), date(year, month, day)


_ALL = (
    Field("title", Shape.TEXT),
    Field("abstract", Shape.TEXT),
    Field("applicant", Shape.TEXT),
    Field("owner", Shape.TEXT),
    Field("inventor", Shape.TEXT),
    Field("number", Shape.NUMBER),
    Field("ipc", Shape.CLASS),
    Field("cpc", Shape.CLASS),
    Field("nice", Shape.WORD),
    Field("kind", Shape.WORD),
    Field("status", Shape.WORD),
    Field("office", Shape.WORD),
    Field("mode", Shape.WORD),
    Field("licence", Shape.WORD),
    Field("pledged", Shape.WORD),
    Field("filed", Shape.DATE),
    Field("granted", Shape.DATE),
    Field("expires", Shape.DATE),
    Field("claims", Shape.INTEGER),
    Field("price", Shape.INTEGER, scale=100),
)
FIELDS = {field.name: field for field in _ALL}
"""Every field by its English name."""

_OTHER_NAMES = {
    "标题": "title",
    "名称": "title",
    "摘要": "abstract",
    "申请人": "applicant",
    "权利人": "owner",
    "专利权人": "owner",
    "发明人": "inventor",
    "号": "number",
    "申请号": "number",
    "专利号": "number",
    "公开号": "number",
    "分类": "ipc",
    "分类号": "ipc",
    "类别": "nice",
    "类型": "kind",
    "状态": "status",
    "国家": "office",
    "地区": "office",
    "jurisdiction": "office",
    "方式": "mode",
    "许可": "licence",
    "license": "licence",
    "质押": "pledged",
    "申请日": "filed",
    "授权日": "granted",
    "到期日": "expires",
    "权利要求": "claims",
    "价格": "price",
}


def field_named(name: str) -> Field | None:
    """The field with this English or Chinese name."""
    lowered = name.lower()
    return FIELDS.get(_OTHER_NAMES.get(lowered, lowered))


_OTHER_WORDS = {
    "发明": "invention",
    "发明专利": "invention",
    "实用新型": "utility_model",
    "外观设计": "design",
    "商标": "trademark",
    "著作权": "copyright",
    "版权": "copyright",
    "软件": "software",
    "软件著作权": "software",
    "集成电路布图设计": "layout_design",
    "植物新品种": "plant_variety",
    "patent": "invention",
    "审查中": "pending",
    "有效": "in_force",
    "失效": "lapsed",
    "期满": "expired",
    "无效": "invalidated",
    "一口价": "fixed_price",
    "竞价": "auction",
    "拍卖": "auction",
    "许可": "licence",
    "开放许可": "open_licence",
    "独占": "exclusive",
    "排他": "sole",
    "普通": "non_exclusive",
    "中国": "cn",
    "美国": "us",
    "欧洲": "ep",
    "日本": "jp",
    "是": "yes",
    "否": "no",
    "true": "yes",
    "false": "no",
}


def stored_word(field: Field, folded: str) -> str:
    """A written value as it is stored: its Chinese name or a common variant becomes the code."""
    code = _OTHER_WORDS.get(folded, folded).replace(" ", "_")
    return code if field.name in ("office", "nice") else code.replace("-", "_")
