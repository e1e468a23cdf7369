"""Measures the program beside yardsticks and other tools in the same run: `python -m bench`."""
