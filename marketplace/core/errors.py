"""How the marketplace says no: 409 a rule, 403 not allowed, 404 unseen, 422 malformed."""

import re
from typing import Any, ClassVar

from marketplace.core.i18n import _l


class Problem(Exception):
    """A refusal that reaches the person with a code, a status and words in their language."""

    status: ClassVar[int] = 500
    message: ClassVar[Any] = _l("Something went wrong.")

    def __init__(self, **params: Any) -> None:
        super().__init__(self.code)
        self.params = params

    @property
    def code(self) -> str:
        """The machine code, from the name of the rule: BidTooLow → bid_too_low."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def detail(self) -> str:
        """What happened and why, in the reader's language."""
        return str(self.message) % {name: str(value) for name, value in self.params.items()}

    def members(self) -> dict[str, Any]:
        """Extra members of the problem document."""
        return {name: value for name, value in self.params.items() if value is not None}


class Refused(Problem):
    """A business rule said no."""

    status = 409
    message = _l("The rules do not allow this.")


class NotAllowed(Problem):
    """The actor's role does not carry this act."""

    status = 403
    message = _l("You are not allowed to do this.")


class NotSignedIn(Problem):
    """Nobody is signed in."""

    status = 401
    message = _l("Sign in to continue.")


class NotFound(Problem):
    """The thing does not exist for this actor."""

    status = 404
    message = _l("There is nothing here, or it is not yours to see.")


class Stale(Problem):
    """The thing changed since the actor read it."""

    status = 412
    message = _l("This changed since you opened it. Reload and try again.")


class Gone(Problem):
    """The thing was there once and can no longer be used."""

    status = 410
    message = _l("This can no longer be used.")


class Malformed(Problem):
    """The input is not of the form that was asked for; each error names its field."""

    status = 422
    message = _l("Some of what you entered is not right.")

    def __init__(
        self, field: str | None = None, message: Any = None, errors: dict[str, list[str]] | None = None
    ) -> None:
        super().__init__()
        self.errors = errors if errors is not None else {field or "": [str(message or self.message)]}

    def members(self) -> dict[str, Any]:
        """The field errors as a list of {field, message}."""
        return {"errors": [{"field": field, "message": text} for field, texts in self.errors.items() for text in texts]}


def require(condition: bool, refusal: Problem | None = None) -> None:
    """Go on only when the condition holds; otherwise refuse (403 unless another refusal is given)."""
    if not condition:
        raise refusal or NotAllowed()
