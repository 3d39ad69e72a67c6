"""Words in the reader's language: Chinese and English throughout."""

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.mofile import read_mo
from flask import has_request_context, request, session
from flask_babel import get_locale, gettext
from flask_babel.speaklater import LazyString
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

LANGUAGES = ("zh", "en")


def _(message: str, **params: Any) -> str:
    """The message in the current language by the calling room's own catalogue, with its parameters filled in."""
    return translate(_room_of(_caller()), message, params)


def _l(message: str) -> Any:
    """The message, translated only when it is shown."""
    return LazyString(translate, _room_of(_caller()), message, {})


def translate(room: str, message: str, params: Mapping[str, Any]) -> str:
    """The room's Chinese for the message, or another room's, or the English itself."""
    text = message
    if locale_is_chinese():
        text = room_catalogue(room).get(message) or str(gettext(message))
    return text % params if params else text


@pass_context
def template_gettext(context: Context, message: str, **params: Any) -> str:
    """The same for a template, whose folder names its room; a percent sign needs no doubling without parameters."""
    text = translate((context.name or "").split("/")[0], message, {})
    safe = Markup(text) if context.eval_ctx.autoescape else text
    return safe % params if params else safe.replace("%%", "%")


@cache
def room_catalogue(room: str) -> dict[str, str]:
    """What one room says in Chinese; a room without a catalogue says nothing."""
    compiled = Path(__file__).resolve().parents[1] / room / "translations/zh/LC_MESSAGES/messages.mo"
    if not room.isidentifier() or not compiled.exists():
        return {}
    with compiled.open("rb") as binary:
        return {entry.id: str(entry.string) for entry in read_mo(binary) if isinstance(entry.id, str) and entry.id}


def _caller() -> str:
    return str(sys._getframe(2).f_globals.get("__name__", ""))


def _room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "marketplace" else ""


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
