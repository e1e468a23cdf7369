"""The change feed: every change of a kept record in the order in which it happened, and how long each took."""

from lienthong.records.feed.reading import Change, Page, page

__all__ = ["Change", "Page", "page"]
