"""What a notice says: each kind has a subject and a text in both languages, filled with what happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from marketplace.core.formats import show_day, show_moment, show_money
from marketplace.core.i18n import _l, pick
from marketplace.core.money import Money


@dataclass(frozen=True, kw_only=True)
class Wording:
    """The words of one kind of notice; lazy, so that each reader gets their own language."""

    subject: Any
    text: Any


@dataclass(frozen=True, kw_only=True)
class Words:
    """A notice as one reader sees it."""

    subject: str
    text: str


class UnknownNotice(LookupError):
    """A notice of a kind nobody wrote words for was told."""


_wordings: dict[str, Wording] = {}


def say(kind: str, *, subject: Any, text: Any) -> None:
    """Give a kind of notice its words: lazy messages (``_l``) with the notice's parameters as %(name)s."""
    _wordings[kind] = Wording(subject=subject, text=text)


def require_words(kind: str) -> None:
    """A notice without words must not be told: the room that tells it says it first."""
    if kind not in _wordings:
        raise UnknownNotice(f'no words for "{kind}": call notices.wording.say("{kind}", subject=…, text=…) in the room')


def known_kinds() -> list[str]:
    """Every kind that has words."""
    return sorted(_wordings)


def words_of(kind: str, parameters: Mapping[str, Any]) -> Words:
    """The notice in the language of the moment."""
    wording = _wordings.get(kind)
    if wording is None:
        return Words(subject=kind.replace("_", " "), text="")
    shown = {name: show(value) for name, value in parameters.items()}
    return Words(subject=one_line(str(wording.subject) % shown), text=str(wording.text) % shown)


def one_line(text: str) -> str:
    """Text without line breaks, so that it cannot add a header to a letter."""
    return " ".join(text.split())


def keep(value: Any) -> Any:
    """A parameter in the form it is stored: amounts and dates stay what they are, to be shown in each language."""
    if isinstance(value, Money):
        return {"money": [value.amount_minor, value.currency]}
    if isinstance(value, datetime):
        return {"instant": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, Mapping):
        return {"texts": {str(language): str(text) for language, text in value.items() if text}}
    return value if isinstance(value, bool | int) or value is None else str(value)


def show(stored: Any) -> str:
    """A stored parameter in the language of the moment."""
    if not isinstance(stored, Mapping):
        return str(stored)
    if "money" in stored:
        return show_money(Money(int(stored["money"][0]), str(stored["money"][1])))
    if "instant" in stored:
        return show_moment(datetime.fromisoformat(stored["instant"]))
    if "day" in stored:
        return show_day(date.fromisoformat(stored["day"]))
    return pick(stored.get("texts"))


say(
    "organisation_submitted",
    subject=_l("%(organisation)s asks to be verified"),
    text=_l("%(organisation)s has submitted its registration. Look at its licence documents and approve or return it."),
)
say(
    "organisation_approved",
    subject=_l("%(organisation)s is approved"),
    text=_l("Your organisation was verified. Its members can now list, bid, lend and sign according to their roles."),
)
say(
    "organisation_returned",
    subject=_l("%(organisation)s: please correct the registration"),
    text=_l("The verification was returned for this reason: %(reason)s Correct it and submit it again."),
)
say(
    "organisation_suspended",
    subject=_l("%(organisation)s is suspended"),
    text=_l("Your organisation may look but not act for now. The reason: %(reason)s"),
)
say(
    "credit_flag_in_force",
    subject=_l("A credit flag counts against %(organisation)s"),
    text=_l(
        "An authority's decision was recorded and confirmed. Banks that weigh a loan to you see it; your organisation page shows it."
    ),
)
say(
    "credit_flag_repaired",
    subject=_l("A credit flag of %(organisation)s no longer counts"),
    text=_l("The authority repaired the credit or lifted its decision."),
)
say(
    "member_joined",
    subject=_l("%(person)s has joined %(organisation)s"),
    text=_l("%(person)s accepted the invitation. You can change the role or remove the member at any time."),
)
say(
    "member_removed",
    subject=_l("You are no longer a member of %(organisation)s"),
    text=_l("Your sessions and API keys for this organisation have ended."),
)
say(
    "api_key_issued",
    subject=_l("A new API key for %(organisation)s"),
    text=_l("The key “%(name)s” was issued. If nobody of your organisation did this, revoke it at once."),
)
say(
    "password_changed",
    subject=_l("Your password was changed"),
    text=_l("Your other sessions have ended. If this was not you, set a new password at once and tell the operator."),
)
