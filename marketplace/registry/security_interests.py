"""Security interests replayed from recordations: who the lender is, in which rank, on which rights, on any day.

What is known on a day are the recordations recorded by then; they are replayed in the order in which the
parties acted, so that a release recorded before the grant it releases still releases it. Rank follows 35 USC
261: a grant recorded within three months counts from its own date, a later one from its recording.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from marketplace.registry.names import party_key
from marketplace.registry.security_acts import RecordedRight, Recording, SecurityAct, numbers_in, stated_order
from marketplace.registry.terms import after_months

_ORDER = (
    SecurityAct.GRANT, SecurityAct.NEW_NAME, SecurityAct.CORRECTION, SecurityAct.TRANSFER, SecurityAct.RELEASE,
    SecurityAct.RESCISSION, SecurityAct.SUBORDINATION, SecurityAct.NONE,
)  # fmt: skip


@dataclass
class Hold:
    """One right under one security interest: the lender now, the lenders before, and the release."""

    right: RecordedRight
    lender: str
    former: set[str] = field(default_factory=set)
    released_by: str = ""
    released_on: date | None = None

    @property
    def stands(self) -> bool:
        """Whether it has not been released."""
        return not self.released_by


@dataclass
class Interest:
    """One security interest, under its recordation and any second recordation of the same agreement."""

    references: list[str]
    grantors: tuple[str, ...]
    first_lender: str
    executed_on: date | None
    recorded_on: date | None
    priority: tuple[date, int, date, str]
    holds: dict[str, Hold] = field(default_factory=dict)

    def lenders(self) -> list[str]:
        """Who holds it now, on any right."""
        return list(dict.fromkeys(hold.lender for hold in self.holds.values() if hold.stands))


@dataclass(frozen=True)
class Finding:
    """Something in the chain that a person should look at."""

    reference: str
    code: str
    detail: str = ""


@dataclass
class SecurityBook:
    """All security interests of a chain as they stand after a replay."""

    interests: list[Interest] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    new_names: dict[str, str] = field(default_factory=dict)

    def standing(self) -> list[tuple[Interest, Hold]]:
        """Every right still under an interest, interests in the order of their rank."""
        ordered = sorted(self.interests, key=lambda item: item.priority)
        return [(interest, hold) for interest in ordered for hold in interest.holds.values() if hold.stands]

    def ranks(self) -> list[tuple[Interest, Hold, int]]:
        """Every standing hold with its rank among those on the same right."""
        ahead: dict[str, list[int]] = {}
        ranked = []
        applications = self._applications()
        for interest, hold in self.standing():
            before = ahead.setdefault(applications.get(hold.right.patent) or hold.right.application, [])
            if id(interest) not in before:
                before.append(id(interest))
            ranked.append((interest, hold, before.index(id(interest)) + 1))
        return ranked

    def _applications(self) -> dict[str, str]:
        """The application of each patent, where any recordation names both."""
        rights = [hold.right for interest in self.interests for hold in interest.holds.values()]
        known = {right.patent: right.patent for right in rights if right.patent}
        return known | {right.patent: right.application for right in rights if right.patent and right.application}

    def released(self) -> set[str]:
        """The rights that were under an interest and are under none now."""
        once = {key for interest in self.interests for key in interest.holds}
        return once - {hold.right.key for _interest, hold in self.standing()}

    def same_party(self, one: str, other: str) -> bool:
        """Whether two names mean one party: capacity and legal form aside, changes of name followed."""
        return self._latest(party_key(one)) == self._latest(party_key(other))

    def _latest(self, key: str) -> str:
        seen = {key}
        while self.new_names.get(key, key) not in seen:
            key = self.new_names[key]
            seen.add(key)
        return key


def replay(recordings: Iterable[Recording], on: date) -> SecurityBook:
    """The book as the recordations recorded by that day tell it."""
    known = sorted(
        (item for item in recordings if item.shown_on <= on),
        key=lambda item: (item.done_on, _ORDER.index(item.act), item.shown_on, item.reference),
    )
    book = SecurityBook()
    waiting: list[Recording] = []
    for recording in known:
        if not _take(book, recording):
            waiting.append(recording)
        elif recording.act in (SecurityAct.GRANT, SecurityAct.TRANSFER, SecurityAct.NEW_NAME):
            waiting = [item for item in waiting if not _take(book, item)]
    _take_the_rest(book, waiting)
    return book


def _take_the_rest(book: SecurityBook, waiting: list[Recording]) -> None:
    """A transfer by somebody who never was a lender, citing nothing, is an owner's grant; the rest matches nothing."""
    for recording in waiting:
        if (
            recording.act is SecurityAct.TRANSFER
            and not recording.cited
            and recording.conveyance_class != "security_transfer"
        ):
            _grant(book, recording)
            book.findings.append(Finding(recording.reference, "read_as_grant", recording.words))
        elif not _take(book, recording):
            book.findings.append(Finding(recording.reference, "matches_no_interest", recording.words))


