"""What the catalogue holds, counted, beside what the ministry reported; the two are never mixed.

282 = 117 to be connected + 165 decentralised is the ministry's report; no public list of them was found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec

from lienthong.procedures.procedure import Procedure


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """The reported numbers. `target_band` is the share still settled centrally that is aimed at (our reading)."""

    source: str
    reported: date
    total: int
    to_connect: int
    decentralised: int
    target_band: dict[str, Any]

    @property
    def central_share(self) -> float:
        """The share still settled centrally: to_connect / total."""
        return self.to_connect / self.total


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of procedures; one that several levels settle counts once in `total` and at each of its levels."""

    total: int
    levels: dict[str, int]
    fields: dict[str, int]
    online: dict[str, int]
    decentralised: dict[str, int]
    complete: int
    with_limit: int


@lru_cache(maxsize=1)
def claims() -> Claims:
    """The ministry's report as declared in declared/procedures/claims.yaml."""
    import yaml

    path = resources.files("lienthong").joinpath("declared", "procedures", "claims.yaml")
    return msgspec.convert(yaml.safe_load(path.read_text("utf-8")), Claims, strict=False)


def count(procedures: Iterable[Procedure]) -> Counted:
    """The numbers of these procedures; what no source says is counted as unknown."""
    listed = list(procedures)
    answers = {True: "yes", False: "no", None: "unknown"}
    return Counted(
        total=len(listed),
        levels=_ordered(Counter(level for one in listed for level in one.levels or ("unknown",))),
        fields=_ordered(Counter(one.field or "unknown" for one in listed)),
        online=_ordered(Counter(one.online for one in listed)),
        decentralised=_ordered(Counter(answers[one.decentralised] for one in listed)),
        complete=sum(not one.missing() for one in listed),
        with_limit=sum(bool(one.limits) for one in listed),
    )


def _ordered(counted: Counter[str]) -> dict[str, int]:
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))
