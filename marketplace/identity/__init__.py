"""People, organisations, roles, verification and sign-in."""
