"""Cleaning that ends: what is wrong becomes a ticket at its source, with a clock, until corrected records arrive."""
