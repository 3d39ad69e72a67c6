"""Sharing the loss of a defaulted pledged loan, and every recovery back."""
