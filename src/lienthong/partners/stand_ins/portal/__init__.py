"""The National Public Service Portal to practise with. Everything in it is invented."""
