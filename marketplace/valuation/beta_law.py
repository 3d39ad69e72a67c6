"""The beta law: what is believed of a chance after some trials succeeded and others failed."""

import math

_STEPS, _TINY = 300, 1e-300


def beta_share(x: float, a: float, b: float) -> float:
    """Probability that a chance with this law is at most ``x`` (regularised incomplete beta function).

    Continued fraction of Abramowitz and Stegun 26.5.8 by Lentz's method; absolute error below 1e-12 for parameters up
    to a few thousand.
    """
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def beta_quantile(level: float, a: float, b: float) -> float:
    """The value that a chance with this law stays below with probability ``level``, by halving; error below 1e-15."""
    low, high = 0.0, 1.0
    for _half in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if beta_share(middle, a, b) < level else (low, middle)
    return (low + high) / 2


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction, evaluated until it stands still."""
    upper, lower = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = lower
    for step in range(1, _STEPS):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        for part in (even, odd):
            lower, upper = 1 / _away(1 + part * lower), _away(1 + part / upper)
            value *= lower * upper
        if abs(lower * upper - 1) < 1e-15:
            break
    return value


def _away(number: float) -> float:
    """The number, kept away from zero."""
    return number if abs(number) > _TINY else _TINY
