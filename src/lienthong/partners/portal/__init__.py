"""The National Public Service Portal: what is sent, what is taken in, and what both sides know of it."""
