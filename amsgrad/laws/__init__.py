"""Exact laws of runs at a decaying step: what R_T is at any T, and where R_T / T goes."""
