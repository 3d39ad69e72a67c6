"""The report as a bilingual, tagged PDF; the same indication gives the same bytes."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn
import typst
from flask_babel import force_locale

from marketplace.core.formats import show_money
from marketplace.core.money import Money
from marketplace.registry.assets import Asset
from marketplace.valuation import wording
from marketplace.valuation.reports import Indication

LANGUAGES = ("zh", "en")


def indication_pdf(indication: Indication, asset: Asset) -> bytes:
    """The indication laid out: range, reasons, approaches, limits, versions, in both languages."""
    pdf = typst.compile(
        (Path(__file__).parent / "report.typ").read_bytes(),
        font_paths=_fonts(),
        format="pdf",
        sys_inputs={"data": json.dumps(_words(indication, asset), ensure_ascii=False)},
        pdf_standards=["a-2a", "ua-1"],
    )
    assert isinstance(pdf, bytes)
    return pdf


@cache
def _fonts() -> typst.Fonts:
    """The Chinese fonts of the installed package, so that no report depends on what a machine has."""
    folder = pylopdf_fonts_zh_cn.sans_path().parent
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])


def _words(indication: Indication, asset: Asset) -> dict[str, Any]:
    issued = indication.as_of.date()
    shared = {
        "reference": str(indication.id),
        "issued": {"year": issued.year, "month": issued.month, "day": issued.day, "text": issued.isoformat()},
        "number": asset.label,
        "titles": asset.titles,
        "ends": [_shown(money) for money in (indication.low, indication.middle, indication.high)],
        "versions": [indication.method, indication.model_version, *sorted(_data_versions(indication))],
        "hash": indication.inputs_hash,
    }
    for language in LANGUAGES:
        with force_locale(language):
            shared[language] = _sentences(indication)
    return shared


def _data_versions(indication: Indication) -> list[str]:
    versions: dict[str, str] = indication.snapshot["versions"]
    return [versions["benchmarks"], versions["factors"]]


def _sentences(indication: Indication) -> dict[str, Any]:
    """Everything worded, in the language now in force."""
    answer = indication.answer
    return {
        "purpose": wording.purpose_name(indication.purpose.value),
        "reasons": [wording.reason_sentence(factor) for factor in indication.reasons],
        "unknowns": [wording.factor_name(name) for name in indication.unknowns],
        "approaches": [
            [
                wording.approach_name(one["name"]),
                *(_shown(Money(one[end], answer["currency"])) for end in ("low_minor", "middle_minor", "high_minor")),
                f"{one['weight']:.0%}",
                wording.why_weight(one["name"]),
            ]
            for one in answer["approaches"]
        ],
        "not_applied": [[wording.approach_name(name), wording.why_not_applied(name)] for name in answer["not_applied"]],
        "limits": [wording.limit_sentence(code) for code in answer["limits"]],
    }


def _shown(money: Money) -> str:
    return show_money(wording.about(money))
