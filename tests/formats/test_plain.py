"""The recogniser of plain documents and lxml give the same rows on any document."""

import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from lienthong.records.formats.block import Block
from lienthong.records.formats.inner import InnerReader, layouts
from lienthong.records.formats.plain import PlainTable
from tests.formats.making import DRUGS, SUMMARY, VISIT

FOUND = layouts(VISIT)

pieces = st.sampled_from(
    [
        "<MA_LK>", "</MA_LK>", "<MA_LK/>", "<HO_TEN>", "</HO_TEN>", "<HO_TEN/>", "<NGAY_RA>",
        "</NGAY_RA>", "<STT>1</STT>", "<MA_LK>7</MA_LK>", "<HO_TEN>Bé</HO_TEN>", "<NGAY_RA />",
        "<MOI>x</MOI>", "<MOI/>", "text", " ", "\n", "\r\n", "&amp;", "&lt;", "&#65;", "&x;", "&", ">",
        "]]>", "]]", "<!-- c -->", "<![CDATA[x]]>", "<?pi x?>", "<", "</", "/>", "<>", "</>", "\x01",
        "\ufffe", "\u00a0", "<THUOC>", "</THUOC>", "<THUOC/>", "<THUOC><MA_LK>1</MA_LK></THUOC>",
        "<DS_THUOC>", "</DS_THUOC>", "</CT_THUOC>", "</TONG_HOP>", "<MA_LK a='1'>", "<MA_LK >", "é",
    ]
)  # fmt: skip
soup = st.lists(pieces, max_size=14).map("".join)
values = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="<&\ufffe\uffff")
)
element = st.builds(
    lambda name, value, empty: f"<{name}/>" if empty else f"<{name}>{value}</{name}>",
    st.sampled_from([*SUMMARY, "STT", "TEN_THUOC", "MOI"]),
    values,
    st.booleans(),
)
flat = st.lists(element, max_size=6).map("".join)
prologue = st.sampled_from(
    [
        "", "<?xml version='1.0'?>", '<?xml version="1.0" encoding="utf-8"?>\n', " \n", "\ufeff",
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>', "<!-- c -->", "<?xml version='1.1'?>",
    ]
)  # fmt: skip
tail = st.sampled_from(["", "\n", " \r\n", "<!-- c -->", "x", "<X/>"])
summaries = st.builds(
    lambda before, inside, after: f"{before}<TONG_HOP>{inside}</TONG_HOP>{after}",
    prologue,
    st.one_of(flat, soup),
    tail,
)
rows = st.lists(
    st.builds(
        lambda inside, space: f"<THUOC>{inside}</THUOC>{space}",
        st.one_of(flat, soup),
        st.sampled_from(["", "\n "]),
    ),
    max_size=4,
).map("".join)
lists = st.builds(
    lambda before, inside, after: (
        f"{before}<CT_THUOC><DS_THUOC>{inside}</DS_THUOC></CT_THUOC>{after}"
    ),
    prologue,
    st.one_of(rows, soup),
    tail,
)


def by_tree(documents, label):
    """What lxml says of each document: rows, faults and what was noticed."""
    return [_read([document], label, few=10**9) for document in documents]


def _read(documents, label, few):
    reader = InnerReader(FOUND)
    for plain in reader._plain.values():
        plan = plain.plan
        plain.plan = lambda contents, plan=plan: plan(contents, few)
    block = Block()
    for unit, document in enumerate(documents):
        reader.take(document.encode("utf-8", errors="surrogatepass"), label, unit, block)
    reader.read(block)
    batches = {
        table: pa.Table.from_batches(batches).to_pylist()
        for table, batches in block.batches.items()
    }
    return batches, block


