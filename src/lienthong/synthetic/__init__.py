"""Invented submissions that look like real ones: people, facilities, visits, registers, and planted faults
with their truth.

Everything is decided by a seed and a position, never by the clock or the size of the run, so visit 7 of
seed 3 is the same
visit in a run of ten and in a run of ten million, and memory does not grow with the run.
"""
