"""One list of procedures that three units agree on: what differs is followed until it is closed."""
