"""The settings of a run, and what is built from them."""
