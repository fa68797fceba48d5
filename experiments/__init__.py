"""The runs: configuration, tracking, storage, figures and the commands; no mathematics."""
