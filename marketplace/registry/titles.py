"""The chain of title of one right as the register holds it, in words, as a drawing and for callers outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from marketplace.core.i18n import _, _l
from marketplace.registry.assets import Asset
from marketplace.registry.conveyances import conveyances_of
from marketplace.registry.event_codes import RegisterEventType
from marketplace.registry.extracts import end_of_day
from marketplace.registry.owner_names import other_names_of
from marketplace.registry.ownership import OwnershipShare, believed_shares
from marketplace.registry.register_events import events_of
from marketplace.registry.title_chain import GAPS, Link, Passing, TitleChain, TitleFinding, read_chain

F = TitleFinding
FINDINGS: dict[TitleFinding, Any] = {
    F.GIVER_NEVER_HELD: _l("Gap: nothing recorded shows how the transferor came to hold the right."),
    F.GIVEN_TWICE: _l("Wrong: the transferor had passed the right on before; the later deed is not followed."),
    F.RECORDED_TWICE: _l("The same deed was recorded before; it counts once."),
    F.RECORDED_LATE: _l("Recorded more than three months after signing: a buyer in between may have the better title."),
    F.OUT_OF_ORDER: _l("A later deed was recorded first: for a time the register showed the wrong holder."),
    F.SPELLING_DIFFERS: _l("The name is spelled differently than before; it was taken as the same holder."),
    F.PARTIES_NOT_TOLD: _l("Gap: the office tells that the right passed but not between whom."),
    F.REPLACED: _l("A corrective recordation replaces this one."),
    F.DATE_IMPOSSIBLE: _l("Recorded before it was signed: one of the two days is wrong."),
}
BOX, STEP, WIDTH, LETTERS = 44, 112, 340, 36


@dataclass(frozen=True)
class Box:
    """One box of the drawing with the arrow that leads to it."""

    y: int
    text: str
    caption: str
    broken: bool


def title_of(asset: Asset, on: date, known_at: datetime | None = None) -> TitleChain:
    """The chain of title up to a day, by what is or was known: recordations, office events and our own transfers."""
    shares = believed_shares(asset.id, known_at)
    recorded = [
        Passing(
            row.reference, tuple(row.assignors), tuple(row.assignees), row.executed_on, row.recorded_on, row.words,
            row.conveyance_class,
        )
        for row in conveyances_of(asset, known_at)
        if (row.recorded_on or row.executed_on or date.min) <= on
    ]  # fmt: skip
    entered = _entered(shares, on)
    told = [] if recorded else _told(asset, on, known_at)
    owners = tuple(row.name for row in _held(shares, end_of_day(on)))
    first = tuple(asset.inventors) if recorded else tuple(asset.applicants)
    if recorded and asset.applicants:
        first = (*first, *asset.applicants)
    passings = [*recorded, *told, *entered]
    first = first or _first_owners(shares)
    named = {*first, *owners, *(name for item in passings for name in (*item.givers, *item.takers))}
    return read_chain(first, passings, owners, other_names_of(named, known_at))


def findings_in_words(link: Link) -> list[tuple[str, bool]]:
    """What is odd about a step, and whether it breaks the chain."""
    return [(str(FINDINGS[finding]), finding in GAPS) for finding in link.findings]


def drawing_of(chain: TitleChain) -> list[Box]:
    """The boxes from top to bottom: first holders, the takers of each step that counts, the owners if not reached."""
    boxes = [Box(0, _short(chain.first_holders), "", broken=False)]
    for link in chain.links:
        if link.counts:
            caption = f"{link.passing.done_on.isoformat()} · {link.passing.reference}"[:LETTERS]
            boxes.append(Box(len(boxes) * STEP, _short(link.passing.takers), caption, link.has_gap))
    if chain.owners_missing:
        boxes.append(Box(len(boxes) * STEP, _short(chain.owners_missing), str(_("no recordation")), broken=True))
    return boxes


def as_json(chain: TitleChain) -> dict[str, Any]:
    """The chain in the form outside callers read."""
    return {
        "unbroken": chain.unbroken,
        "first_holders": list(chain.first_holders),
        "owners": list(chain.owners),
        "owners_not_in_chain": list(chain.owners_missing),
        "owners_who_passed_it_on": list(chain.owners_gone),
        "links": [
            {
                "reference": link.passing.reference,
                "from": list(link.passing.givers),
                "to": list(link.passing.takers),
                "executed_on": link.passing.executed_on.isoformat() if link.passing.executed_on else None,
                "recorded_on": link.passing.recorded_on.isoformat() if link.passing.recorded_on else None,
                "words": link.passing.words,
                "counts": link.counts,
                "findings": [finding.value for finding in link.findings],
                "holders_after": list(link.holders),
            }
            for link in chain.links
        ],
    }


def _entered(shares: Sequence[OwnershipShare], on: date) -> list[Passing]:
    """Transfers entered in our own register: who ceased and who began to hold at one instant."""
    begun = sorted({row.held_from for row in shares})[1:]
    found = []
    for moment in begun:
        givers = tuple(row.name for row in shares if row.held_to == moment)
        taking = [row for row in shares if row.held_from == moment]
        if moment.date() <= on:
            found.append(
                Passing(
                    taking[0].reference, givers, tuple(row.name for row in taking), moment.date(), moment.date(),
                )
            )  # fmt: skip
    return found


def _told(asset: Asset, on: date, known_at: datetime | None) -> list[Passing]:
    """Transfers an office announces by a code, which names no parties."""
    return [
        Passing(event.code, (), (), event.valid_on, event.valid_on, event.words)
        for event in events_of(asset.id, on, known_at)
        if event.type is RegisterEventType.TRANSFER and event.valid_on
    ]


def _held(shares: Sequence[OwnershipShare], at: datetime) -> list[OwnershipShare]:
    return [row for row in shares if row.held_from <= at and (row.held_to is None or at < row.held_to)]


def _first_owners(shares: Sequence[OwnershipShare]) -> tuple[str, ...]:
    first = min((row.held_from for row in shares), default=None)
    return tuple(row.name for row in shares if row.held_from == first)


def _short(names: Sequence[str]) -> str:
    text = names[0] if names else "—"
    more = f" +{len(names) - 1}" if len(names) > 1 else ""
    room = LETTERS - len(more)
    return (text if len(text) <= room else text[: room - 1] + "…") + more
