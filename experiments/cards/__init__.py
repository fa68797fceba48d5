"""The card: optimizers by problems, each problem at its published settings."""
