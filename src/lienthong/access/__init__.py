"""Who is acting, and whether they may: the only gate to data of persons."""

from lienthong.access.actor import Actor, operator
from lienthong.access.policy import Permit, allow, may

__all__ = ["Actor", "Permit", "allow", "may", "operator"]
