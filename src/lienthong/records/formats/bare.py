"""An inner document that comes without an envelope: check-in status (XML0), certificates, single tables.

A row of such a document belongs to no HOSO: it opens its own unit, or finds its visit by its link.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from lienthong.records.formats.block import Block
from lienthong.records.formats.faults import fault
from lienthong.records.formats.inner import SIGNATURES, InnerReader, Layout, read_element

ROWS = 5_000


def bare_blocks(path: Path, root: str, reader: InnerReader) -> Iterator[Block]:
    """The rows of one document in blocks; a large one is read as a stream."""
    layout = reader.layouts[root]
    if path.stat().st_size > reader.limit and layout.listed is not None:
        yield from _streamed(path, layout)
        return
    block = Block()
    reader.take(path.read_bytes(), layout.label, 0, block)
    reader.read(block)
    yield block


def _streamed(path: Path, layout: Layout) -> Iterator[Block]:
    outer, inner = layout.listed or ("", "")
    block = Block()
    events = etree.iterparse(
        str(path),
        events=("end",),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        for _, element in events:
            parent = element.getparent()
            if parent is None or etree.QName(parent).localname not in (outer, layout.root):
                continue
            name = etree.QName(element).localname
            if name == inner:
                read_element(element, layout, 0, block)
            elif name != outer and name not in SIGNATURES:
                block.not_known(layout.table, name[:80], block.rows(layout.table), 0)
            element.clear()
            while element.getprevious() is not None:
                del parent[0]
            if block.rows(layout.table) >= ROWS:
                block.finish()
                yield block
                block = Block()
    except etree.XMLSyntaxError as error:
        block.faults.append(fault("inner-broken", label=layout.label, line=error.lineno or 1))
    block.finish()
    yield block
