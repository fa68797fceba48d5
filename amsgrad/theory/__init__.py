"""Results without a run: where x goes, for which betas, and the conditions of the theorems.

Each module takes numbers, a problem, or (`gamma`) an engine; none chooses an engine.
"""
