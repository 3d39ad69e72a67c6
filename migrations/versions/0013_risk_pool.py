"""The tables of risk_pool."""

revision = "0013_risk_pool"
down_revision = "0012_financing"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
