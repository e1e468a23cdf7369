"""Partners to practise with: real HTTP servers that can be slow, wrong, duplicate, out of order or down."""
