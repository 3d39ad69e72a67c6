"""The schemes whose published terms we hold, each a data file with dates, source and what is not known."""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from marketplace.core.errors import Refused
from marketplace.core.i18n import _l


class SchemeNotPublished(Refused):
    """No scheme of that name is held."""

    message = _l("No scheme is called “%(scheme)s”. Known are: %(known)s.")


@cache
def published_schemes() -> tuple[dict[str, Any], ...]:
    """Every scheme document we hold, in the order of their names."""
    folder = resources.files("marketplace.risk_pool") / "published"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda file: file.name)
    return tuple(json.loads(file.read_text("utf-8")) for file in files)


def published_scheme(name: str) -> dict[str, Any]:
    """The scheme document of this name or alias."""
    wanted = _plain(name)
    for document in published_schemes():
        if wanted in {_plain(known) for known in (document["name"], *document.get("aliases", ()))}:
            return document
    raise SchemeNotPublished(scheme=name, known=", ".join(document["name"] for document in published_schemes()))


def published_or_stated(case: Mapping[str, Any]) -> dict[str, Any]:
    """A case sent over the network: its scheme is a published name or its terms, never a file of this machine."""
    given = case.get("scheme")
    return {**case, **({"scheme": published_scheme(given)} if isinstance(given, str) else {})}


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
