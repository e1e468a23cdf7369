"""The address of a server: one that is free, or a refusal that says so before anything else is begun."""

from __future__ import annotations

import os
import socket

from lienthong.errors import Unavailable


def must_be_free(host: str, port: int) -> None:
    """Refuse an address at which somebody listens: a server would share it, and answers would come by lot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except (OSError, OverflowError) as wrong:
        number = getattr(wrong, "errno", None)
        raise Unavailable(
            "site.address",
            "The site cannot listen at %(address)s (%(said)s). Choose another with --port or LIENTHONG_PORT.",
            address=f"{host}:{port}",
            said=os.strerror(number) if number and number > 0 else str(wrong),
        ) from None
