"""The tables of financing."""

revision = "0012_financing"
down_revision = "0011_deals"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
