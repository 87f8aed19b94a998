"""The pages: each beside its state."""
