"""What the forms of the Office have in common: texts, days and the file that a browser sends."""

from __future__ import annotations

from datetime import date
from pathlib import PurePath
from typing import Annotated

from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from lienthong.errors import Refused
from lienthong.web.submissions import MEDIA

READ = {"action": "office.read"}
EDIT = {"action": "office.edit"}

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


def day_of(text: str | None) -> date | None:
    """The day of a form (2026-11-30 or 30/11/2026); None when empty. Raises Refused."""
    written = (text or "").strip()
    if not written:
        return None
    try:
        if "/" in written:
            day, month, year = (int(part) for part in written.split("/"))
            return date(year, month, day)
        return date.fromisoformat(written)
    except ValueError:
        raise Refused(
            "office.day", "“%(text)s” is no day; write it like 30/11/2026.", text=written[:40]
        ) from None


def file_name(name: str) -> str:
    """The last part of the name that a browser sends."""
    return PurePath(name.replace("\\", "/")).name[:200]


def attached(content: bytes, name: str, ending: str) -> Response[bytes]:
    """A file to download; a name that is not ASCII is sent as RFC 6266 asks."""
    from urllib.parse import quote

    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
    return Response(
        content,
        media_type=MEDIA.get(ending, "application/octet-stream"),
        headers={
            "content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
        },
    )
