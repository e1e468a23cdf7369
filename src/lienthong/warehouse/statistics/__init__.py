"""Readings for statistics: without what names a person, and only when nobody stands alone in them."""
