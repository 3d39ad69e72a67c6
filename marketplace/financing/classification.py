"""Five-tier classification of loans by days past due.

Source: Rules on Risk Classification of Financial Assets of Commercial Banks (CBIRC and PBOC Order 1 of 2023), articles
10 to 14: any overdue principal or interest is at least special mention, more than 90 days substandard, more than 270
days doubtful, more than 360 days loss. A bank may judge a loan worse than its days, never better.
"""

from datetime import date
from enum import StrEnum


class LoanClass(StrEnum):
    """正常, 关注, 次级, 可疑, 损失."""

    NORMAL = "normal"
    SPECIAL_MENTION = "special_mention"
    SUBSTANDARD = "substandard"
    DOUBTFUL = "doubtful"
    LOSS = "loss"

    @property
    def is_non_performing(self) -> bool:
        """Whether the loan counts as non-performing."""
        return self in (LoanClass.SUBSTANDARD, LoanClass.DOUBTFUL, LoanClass.LOSS)


ORDER = tuple(LoanClass)
THRESHOLDS = (
    (360, LoanClass.LOSS),
    (270, LoanClass.DOUBTFUL),
    (90, LoanClass.SUBSTANDARD),
    (0, LoanClass.SPECIAL_MENTION),
)
"""More days past due than this is at least this class, the worst first."""


def days_past_due(oldest_unpaid_due_on: date | None, on: date) -> int:
    """Days since the oldest due date that is not fully paid; the due day itself is not late."""
    return max((on - oldest_unpaid_due_on).days, 0) if oldest_unpaid_due_on else 0


def classify(days: int, judged: LoanClass | None = None) -> LoanClass:
    """The class by days past due, or the bank's own judgement where that is worse."""
    by_days = next((tier for above, tier in THRESHOLDS if days > above), LoanClass.NORMAL)
    return max(by_days, judged or LoanClass.NORMAL, key=ORDER.index)
