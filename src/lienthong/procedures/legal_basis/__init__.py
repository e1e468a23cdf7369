"""Documents of law: which there are, until when they hold, what cites them and what a new or ended one touches."""
