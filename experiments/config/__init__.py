"""The settings of a run: options, files, the command line, and what is built from them."""
