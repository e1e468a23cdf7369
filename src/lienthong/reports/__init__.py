"""Numbers for those who govern: defined once, computed from events, the same again whenever they are computed."""
