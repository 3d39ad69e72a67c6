"""The report as a bilingual, tagged PDF; the same indication gives the same bytes."""

from pathlib import Path
from typing import Any

from flask_babel import force_locale

from marketplace.core.formats import show_money
from marketplace.core.i18n import _
from marketplace.core.money import Money
from marketplace.documents.typesetting import typeset
from marketplace.registry.assets import Asset
from marketplace.valuation import drawing, evidence, wording
from marketplace.valuation.reports import Indication

LANGUAGES = ("zh", "en")


def indication_pdf(indication: Indication, asset: Asset) -> bytes:
    """The indication laid out: range, reasons, approaches, limits, versions, in both languages."""
    return typeset(Path(__file__).parent / "report.typ", _words(indication, asset))


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
        "bars": [_drawn(bar) for bar in drawing.interval_bars(indication.answer)],
        "swings": [_drawn(bar) for bar in drawing.tornado_bars(indication.answer)],
        "years": _years(indication.answer),
        "fan": _fan(indication.answer),
    }
    for language in LANGUAGES:
        with force_locale(language):
            shared[language] = _sentences(indication)
    return shared


def _drawn(bar: drawing.Bar) -> dict[str, Any]:
    """A bar in hundredths of the picture's width, and its amounts."""
    left, middle, right = (round(100 * place / drawing.WIDTH, 2) for place in (bar.left, bar.middle, bar.right))
    ends = [_shown(money) for money in (bar.low, bar.centre, bar.high)]
    return {"left": left, "middle": middle, "right": right, "ends": ends}


def _years(answer: dict[str, Any]) -> list[list[str]]:
    """The range on each coming anniversary."""
    fan = drawing.fan_of(answer)
    alive = [one for one in fan.years if one.middle.amount_minor] if fan else []
    return [[str(one.year), *(_shown(money) for money in (one.low, one.middle, one.high))] for one in alive]


def _fan(answer: dict[str, Any]) -> dict[str, list[list[float]]]:
    """The fan's corner points in hundredths of its width and height."""
    fan = drawing.fan_of(answer)
    width, height = drawing.WIDTH - drawing.FAN_LEFT - drawing.MARGIN, drawing.FAN_HEIGHT

    def points(text: str) -> list[list[float]]:
        pairs = [[float(part) for part in pair.split(",")] for pair in text.split()]
        return [
            [round(100 * (x - drawing.FAN_LEFT) / width, 2), round(100 * (y - drawing.FAN_TOP) / height, 2)]
            for x, y in pairs
        ]

    return {"area": points(fan.area), "line": points(fan.line)} if fan else {"area": [], "line": []}


def _data_versions(indication: Indication) -> list[str]:
    versions: dict[str, str] = indication.snapshot["versions"]
    return [versions[name] for name in ("benchmarks", "factors", "sale_chances") if name in versions]


def _sentences(indication: Indication) -> dict[str, Any]:
    """Everything worded, in the language now in force."""
    answer = indication.answer
    table = answer["indicators"]
    return {
        "purpose": wording.purpose_name(indication.purpose.value),
        "up": [wording.reason_sentence(factor) for factor in indication.reasons if factor["effect"] > 1],
        "down": [wording.reason_sentence(factor) for factor in indication.reasons if factor["effect"] < 1],
        "unknowns": [wording.factor_name(name) for name in indication.unknowns],
        "bars": [_("All approaches together"), *(wording.approach_name(one["name"]) for one in answer["approaches"])],
        "approaches": [_approach(one, answer["currency"]) for one in answer["approaches"]],
        "not_applied": [[wording.approach_name(name), wording.why_not_applied(name)] for name in answer["not_applied"]],
        "review": _review(answer),
        "comparables": [_comparable(sold, answer["currency"]) for sold in _comparables(answer)],
        "swings": [evidence.swing_name(bar.name) for bar in drawing.tornado_bars(answer)],
        "indicators": _(
            "The score lies between %(low)s and %(high)s of 100; %(share)s of the weight is unknown. Names and weights are our illustration in the shape of GB/T 42748-2023 and claim no compliance with it.",
            low=table["low"],
            high=table["high"],
            share=f"{table['unknown_share']:.0%}",
        ),
        "sale": evidence.chance_sentences(answer["sale"]) if "sale" in answer else [],
        "sources": [evidence.source_line(source) for source in _sources(answer)],
        "limits": [wording.limit_sentence(code) for code in answer["limits"]],
    }


def _approach(one: dict[str, Any], currency: str) -> list[str]:
    said = _("; ").join(evidence.input_sentences(one, currency))
    return [wording.approach_name(one["name"]), f"{one['weight']:.0%}", wording.why_weight(one["name"]), said]


def _review(answer: dict[str, Any]) -> str:
    if not answer["needs_review"]:
        return ""
    return _(
        "The approaches differ by a factor of %(spread)s. Have a person review this before you rely on it.",
        spread=answer["spread"],
    )


def _comparables(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [sold for one in answer["approaches"] for sold in one["detail"].get("comparables", ())]


def _sources(answer: dict[str, Any]) -> list[dict[str, Any]]:
    behind_level = [source for one in answer["approaches"] for source in one["detail"].get("sources", ())]
    return [*behind_level, *answer.get("sale", {}).get("sources", ())]


def _comparable(sold: dict[str, Any], currency: str) -> list[str]:
    paid, after = (_shown(wording.price_of_log(sold[name], currency)) for name in ("log_price", "adjusted"))
    changes = [evidence.adjustment(sold, name) for name in ("size", "time", "age")]
    return [evidence.sold_in(sold), f"{sold['similarity']:.0%}", paid, *changes, after]


def _shown(money: Money) -> str:
    return show_money(wording.about(money))
