"""The stand-in for Stripe, as the payments room uses it."""

from tests.payments.conftest import stripe_double

__all__ = ["stripe_double"]
