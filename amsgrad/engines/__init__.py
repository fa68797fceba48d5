"""The engines: the reference that defines a run, and the fast ones that have its bits."""
