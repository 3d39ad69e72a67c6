"""Flask-Security, configured: it hashes passwords, signs reset links and checks one-time codes; the pages are ours."""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any, cast

from flask import Flask
from flask_principal import Principal
from flask_security import Security, SQLAlchemySessionUserDatastore

from marketplace.core.db import session
from marketplace.identity.passwords import RESET_WITHIN
from marketplace.identity.people import Membership, Person
from marketplace.identity.second_factor import ReplaySafeTotp
from marketplace.settings import Settings


def start_security(app: Flask) -> Security:
    """Give the application Flask-Security without its own pages and without tokens in addresses."""
    settings: Settings = app.extensions["settings"]
    app.config.update(
        SECURITY_PASSWORD_HASH="argon2",
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SINGLE_HASH=True,
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS=_hash_cost(settings),
        SECURITY_PASSWORD_NORMALIZE_FORM="NFKC",
        SECURITY_PASSWORD_SALT=derived_key(settings, "password salt"),
        SECURITY_RESET_PASSWORD_WITHIN=RESET_WITHIN,
        SECURITY_TOTP_SECRETS={"1": derived_key(settings, "one-time code secrets")},
        SECURITY_TOTP_ISSUER="IP Marketplace",
        SECURITY_MULTI_FACTOR_RECOVERY_CODES=True,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES_N=8,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS=[fernet_key(settings, "recovery codes")],
        SECURITY_JOIN_USER_ROLES=False,
        SECURITY_CLI_USERS_NAME=False,
        SECURITY_CLI_ROLES_NAME=False,
    )
    store = SQLAlchemySessionUserDatastore(session, Person, cast(Any, Membership))
    security = Security(app, store, register_blueprint=False, totp_cls=ReplaySafeTotp)
    hooks = app.before_request_funcs[
        None
    ]  # its own notion of roles is not used here: it would load the person each time
    hooks[:] = [hook for hook in hooks if not isinstance(getattr(hook, "__self__", None), Principal)]
    return security


def _hash_cost(settings: Settings) -> dict[str, Any]:
    """Argon2id as OWASP advises (19 MiB, two passes); the tests take the cheapest."""
    memory, passes = (64, 1) if settings.testing else (19 * 1024, 2)
    return {"argon2__type": "ID", "argon2__memory_cost": memory, "argon2__time_cost": passes, "argon2__parallelism": 1}


def derived_key(settings: Settings, purpose: str) -> str:
    """A key for one purpose, made from the application's secret."""
    return hmac.new(settings.secret_key.encode(), purpose.encode(), sha256).hexdigest()


def fernet_key(settings: Settings, purpose: str) -> bytes:
    """A key in the form the encryption of recovery codes wants."""
    return urlsafe_b64encode(bytes.fromhex(derived_key(settings, purpose)))
