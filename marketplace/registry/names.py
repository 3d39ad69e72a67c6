"""Owner names in one comparable form: legal forms, case, width and script variants folded."""

import re
import unicodedata
from functools import lru_cache

from opencc import OpenCC

LEGAL_FORMS = {
    "INC", "INCORPORATED", "CORP", "CORPORATION", "CO", "COMPANY", "LTD", "LIMITED", "LLC", "LLP", "LP", "PLC",
    "GMBH", "AG", "KG", "SA", "SAS", "SARL", "SPA", "SRL", "BV", "NV", "AB", "AS", "OY", "OYJ", "KK", "PTE", "PTY",
    "BHD", "SDN",
}  # fmt: skip
_LEFT_OUT = LEGAL_FORMS | {"THE"}
_CHINESE_FORMS = ("集团股份有限公司", "股份有限公司", "有限责任公司", "集团有限公司", "有限公司", "株式会社", "公司")
_CAPACITY = re.compile(
    r"[,;(]?\s*(?:,\s*|\(|\b)(?:SOLELY\s+)?(?:IN\s+ITS\s+CAPACITY\s+)?AS\s+(?:[A-Z0-9./&-]+\s+){0,8}?"
    r"(?:AGENT|TRUSTEE|LENDER|SECURED PARTY|REPRESENTATIVE|HOLDER|BORROWER|GRANTOR)\b.*$"
)
_FORMERLY = re.compile(r"\s*[,(]?\s*\b(?:FORMERLY(?: KNOWN AS)?|F/?K/?A|N/K/A|D/?B/?A)\b.*$")
_COUNTRY = re.compile(r"\s*\[[A-Z]{2}\]\s*$")
_KOREAN_FORM = re.compile(r"\(주\)|주식회사")
_ACCENTS = re.compile("[\u0300-\u036f]")
_SPACED_LETTERS = re.compile(r"\b(?:[A-Z] ){1,4}[A-Z]\b")


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    return OpenCC("t2s")


def simplified(text: str) -> str:
    """Chinese in its simplified characters."""
    return str(_converter().convert(text))


@lru_cache(maxsize=5_000)
def normal_name(name: str) -> str:
    """The name as it is compared: two spellings of one owner give the same text, two owners never should."""
    text = unicodedata.normalize("NFKC", _COUNTRY.sub("", name)).upper()
    if any("\u4e00" <= character <= "\u9fff" for character in text):
        return _normal_chinese(text)
    text = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))
    text = _KOREAN_FORM.sub(" ", re.sub(r"[.'’]", "", text).replace("&", " AND "))
    spaced = "".join(letter if _belongs_to_a_word(letter) else " " for letter in text)
    text = _SPACED_LETTERS.sub(lambda match: match.group().replace(" ", ""), " ".join(spaced.split()))
    words = text.split()
    kept = [word for word in words if word not in _LEFT_OUT]
    return " ".join(kept or words) or name.strip().upper()


def _belongs_to_a_word(letter: str) -> bool:
    """Letters and figures of every script, with the vowel signs some scripts write as marks."""
    return letter.isalnum() or unicodedata.category(letter).startswith("M")


def _normal_chinese(text: str) -> str:
    text = simplified(text)
    text = re.sub(r"[\s·•,，.。()（）\-—_/]+", "", text)
    for form in _CHINESE_FORMS:
        if text.endswith(form) and len(text) > len(form) + 1:
            return text.removesuffix(form)
    return text


@lru_cache(maxsize=50_000)
def party_key(name: str) -> str:
    """A party of a recordation as it is compared: its name without the capacity in which it acts."""
    plain = " ".join(name.upper().split())
    bare = _FORMERLY.sub("", _CAPACITY.sub("", plain)).strip(" ,;(")
    return re.sub(r"\bNATIONAL ASSOCIATION$", "NA", normal_name(bare or plain))