def _take(book: SecurityBook, recording: Recording) -> bool:
    """Enter one recordation; False when nothing it speaks of is known yet."""
    if recording.act is SecurityAct.SUBORDINATION:
        book.findings.append(Finding(recording.reference, "subordination_not_ranked", recording.words))
    taker = _TAKERS.get(recording.act)
    return taker is None or taker(book, recording)


def _grant(book: SecurityBook, recording: Recording) -> bool:
    lender = "; ".join(recording.assignees)
    twin = next((item for item in book.interests if _is_same_agreement(book, item, recording, lender)), None)
    if twin is None:
        twin = Interest(
            [], recording.assignors, lender, recording.executed_on, recording.recorded_on, _priority_of(recording)
        )
        book.interests.append(twin)
    elif recording.reference not in twin.references:
        book.findings.append(Finding(recording.reference, "recorded_twice", twin.references[0]))
    twin.references.append(recording.reference)
    current = next(iter(twin.lenders()), lender)
    for right in recording.rights:
        twin.holds.setdefault(right.key, Hold(right, current))
    return True


def _is_same_agreement(book: SecurityBook, interest: Interest, recording: Recording, lender: str) -> bool:
    """The same parties signing on the same day sign one agreement, however often it is recorded."""
    same_day = interest.executed_on is not None and interest.executed_on == recording.executed_on
    given = {party_key(name) for name in recording.assignors}
    return (
        same_day
        and book.same_party(interest.first_lender, lender)
        and bool(given & {party_key(name) for name in interest.grantors})
        and stated_order(recording.words) == interest.priority[1]
    )


def _priority_of(recording: Recording) -> tuple[date, int, date, str]:
    """35 USC 261: recorded within three months of its date, a grant ranks from that date; later, from its recording."""
    signed, shown = recording.executed_on, recording.shown_on
    timely = signed is not None and shown <= after_months(signed, 3)
    since = signed if timely and signed is not None else shown
    return since, stated_order(recording.words), shown, recording.reference


def _touched(book: SecurityBook, recording: Recording) -> list[tuple[Interest, Hold]]:
    """The holds a recordation speaks of: of the interests it cites, else of its giver's, on the rights it lists."""
    cited = set(recording.cited)
    interests = [item for item in book.interests if cited & set(item.references)]
    by_name = not interests
    if by_name:
        interests = [item for item in book.interests if _signed_before(item, recording)]
    patents = {right.patent for right in recording.rights if right.patent}
    applications = {right.application: right.patent for right in recording.rights if right.application}
    found = []
    for interest in interests:
        for hold in interest.holds.values():
            listed = hold.right.patent in patents or (
                hold.right.application in applications
                and not (hold.right.patent and applications[hold.right.application])
            )
            if listed and (not by_name or _is_giver(book, recording, hold)):
                found.append((interest, hold))
    return found


def _signed_before(interest: Interest, recording: Recording) -> bool:
    return (interest.executed_on or interest.recorded_on or date.min) <= recording.done_on


def _is_giver(book: SecurityBook, recording: Recording, hold: Hold) -> bool:
    names = [*recording.assignors, "; ".join(recording.assignors)]
    return any(book.same_party(name, hold.lender) for name in names)


def _gave_away(book: SecurityBook, recording: Recording, hold: Hold) -> bool:
    """Whether the giver held this once and had passed it on before."""
    return not _is_giver(book, recording, hold) and any(
        book.same_party(name, former) for name in recording.assignors for former in hold.former
    )


def _release(book: SecurityBook, recording: Recording) -> bool:
    touched = _touched(book, recording)
    if not touched:
        return False
    for _interest, hold in touched:
        if hold.stands and not _gave_away(book, recording, hold):
            hold.released_by, hold.released_on = recording.reference, recording.shown_on
    _note_odd_release(book, recording, [hold for _interest, hold in touched])
    return True


