"""Tracking through labml."""
