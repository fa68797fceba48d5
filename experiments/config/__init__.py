"""The settings of a run from a command line and from files."""
