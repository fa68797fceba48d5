"""Sweeps: many runs, which differ in the values of some settings, as one thing."""
