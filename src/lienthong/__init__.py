"""One consistent store of Vietnam's medical data, and procedures that travel without getting lost."""

__version__ = "0.1.0"
