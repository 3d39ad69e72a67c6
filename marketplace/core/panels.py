"""Places on a lower room's page that higher rooms fill."""

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from marketplace.core.actor import Actor

Panel = Callable[[Actor | None, Any], "Markup | str | None"]


class PanelSlot:
    """One place on a page; each registered panel renders itself for the thing shown, or nothing."""

    def __init__(self) -> None:
        self._panels: list[tuple[int, Panel]] = []

    def add(self, order: int = 50) -> Callable[[Panel], Panel]:
        """Register a panel; a smaller order stands first."""

        def register(panel: Panel) -> Panel:
            self._panels.append((order, panel))
            return panel

        return register

    def render(self, actor: Actor | None, thing: Any) -> list[Markup]:
        """The panels for this thing, in order."""
        ordered = sorted(self._panels, key=lambda entry: entry[0])
        shown = [panel(actor, thing) for _order, panel in ordered]
        return [Markup(html) for html in shown if html]
