"""Requests under a procedure: their numbers, states, steps and legal deadlines."""
