"""Counterexamples: periodic slopes on which a rule goes to the worse end of F."""
