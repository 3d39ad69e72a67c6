"""Telling people: the inbox and e-mail."""
