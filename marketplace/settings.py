"""Every environment variable the marketplace reads, read once."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from environs import Env


class UnsafeSettings(Exception):
    """The configuration would run the marketplace in a way that is not safe; it must not start."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How this process is configured; ``local`` means the embedded database on a developer's or demo machine."""

    home: Path
    database_url: str | None
    secret_key: str
    public_url: str = "http://127.0.0.1:5000"
    live_url: str = ""
    demo: bool = False
    production: bool = False
    testing: bool = False
    stripe_secret_key: str | None = None
    stripe_webhook_secret: str | None = None
    stripe_api_base: str | None = None
    stripe_publishable_key: str | None = None
    bank_account: str = "IP Marketplace supervised funds (资金监管专户) · 0000 0000 0000 0000 · Fictional Bank 虚构银行"
    mail_backend: str = "file"
    mail_sender: str = "marketplace@ip-marketplace.example"
    smtp_url: str | None = None
    timestamp_url: str | None = None
    timestamp_roots: Path | None = None
    rate_limits: bool = True
    data_dir: Path = Path("../shared/data")

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read the environment (and ``.env``); refuse an unsafe production configuration."""
        env = Env()
        env.read_env(recurse=False)
        home = Path(env.str("MARKETPLACE_HOME", "var")).resolve()
        database_url = env.str("DATABASE_URL", None) or None
        production = env.str("MARKETPLACE_ENV", "production" if database_url else "local") == "production"
        secret_key = env.str("SECRET_KEY", None) or (None if production else _kept_secret(home / "secret_key"))
        if not secret_key:
            raise UnsafeSettings("SECRET_KEY is not set: production needs a secret of at least 32 characters.")
        settings = cls(
            home=home,
            database_url=database_url,
            secret_key=secret_key,
            public_url=env.str("PUBLIC_URL", "http://127.0.0.1:5000"),
            live_url=env.str("LIVE_URL", "").rstrip("/"),
            demo=env.bool("DEMO", False),
            production=production,
            stripe_secret_key=env.str("STRIPE_SECRET_KEY", None) or None,
            stripe_webhook_secret=env.str("STRIPE_WEBHOOK_SECRET", None) or None,
            stripe_api_base=env.str("STRIPE_API_BASE", None) or None,
            stripe_publishable_key=env.str("STRIPE_PUBLISHABLE_KEY", None) or None,
            bank_account=env.str("BANK_ACCOUNT", cls.bank_account),
            mail_backend=env.str("MAIL_BACKEND", "file"),
            mail_sender=env.str("MAIL_SENDER", "marketplace@ip-marketplace.example"),
            smtp_url=env.str("SMTP_URL", None) or None,
            timestamp_url=env.str("TIMESTAMP_URL", None) or None,
            timestamp_roots=Path(roots) if (roots := env.str("TIMESTAMP_ROOTS", "")) else None,
            rate_limits=env.bool("RATE_LIMITS", True),
            data_dir=Path(env.str("DATA_DIR", "../shared/data")),
        )
        settings.refuse_unsafe()
        return settings

    def refuse_unsafe(self) -> None:
        """Fail closed: production never runs with demo sign-in, a short secret or an unverified payment channel."""
        if self.production and self.demo:
            raise UnsafeSettings("DEMO=1 signs anybody in as a demo persona: production refuses it.")
        if self.production and len(self.secret_key) < 32:
            raise UnsafeSettings("SECRET_KEY is shorter than 32 characters.")
        if self.stripe_secret_key and not self.stripe_webhook_secret:
            raise UnsafeSettings("STRIPE_SECRET_KEY is set without STRIPE_WEBHOOK_SECRET: webhooks could be forged.")
        if self.timestamp_url and not (self.timestamp_roots and self.timestamp_roots.is_file()):
            raise UnsafeSettings("TIMESTAMP_URL is set without TIMESTAMP_ROOTS: time stamps could not be verified.")


def _kept_secret(path: Path) -> str:
    """A random secret made at the first local start and kept in a file only the owner reads."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip()
