"""The tables of valuation."""

revision = "0009_valuation"
down_revision = "0008_registry"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