def _together(singles):
    """Readings of single documents put together."""
    all_rows, faults, missing, unknown = {}, [], {}, {}
    for unit, (batches, block) in enumerate(singles):
        for table, found in batches.items():
            all_rows.setdefault(table, []).extend({**row, "_unit": unit} for row in found)
        faults += [(one.kind, unit) for one in block.faults]
        for table, names in block.missing.items():
            for name, count in names.items():
                missing[table, name] = missing.get((table, name), 0) + count
        for place, seen in block.unknown.items():
            unknown[place] = unknown.get(place, 0) + seen[0]
    return all_rows, sorted(faults), missing, unknown


def agree(documents, label):
    batches, block = _read(documents, label, few=0)
    got = (
        batches,
        sorted((one.kind, one.unit) for one in block.faults),
        {(table, name): n for table, names in block.missing.items() for name, n in names.items()},
        {place: seen[0] for place, seen in block.unknown.items()},
    )
    assert got == _together(by_tree(documents, label))


@given(st.lists(summaries, min_size=1, max_size=4))
@example(["<TONG_HOP><MA_LK>v>/MA_LK<  <HO_TEN></TONG_HOP>"])
@example(["<TONG_HOP><MA_LK>v</></TONG_HOP>"])
@example(["<TONG_HOP><MA_LK>]]></MA_LK></TONG_HOP>", "<TONG_HOP><MA_LK>1</MA_LK></TONG_HOP>"])
@example(["<TONG_HOP><MA_LK>\r\n</MA_LK><HO_TEN>a\rb</HO_TEN></TONG_HOP>"])
def test_flat_documents(documents):
    agree(documents, "XML1")


@given(st.lists(lists, min_size=1, max_size=4))
@example(
    [
        "<CT_THUOC><DS_THUOC><THUOC><MA_LK>1</DS_THUOC></CT_THUOC>",
        "<CT_THUOC><DS_THUOC>2</MA_LK></THUOC></DS_THUOC></CT_THUOC>",
    ]
)
@example(["<CT_THUOC><DS_THUOC><!></DS_THUOC></CT_THUOC>"] * 2)
@example(["<CT_THUOC><DS_THUOC></DS_THUOC></CT_THUOC>"] * 3)
def test_lists(documents):
    agree(documents, "XML2")


@given(st.lists(st.tuples(values, values, values), min_size=1, max_size=5))
def test_any_text_survives(cells):
    from xml.sax.saxutils import escape

    documents = [
        "<TONG_HOP>"
        + "".join(
            f"<{name}>{escape(cell)}</{name}>" for name, cell in zip(SUMMARY, row, strict=True)
        )
        + "</TONG_HOP>"
        for row in cells
    ]
    batches, block = _read(documents, "XML1", few=0)
    expected = [tuple(cell if cell.strip(" \t\r\n") else None for cell in row) for row in cells]
    assert [tuple(row[name] for name in SUMMARY) for row in batches["XML1"]] == expected
    assert block.faults == []


def test_usual_documents_are_recognised():
    """Otherwise these laws would compare lxml with itself."""
    table = PlainTable("CT_THUOC", DRUGS, ("DS_THUOC", "THUOC"))
    usual = (
        b'<?xml version="1.0" encoding="utf-8"?>\r\n<CT_THUOC xmlns:xsi="urn:i">\r\n  <DS_THUOC>\r\n    <THUOC>\r\n'
        b"      <MA_LK>1</MA_LK>\r\n      <STT/>\r\n      <TEN_THUOC>a &amp; b &gt; c > d</TEN_THUOC>\r\n"
        b"    </THUOC>\r\n  <THUOC><MA_LK>2</MA_LK><TEN_THUOC> </TEN_THUOC></THUOC></DS_THUOC>\r\n</CT_THUOC>"
    )
    content = table.content(usual)
    assert content is not None
    ((start, stop, columns),) = table.plan([content, content], few=0)
    assert (start, stop) == (0, 2)
    assert columns.rows == [2, 2]
    assert [array.to_pylist() for array in columns.arrays] == [
        ["1", "2"] * 2,
        [None, None] * 2,
        ["a & b > c > d", None] * 2,
    ]
    assert columns.missing == {"STT": 2}
