"""An organisation's statement as a bilingual PDF: balances at both ends of the period and every line between."""

from datetime import date, datetime

from marketplace.core.actor import Actor
from marketplace.core.clock import MARKET_TIME, market_day
from marketplace.core.errors import Refused, require
from marketplace.core.i18n import _l
from marketplace.documents.contracts_pdf import render_pdf
from marketplace.identity.organisations import own_organisation
from marketplace.ledger.statements import StatementLine, all_lines

LINES_AT_MOST = 2_000
MOVING = ("single", "capture")
"""The phases that change a balance; holds and their release only set money aside."""


class TooLongForPaper(Refused):
    """A statement of many thousand lines is a spreadsheet, not a paper."""

    message = _l("More than %(most)s lines: choose a shorter period or the spreadsheet.")


def statement_pdf(actor: Actor, since: date | None, until: date | None, now: datetime) -> bytes:
    """The statement of a period; without days, everything until today."""
    lines = all_lines(actor, since, until, LINES_AT_MOST + 1)
    require(len(lines) <= LINES_AT_MOST, TooLongForPaper(most=LINES_AT_MOST))
    organisation = own_organisation(actor)
    names = {"zh": organisation.name_zh or organisation.name, "en": organisation.name_en or organisation.name}
    role = {"zh": "账户持有人", "en": "Account holder"}
    first = since or (lines[0].at.astimezone(MARKET_TIME).date() if lines else market_day(now))
    return render_pdf(
        "account_statement",
        {
            "reference": f"{organisation.id}", "issued_on": market_day(now),
            "parties": [{"role": role, "name": names, "code": organisation.credit_code}],
            "since": first, "until": until or market_day(now), "count": str(len(lines)),
            "balances": _balances(lines) or {"zh": "本期无发生额。", "en": "Nothing moved in the period."},
            "rows_title": {"zh": "明细", "en": "Lines"},
            "rows_head": ["时间 Time", "账户 Account", "业务 Reference", "金额 Amount", "余额 Balance"],
            "rows": [_row(line) for line in lines],
        },
    )  # fmt: skip


def _balances(lines: list[StatementLine]) -> str:
    """Each account's balance before its first line and after its last one."""
    ends = {(line.account, line.amount.currency): line for line in lines}
    begins = {(line.account, line.amount.currency): line for line in reversed(lines)}
    return "; ".join(
        f"{account}: {_before(begins[account, currency])} → {last.balance}"
        for (account, currency), last in sorted(ends.items())
    )


def _before(line: StatementLine) -> str:
    return str(line.balance - line.amount if line.phase in MOVING else line.balance)


def _row(line: StatementLine) -> list[str]:
    held = "（冻结 held）" if line.phase == "pending" else ""
    moment = f"{line.at.astimezone(MARKET_TIME):%Y-%m-%d %H:%M}"
    return [moment, line.account, f"{line.reference}{held}", str(line.amount), str(line.balance)]
