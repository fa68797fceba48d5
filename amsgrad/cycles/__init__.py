"""Exact cycles of runs at a constant step: certificates for all T."""
