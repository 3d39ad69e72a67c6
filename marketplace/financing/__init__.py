"""Lending against registered assets: applications, term sheets, pledges, loans."""
