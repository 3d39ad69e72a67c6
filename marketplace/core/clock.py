"""The one place where time is read."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import text

MARKET_TIME = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The present instant, aware and in UTC."""
    return datetime.now(UTC)


def database_now() -> datetime:
    """The database server's clock at this moment, the sole judge of deadlines."""
    from marketplace.core.db import session

    instant: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return instant.astimezone(UTC)


def market_day(instant: datetime) -> date:
    """The calendar day in the market's own time, by which deadlines in days are counted."""
    return instant.astimezone(MARKET_TIME).date()
