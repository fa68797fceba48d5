"""labml's own dashboard, local, whole and safe: `python -m experiments.dashboard`."""
