"""labml's own dashboard on this machine, complete and safe: `python -m experiments.dashboard`."""
