"""The tables of registry."""

revision = "0008_registry"
down_revision = "0007_payments"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
