"""Runs on an NVIDIA GPU, from the rules' own functions, with the bits of the reference engine."""
