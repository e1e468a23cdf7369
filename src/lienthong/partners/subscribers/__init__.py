"""Subscribers: systems outside that are told of every change they may see, signed, in order, at least once."""

from lienthong.partners.subscribers.delivering import Deliveries
from lienthong.partners.subscribers.subscriptions import Subscription, subscribe, subscription

__all__ = ["Deliveries", "Subscription", "subscribe", "subscription"]
