"""Fewer procedures at the centre, less time, less cost, fewer papers: a ledger of cuts and what they give, exactly."""
