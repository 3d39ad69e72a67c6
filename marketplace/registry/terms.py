"""How long a right lasts, office by office, from its filing or grant."""

from datetime import date, timedelta

from marketplace.registry.assets import AssetKind

K = AssetKind
CHINESE_DESIGN_REFORM = date(2021, 6, 1)
HAGUE_DESIGN_REFORM_US = date(2015, 5, 13)
UTILITY_MODEL_YEARS = {
    "CN": 10,
    "DE": 10,
    "JP": 10,
    "KR": 10,
    "TW": 10,
    "ES": 10,
    "FR": 10,
    "RU": 10,
    "BR": 15,
    "AU": 8,
}
DESIGN_YEARS_FROM_FILING = {
    "EM": 25,
    "DE": 25,
    "FR": 25,
    "ES": 25,
    "IT": 25,
    "GB": 25,
    "HK": 25,
    "SG": 15,
    "KR": 20,
    "JP": 25,
}


def add_years(day: date, years: int) -> date:
    """The same day so many years later; 29 February becomes 28 February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def after_months(day: date, months: int) -> date:
    """The same day so many months later, or the last day of a shorter month."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(day.day, last))


def last_day_of(
    office: str, kind: AssetKind, filed_on: date | None, granted_on: date | None, extension_days: int = 0
) -> date | None:
    """The last day of the right by its ordinary term; None where the term is not known to us."""
    years, start = _term(office, kind, filed_on, granted_on)
    if years is None or start is None or start.year + years > 9990:
        return None
    return add_years(start, years) + timedelta(days=extension_days)


def _term(
    office: str, kind: AssetKind, filed_on: date | None, granted_on: date | None
) -> tuple[int | None, date | None]:
    if office == "WO":
        return None, None
    if kind is K.INVENTION:
        return 20, filed_on
    if kind is K.UTILITY_MODEL:
        return UTILITY_MODEL_YEARS.get(office), filed_on
    if kind is K.TRADEMARK:
        return 10, filed_on if office == "EM" else granted_on
    if kind is K.DESIGN:
        return _design_term(office, filed_on, granted_on)
    if kind is K.PLANT_VARIETY:
        return (20, filed_on) if office == "US" else (15 if office == "CN" else None, granted_on)
    if kind is K.LAYOUT_DESIGN:
        return 10, filed_on or granted_on
    return None, None


def _design_term(office: str, filed_on: date | None, granted_on: date | None) -> tuple[int | None, date | None]:
    if office == "CN":
        return (10 if filed_on and filed_on < CHINESE_DESIGN_REFORM else 15), filed_on
    if office == "US":
        return (14 if filed_on and filed_on < HAGUE_DESIGN_REFORM_US else 15), granted_on
    return DESIGN_YEARS_FROM_FILING.get(office), filed_on
