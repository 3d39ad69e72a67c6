"""Words in the reader's language: Chinese and English throughout."""

from collections.abc import Mapping
from typing import Any

from flask import has_request_context, request, session
from flask_babel import get_locale, gettext, lazy_gettext

LANGUAGES = ("zh", "en")


def _(message: str, **params: Any) -> str:
    """The message in the current language, with its parameters filled in."""
    text: str = gettext(message, **params)
    return text


def _l(message: str) -> Any:
    """The message, translated only when it is shown."""
    return lazy_gettext(message)


def choose_language() -> str:
    """The language of this request: asked for in the address, kept from before, or the browser's own."""
    if not has_request_context():
        return "en"
    asked = request.args.get("lang")
    if asked in LANGUAGES:
        if not request.path.startswith("/api/"):
            session["language"] = asked
        return asked
    if not request.path.startswith("/api/") and session.get("language") in LANGUAGES:
        return str(session["language"])
    return request.accept_languages.best_match(("zh", "zh-CN", "zh-Hans", "en"), "en")[:2]


def locale_is_chinese() -> bool:
    """Whether the page is being shown in Chinese."""
    return str(get_locale() or "en").startswith("zh")


def pick(texts: Mapping[str, str | None] | None) -> str:
    """The text in the page's language, or in the language it exists in."""
    if not texts:
        return ""
    first, second = ("zh", "en") if locale_is_chinese() else ("en", "zh")
    return texts.get(first) or texts.get(second) or next((text for text in texts.values() if text), "")
