"""The tables of listings."""

revision = "0010_listings"
down_revision = "0009_valuation"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
