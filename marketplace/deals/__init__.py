"""Selling and licensing: offers, auctions, contracts, closing and release of money."""
