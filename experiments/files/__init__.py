"""Writing files: atomically, as strict JSON, with provenance."""
