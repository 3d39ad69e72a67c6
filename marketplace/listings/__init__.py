"""Registered assets on offer, and finding them."""
