"""Crossing: what one database knows that another must agree with, looked up by key and looked at again later."""
