"""The JSON API of identity."""

from marketplace.identity import account_api, credit_flag_api, jobs, organisation_api
from marketplace.identity.blueprints import api

__all__ = ["account_api", "api", "credit_flag_api", "jobs", "organisation_api"]
