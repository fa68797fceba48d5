"""Finds: counterexamples as files, and the runs that confirm them."""
