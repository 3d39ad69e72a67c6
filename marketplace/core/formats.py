"""How figures and dates read, by language."""

from datetime import date, datetime
from typing import Any
from uuid import uuid4

from flask import Flask, request
from flask_babel import format_decimal, get_timezone, ngettext

from marketplace.core.i18n import LANGUAGES, choose_language, locale_is_chinese, pick, template_gettext
from marketplace.core.money import EXPONENTS, Money

SYMBOLS = {"CNY": "¥", "HKD": "HK$", "SGD": "S$", "USD": "US$", "EUR": "€", "GBP": "£", "JPY": "JP¥", "KRW": "₩"}


def show_money(money: Money | None) -> str:
    """¥1,234,567.50; an unknown amount is a dash, never zero."""
    if money is None:
        return "—"
    sign = "−" if money.amount_minor < 0 else ""
    return (
        f"{sign}{SYMBOLS.get(money.currency, money.currency + ' ')}{abs(money.amount):,.{EXPONENTS[money.currency]}f}"
    )


def show_day(day: date | datetime | None) -> str:
    """2026-11-22, or 2026年11月22日 in Chinese."""
    if day is None:
        return "—"
    if isinstance(day, datetime):
        day = day.astimezone(get_timezone()).date()
    return f"{day.year}年{day.month}月{day.day}日" if locale_is_chinese() else day.isoformat()


def show_moment(instant: datetime | None) -> str:
    """The day and the minute in the reader's time zone, with the zone's offset."""
    if instant is None:
        return "—"
    local = instant.astimezone(get_timezone())
    return f"{show_day(local)} {local:%H:%M} (UTC{local:%z})"


def show_number(number: Any) -> str:
    """A count or measure with the reader's separators; unknown is a dash."""
    return "—" if number is None else str(format_decimal(number))


def show_rate(basis_points: int | None) -> str:
    """435 basis points as 4.35%."""
    return "—" if basis_points is None else f"{basis_points / 100:.2f}%"


def form_state() -> dict[str, Any]:
    """The errors and typed values of a form that was refused, when the page is shown again."""
    state: dict[str, Any] = request.environ.get("marketplace.form") or {"errors": {}, "values": {}}
    return state


def add_filters(app: Flask) -> None:
    """Give the templates their words for money, days and moments, and their room's own Chinese."""
    app.jinja_env.install_gettext_callables(template_gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals["gettext"] = template_gettext
    app.jinja_env.filters.update(
        money=show_money, day=show_day, moment=show_moment, number=show_number, rate=show_rate, pick=pick
    )
    app.jinja_env.globals.update(form_state=form_state, fresh_key=lambda: uuid4().hex, languages=LANGUAGES)
    app.context_processor(lambda: {"language": choose_language()})
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
