"""Chain of title: who passed a right to whom, as recorded; every gap is shown and never bridged by a guess."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from marketplace.registry.names import party_key
from marketplace.registry.security_acts import SecurityAct, act_of, citations_in
from marketplace.registry.terms import after_months


class TitleFinding(StrEnum):
    """What a careful reader of a chain of title must see."""

    GIVER_NEVER_HELD = "giver_never_held"
    GIVEN_TWICE = "given_twice"
    RECORDED_TWICE = "recorded_twice"
    RECORDED_LATE = "recorded_late"
    OUT_OF_ORDER = "out_of_order"
    SPELLING_DIFFERS = "spelling_differs"
    PARTIES_NOT_TOLD = "parties_not_told"
    REPLACED = "replaced"
    DATE_IMPOSSIBLE = "date_impossible"


F = TitleFinding
GAPS = frozenset({F.GIVER_NEVER_HELD, F.GIVEN_TWICE, F.PARTIES_NOT_TOLD})


@dataclass(frozen=True)
class Passing:
    """One act by which title passed, or a holder took a new name, as it was recorded or entered."""

    reference: str
    givers: tuple[str, ...]
    takers: tuple[str, ...]
    executed_on: date | None
    recorded_on: date | None
    words: str = ""
    conveyance_class: str = "assignment"

    @property
    def act(self) -> SecurityAct:
        """Whether it passes title, changes a name or corrects another recordation."""
        return act_of(self.conveyance_class, self.words)

    @property
    def done_on(self) -> date:
        """The day on which the parties acted; where it is missing, the day of recording."""
        return self.executed_on or self.recorded_on or date.min


@dataclass
class Link:
    """One step of the chain with what is odd about it, and who holds the right after it."""

    passing: Passing
    findings: list[TitleFinding] = field(default_factory=list)
    holders: tuple[str, ...] = ()

    @property
    def has_gap(self) -> bool:
        """Whether the chain is broken before this step."""
        return bool(GAPS & set(self.findings))

    @property
    def counts(self) -> bool:
        """Whether the step moves title; a second recording or a corrected one does not."""
        return not {F.RECORDED_TWICE, F.REPLACED} & set(self.findings)


@dataclass
class TitleChain:
    """The steps in the order in which the parties acted, from the first holders to the owners of the register."""

    first_holders: tuple[str, ...]
    links: list[Link]
    owners: tuple[str, ...]
    owners_missing: tuple[str, ...] = ()
    owners_gone: tuple[str, ...] = ()

    @property
    def unbroken(self) -> bool:
        """Whether every step follows from the one before and ends with the owners of the register."""
        return not self.owners_missing and not self.owners_gone and not any(link.has_gap for link in self.links)


def read_chain(
    first_holders: Sequence[str],
    passings: Iterable[Passing],
    owners: Sequence[str],
    one_party: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> TitleChain:
    """The chain that recordations make, first holders first; without known first holders the first givers begin it.

    ``one_party`` tells for a name the other names a person has held for the same party.
    """
    ordered = sorted(passings, key=lambda item: (item.done_on, item.recorded_on or date.max, item.reference))
    ordered = [item for item in ordered if item.act in (SecurityAct.NONE, SecurityAct.NEW_NAME, SecurityAct.CORRECTION)]
    first = tuple(first_holders) or (ordered[0].givers if ordered else tuple(owners))
    reading = _Reading({_key(name): name for name in first})
    reading.one_party = {_key(name): [_key(other) for other in others] for name, others in one_party.items()}
    replaced = {cited for item in ordered if item.act is SecurityAct.CORRECTION for cited in citations_in(item.words)}
    links = [reading.take(item, item.reference in replaced) for item in ordered]
    _mark_disorder(links)
    astray = [name for name in owners if reading.find(name, reading.holding) is None]
    gone = tuple(name for name in astray if reading.find(name, reading.former) is not None)
    return TitleChain(first, links, tuple(owners), tuple(name for name in astray if name not in gone), gone)


@dataclass
class _Reading:
    """Who holds, and who once held, while the chain is read."""

    holding: dict[str, str]
    former: dict[str, str] = field(default_factory=dict)
    taken: list[Passing] = field(default_factory=list)
    one_party: dict[str, list[str]] = field(default_factory=dict)

    def take(self, passing: Passing, replaced: bool) -> Link:
        """Read one step."""
        link = Link(passing, _lateness(passing))
        if replaced:
            link.findings.append(F.REPLACED)
        elif any(_same_deed(passing, earlier) for earlier in self.taken):
            link.findings.append(F.RECORDED_TWICE)
        elif not passing.givers or not passing.takers:
            link.findings.append(F.PARTIES_NOT_TOLD)
        else:
            self._pass_on(passing, link)
        if link.counts:
            self.taken.append(passing)
        link.holders = tuple(self.holding.values())
        return link

    def find(self, name: str, among: dict[str, str]) -> str | None:
        """The key under which a name stands: its own, one decided to be the same party's, or a variant of a person's."""
        key = _key(name)
        names: list[str] = [key, *self.one_party.get(key, [])]
        for known in names:
            if known in among:
                return known
        words = set(key.split())
        near = [other for other in among if len(words & set(other.split())) >= 2 and _contains(words, other)]
        return near[0] if len(near) == 1 else None

    def _pass_on(self, passing: Passing, link: Link) -> None:
        for giver in passing.givers:
            held = self.find(giver, self.holding)
            if held is None:
                gone = self.find(giver, self.former) is not None
                link.findings.append(F.GIVEN_TWICE if gone else F.GIVER_NEVER_HELD)
                continue
            if held != _key(giver):
                link.findings.append(F.SPELLING_DIFFERS)
            self.former[held] = self.holding.pop(held)
        link.findings[:] = list(dict.fromkeys(link.findings))
        if F.GIVEN_TWICE not in link.findings:
            self.holding |= {_key(taker): taker for taker in passing.takers}


def _contains(words: set[str], other: str) -> bool:
    """One spelling only adds words to the other, as a middle name does."""
    return words <= set(other.split()) or words >= set(other.split())


def _key(name: str) -> str:
    """People stand in registers as LIU, WENJUN and as Wenjun Liu: the order of the words does not count."""
    return " ".join(sorted(party_key(name).split()))


def _same_deed(one: Passing, other: Passing) -> bool:
    """The same parties acting on the same day made one deed, however often it is recorded."""
    return (
        one.executed_on is not None
        and one.executed_on == other.executed_on
        and {_key(name) for name in one.givers} == {_key(name) for name in other.givers}
        and {_key(name) for name in one.takers} == {_key(name) for name in other.takers}
    )


def _lateness(passing: Passing) -> list[TitleFinding]:
    """35 USC 261 protects against a later buyer a deed recorded within three months."""
    signed, shown = passing.executed_on, passing.recorded_on
    if signed is None or shown is None:
        return []
    if shown < signed:
        return [F.DATE_IMPOSSIBLE]
    return [F.RECORDED_LATE] if shown > after_months(signed, 3) else []


def _mark_disorder(links: list[Link]) -> None:
    """A later deed recorded before an earlier one leaves a time in which the register showed the wrong holder."""
    shown = [(index, link.passing.recorded_on) for index, link in enumerate(links) if link.counts]
    for index, recorded_on in shown:
        if recorded_on and any(later > index and day and day < recorded_on for later, day in shown):
            links[index].findings.append(F.OUT_OF_ORDER)
