"""Results without a run: where x goes, for which betas, and the conditions of the theorems.

Each module takes numbers, the form of a rule or the rule, a problem, or (`gamma`) an engine; none
chooses an engine.
"""
