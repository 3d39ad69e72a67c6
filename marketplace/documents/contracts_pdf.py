"""Bilingual contracts as PDF: our clause texts filled with a deal's terms, the same bytes for the same inputs.

Whatever a person typed is data: it is put into the text once and never read as markup or as a placeholder.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from marketplace.core.money import Money
from marketplace.documents.amount_words import in_chinese, in_english
from marketplace.documents.typesetting import typeset

TEMPLATES = Path(__file__).parent / "contract_templates"
LAYOUTS = Path(__file__).parent / "templates_typst"
CONTRACTS = (
    "patent_assignment",
    "trademark_assignment",
    "copyright_assignment",
    "licence",
    "cross_licence",
    "pledge",
    "loan",
    "confidentiality",
    "royalty_statement",
    "invoice",
    "account_statement",
    *(f"pool_form_{letter}" for letter in "abcdefghij"),
    "pledge_filing",
    "pool_report",
    "receivable_pledge",
    "talks_record",
    "evidence",
)
ISSUER = "IP Marketplace"
LANGUAGES = ("zh", "en")

_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class TermMissing(LookupError):
    """A contract template asks for a term that the caller did not give."""


class UnknownContract(LookupError):
    """There is no contract template of this name."""


def render_pdf(template_name: str, context: Mapping[str, Any]) -> bytes:
    """The contract as a tagged PDF/A-2a, PDF/UA-1 file with its content hash and page x of y on every page.

    ``context`` holds ``reference``, ``issued_on`` (date), ``parties`` (``role``, ``name``, ``code``), ``assets``
    (``number``, ``title``, ``kind``) and the template's own terms: text, ``{"zh", "en"}``, ``Money`` or ``date``.
    Optional: ``rows_title``, ``rows_head``, ``rows`` for one appended table (a payment schedule).
    Raises ``TermMissing`` when the template asks for a term that is not there.
    """
    data = contract_data(template_name, context)
    data["hash"] = _digest(data)
    return typeset(LAYOUTS / "contract.typ", data)


def content_hash(template_name: str, context: Mapping[str, Any]) -> str:
    """The SHA-256 printed on every page: over the template's version and all terms, in canonical form."""
    return _digest(contract_data(template_name, context))


def contract_data(template_name: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """The contract's words in both languages, clause by clause, before they are laid out."""
    template = _template(template_name)
    issued: date = context["issued_on"]
    return {
        "code": template["code"],
        "version": template["version"],
        "issuer": ISSUER,
        "reference": str(context["reference"]),
        "issued": {"year": issued.year, "month": issued.month, "day": issued.day, "text": issued.isoformat()},
        "title": template["title"],
        "signed": template.get("signed", True),
        "parties": [_party(party) for party in context["parties"]],
        "assets": [_asset(asset) for asset in context.get("assets", ())],
        "clauses": _clauses(template["clauses"], context),
        "rows_title": _both(context.get("rows_title", "")),
        "rows_head": [str(cell) for cell in context.get("rows_head", ())],
        "rows": [[str(cell) for cell in row] for row in context.get("rows", ())],
    }


def template_version(template_name: str) -> str:
    """The version of our clause texts for this contract."""
    return str(_template(template_name)["version"])


def _clauses(clauses: Sequence[Mapping[str, Any]], context: Mapping[str, Any]) -> list[dict[str, Any]]:
    wanted = [clause for clause in clauses if _applies(clause, context)]
    return [
        {
            "number": f"{number}.",
            "heading": clause["heading"],
            "text": {language: fill(clause["text"][language], context, language) for language in LANGUAGES},
        }
        for number, clause in enumerate(wanted, start=1)
    ]


def _applies(clause: Mapping[str, Any], context: Mapping[str, Any]) -> bool:
    name = clause.get("when")
    if name is None:
        return True
    value = context.get(name)
    return value == clause["is"] if "is" in clause else bool(value)


def fill(text: str, context: Mapping[str, Any], language: str) -> str:
    """The clause with its places filled in one pass; what is filled in is never looked at again."""

    def value_of(match: re.Match[str]) -> str:
        name = match.group(1)
        in_words = name.endswith("_words")
        source = name.removesuffix("_words")
        if context.get(source) is None:
            raise TermMissing(source)
        return _word(context[source], language, in_words)

    return _PLACE.sub(value_of, text)


def _word(value: Any, language: str, in_words: bool) -> str:
    if isinstance(value, Money):
        if in_words:
            return in_chinese(value) if language == "zh" else in_english(value)
        return str(value)
    if isinstance(value, date):
        return f"{value.year}年{value.month}月{value.day}日" if language == "zh" else value.isoformat()
    return _both(value)[language]


def _both(value: Any) -> dict[str, str]:
    if isinstance(value, Mapping):
        zh, en = value.get("zh"), value.get("en")
        return {"zh": str(zh or en or ""), "en": str(en or zh or "")}
    return {"zh": str(value), "en": str(value)}


def _party(party: Mapping[str, Any]) -> dict[str, Any]:
    return {"role": _both(party["role"]), "name": _both(party["name"]), "code": str(party.get("code") or "—")}


def _asset(asset: Mapping[str, Any]) -> dict[str, Any]:
    return {"number": str(asset["number"]), "title": _both(asset["title"]), "kind": _both(asset["kind"])}


def _digest(data: Mapping[str, Any]) -> str:
    canonical = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


@cache
def _template(name: str) -> dict[str, Any]:
    if name not in CONTRACTS:
        raise UnknownContract(name)
    template: dict[str, Any] = json.loads((TEMPLATES / f"{name}.json").read_text(encoding="utf-8"))
    closing: dict[str, Any] = json.loads((TEMPLATES / "closing_clauses.json").read_text(encoding="utf-8"))
    if template.get("signed", True):
        template["clauses"] = [*template["clauses"], *closing["clauses"]]
    return template
