"""The tables of deals."""

revision = "0011_deals"
down_revision = "0010_listings"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
