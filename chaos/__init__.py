"""The fault programme: acts under kill -9 of workers and of the whole database, then every promise is checked."""
