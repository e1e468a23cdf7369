"""How XML from outside is parsed: what is in front of the parser and nothing else."""

from __future__ import annotations

import re

from lxml import etree

DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)")


def safe_parser(*, recover: bool = False) -> etree.XMLParser:
    """A parser without entities, other files or network; comments and instructions are dropped.

    libxml2's own bounds stay on: 256 levels, 10 MB in one text, amplification of entities. With `recover`
    it takes what it can of a text that is cut.
    """
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
    )
