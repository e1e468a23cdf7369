"""Quarantine: what was not fit to keep waits here, as it was sent, until somebody mends or abandons it."""