def _note_odd_release(book: SecurityBook, recording: Recording, holds: list[Hold]) -> None:
    """A release by another than the lender, one recorded twice, one by a lender that had passed the interest on."""
    if any(_gave_away(book, recording, hold) and hold.stands for hold in holds):
        book.findings.append(Finding(recording.reference, "released_by_former_lender", holds[0].lender))
    elif all(hold.released_by != recording.reference for hold in holds):
        book.findings.append(Finding(recording.reference, "recorded_twice", holds[0].released_by))
    elif not any(_is_giver(book, recording, hold) for hold in holds):
        book.findings.append(Finding(recording.reference, "released_by_other_name", "; ".join(recording.assignors)))


def _transfer(book: SecurityBook, recording: Recording) -> bool:
    taker = "; ".join(recording.assignees)
    touched = _touched(book, recording)
    if not touched:
        return False
    moved = False
    for interest, hold in touched:
        if recording.reference not in interest.references:
            interest.references.append(recording.reference)
        if hold.stands and not book.same_party(hold.lender, taker) and not _gave_away(book, recording, hold):
            hold.former.add(hold.lender)
            hold.lender = taker
            moved = True
    if not moved:
        book.findings.append(Finding(recording.reference, "recorded_twice", touched[0][0].references[0]))
    return True


def _rescind(book: SecurityBook, recording: Recording) -> bool:
    """A release made in error is taken back: the rights it names are under the interest again."""
    cited = set(recording.cited)
    undone = [
        hold
        for interest in book.interests
        for hold in interest.holds.values()
        if hold.released_by and hold.released_by in cited
    ]
    undone = undone or [hold for _interest, hold in _touched(book, recording) if not hold.stands]
    for hold in undone:
        hold.released_by, hold.released_on = "", None
    return bool(undone)


def _correct(book: SecurityBook, recording: Recording) -> bool:
    """A correction of a grant names the right lender, adds rights left out and takes out rights named by mistake."""
    cited = set(recording.cited)
    if "RELEASE" in recording.words.upper():
        return _correct_release(book, recording, cited)
    corrected = [item for item in book.interests if item.references[0] in cited]
    for interest in corrected:
        if " REMOVE" in recording.words.upper() or " DELETE" in recording.words.upper():
            named = numbers_in(recording.words)
            for hold in interest.holds.values():
                if {hold.right.patent, hold.right.application} & named:
                    hold.released_by, hold.released_on = recording.reference, recording.shown_on
            continue
        for hold in interest.holds.values():
            if book.same_party(hold.lender, interest.first_lender) and recording.assignees:
                hold.lender = "; ".join(recording.assignees)
        interest.references.append(recording.reference)
        for right in recording.rights:
            interest.holds.setdefault(right.key, Hold(right, "; ".join(recording.assignees) or interest.first_lender))
    return True


def _correct_release(book: SecurityBook, recording: Recording, cited: set[str]) -> bool:
    """A corrected release frees what it lists from the interests that the first one released."""
    keys = {right.key for right in recording.rights}
    for interest in book.interests:
        if any(hold.released_by in cited for hold in interest.holds.values()):
            for key in keys & set(interest.holds):
                if interest.holds[key].stands:
                    interest.holds[key].released_by = recording.reference
                    interest.holds[key].released_on = recording.shown_on
    return True


def _rename(book: SecurityBook, recording: Recording) -> bool:
    """A lender that merges or changes its name stays the lender."""
    if len(recording.assignors) != 1 or len(recording.assignees) != 1:
        return True
    old, new = recording.assignors[0], recording.assignees[0]
    if party_key(old) != party_key(new):
        book.new_names[party_key(old)] = party_key(new)
    for interest in book.interests:
        for hold in interest.holds.values():
            if party_key(hold.lender) == party_key(old):
                hold.lender = new
    return True


_TAKERS: dict[SecurityAct, Callable[[SecurityBook, Recording], bool]] = {
    SecurityAct.GRANT: _grant,
    SecurityAct.TRANSFER: _transfer,
    SecurityAct.RELEASE: _release,
    SecurityAct.RESCISSION: _rescind,
    SecurityAct.CORRECTION: _correct,
    SecurityAct.NEW_NAME: _rename,
}
