"""The tables of payments."""

revision = "0007_payments"
down_revision = "0006_ledger"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
