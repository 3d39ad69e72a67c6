"""The tables of ledger."""

revision = "0006_ledger"
down_revision = "0005_documents"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
