"""The yardstick of XML: reading an envelope with lxml and nothing more, on both cores.

Run as its own process: `python lxml_reading.py FILE PROCESSES`. Prints how many dossiers and cells were read.
"""

from __future__ import annotations

import base64
import sys
from multiprocessing import get_context

from lxml import etree


def read(file: str, part: int, parts: int) -> tuple[int, int]:
    """Every `parts`th dossier of the file, all of its cells."""
    dossiers = cells = 0
    for at, (_, unit) in enumerate(etree.iterparse(file, tag="HOSO", huge_tree=True)):
        if at % parts == part:
            dossiers += 1
            for content in unit.iter("NOIDUNGFILE"):
                inner = etree.fromstring(base64.b64decode(content.text))
                cells += sum(1 for cell in inner.iter() if cell.text)
        unit.clear()
    return dossiers, cells


if __name__ == "__main__":
    parts = int(sys.argv[2])
    with get_context("fork").Pool(parts) as pool:
        read_parts = pool.starmap(read, [(sys.argv[1], part, parts) for part in range(parts)])
    print(*map(sum, zip(*read_parts, strict=True)))
