"""Law: DuckDB over a batch and generated Python over a record give the same answer to any rule on any row."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.checking.tables import checked_of, contract_of, masks, python_masks

TEXTS = ("s1", "s2")
NUMBERS = ("n1", "n2")
WHOLES = ("i1", "i2")

CELLS = st.one_of(
    st.none(),
    st.sampled_from(
        [
            "",
            " ",
            "0",
            "1",
            "-1",
            "+5",
            "007",
            "1.5",
            ".5",
            "1.",
            "1e3",
            "1e400",
            "nan",
            "inf",
            "1_000",
            "0x10",
            "9223372036854775807",
            "9223372036854775808",
            "2.675",
            "-0.0",
            "0.285",
            "1e-320",
            "123456789012345678",
            "2026-01-31",
            "2026-02-30",
            "2026-1-5",
            "0000-01-01",
            "9999-12-31",
            "20260131",
            "true",
            "F",
            "TRUE",
            "2026-01-31 10:00",
            "2026-01-31T10:00:00+07:00",
            "a",
            "A",
            "ß",
            "İ",
            "Đặng",
            "e\u0301",
            "🦆",
            "a;b;;c",
            "\u00a0x\u2003",
            "x\n",
            "\t5",
            " 12 ",
            "１２",
            "%",
            "_",
            "a%b",
            "$",
            "[x]",
            "202611220900",
        ]
    ),
    st.text(max_size=6).map(lambda text: text.replace("\x00", "")),
    st.integers(-(10**4), 10**4).map(str),
    st.floats(-1e6, 1e6).map(lambda number: f"{number:.3f}"),
    st.dates().map(str),
)

COLUMNS = (*TEXTS, *NUMBERS, *WHOLES, "d1", "d2", "b1")
ROWS = st.lists(st.fixed_dictionaries({name: CELLS for name in COLUMNS}), min_size=1, max_size=6)
CHILDREN = st.lists(
    st.fixed_dictionaries({"k": CELLS, "v": CELLS, "w": CELLS}), min_size=0, max_size=5
)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


literals = st.sampled_from(["", "a", "A", "0", "2026-01-31", "x", "Đ", ";", "b"]).map(quoted)
small = st.sampled_from(["0", "1", "2", "-1", "3", "0.5", "2.68", "100"])


def texts(depth: int) -> st.SearchStrategy[str]:
    leaf = st.one_of(st.sampled_from(TEXTS), literals)
    if not depth:
        return leaf
    below = texts(depth - 1)
    places = st.sampled_from(["1", "2", "3", "-2", "0"])
    return st.one_of(
        leaf,
        st.builds("UPPER({})".format, below),
        st.builds("LOWER({})".format, below),
        st.builds("TRIM({})".format, below),
        st.builds(
            "SUBSTR({}, {}, {})".format, below, places, st.sampled_from(["0", "1", "2", "5"])
        ),
        st.builds("SUBSTR({}, {})".format, below, places),
        st.builds("LEFT({}, {})".format, below, places),
        st.builds("RIGHT({}, {})".format, below, places),
        st.builds("REPLACE({}, {}, {})".format, below, below, below),
        st.builds("({} || {})".format, below, below),
        st.builds("CONCAT({}, {})".format, below, below),
        st.builds("COALESCE({}, {})".format, below, below),
        st.builds("NULLIF({}, {})".format, below, below),
        st.builds("CASE WHEN {} THEN {} ELSE {} END".format, truths(depth - 1), below, below),
        st.builds("CAST({} AS VARCHAR)".format, st.sampled_from((*WHOLES, "d1", "b1"))),
    )


def numbers(depth: int) -> st.SearchStrategy[str]:
    leaf = st.one_of(st.sampled_from((*NUMBERS, *WHOLES)), small)
    if not depth:
        return leaf
    below = numbers(depth - 1)
    return st.one_of(
        leaf,
        st.builds("({} {} {})".format, below, st.sampled_from("+-*/%"), below),
        st.builds("ABS({})".format, below),
        st.builds("FLOOR({})".format, below),
        st.builds("CEIL({})".format, below),
        st.builds("ROUND({}, {})".format, below, st.sampled_from(["0", "2", "-1"])),
        st.builds("LENGTH({})".format, texts(depth - 1)),
        st.builds("STRPOS({}, {})".format, texts(depth - 1), texts(0)),
        st.builds(
            "TRY_CAST({} AS {})".format, texts(depth - 1), st.sampled_from(["DOUBLE", "BIGINT"])
        ),
        st.builds("COALESCE({}, {})".format, below, below),
        st.builds("GREATEST({}, {})".format, below, below),
        st.builds("LEAST({}, {})".format, below, below),
        st.builds("DATE_DIFF('day', {}, {})".format, dates(depth - 1), dates(depth - 1)),
        st.builds("({} - {})".format, dates(depth - 1), dates(depth - 1)),
        st.builds("CASE WHEN {} THEN {} END".format, truths(depth - 1), below),
        st.builds(
            "(SELECT {}(x.v) FROM c x WHERE x.k = t.s1)".format,
            st.sampled_from(["MIN", "MAX", "COUNT"]),
        ),
        st.builds(
            "(SELECT COUNT(*) FROM c x WHERE {} > x.v)".format, st.sampled_from(["t.n1", "t.i1"])
        ),
        st.just("(SELECT COUNT(DISTINCT x.w) FROM c x WHERE x.v IS NOT NULL)"),
        st.just("LEN(LIST_DISTINCT(STRING_SPLIT(s1, ';')))"),
    )


def dates(depth: int) -> st.SearchStrategy[str]:
    leaf = st.sampled_from(("d1", "d2"))
    return st.one_of(leaf, st.builds("CAST({} AS DATE)".format, texts(depth))) if depth else leaf


def truths(depth: int) -> st.SearchStrategy[str]:
    comparison = st.sampled_from(
        ["=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"]
    )
    at = max(depth - 1, 0)
    leaf = st.one_of(
        st.builds("{} {} {}".format, texts(at), comparison, texts(at)),
        st.builds("{} {} {}".format, numbers(at), comparison, numbers(at)),
        st.builds("{} {} {}".format, dates(at), comparison, dates(at)),
        st.builds("{} {} {}".format, st.sampled_from(TEXTS), comparison, small),
        st.builds("d1 {} '2026-01-31'".format, comparison),
        st.builds("{} IS NULL".format, st.one_of(texts(at), numbers(at), dates(at))),
        st.builds("{} IS NOT NULL".format, texts(at)),
        st.builds("{} IN ({}, {})".format, texts(at), literals, texts(0)),
        st.builds("{} NOT IN ({}, {})".format, numbers(at), small, numbers(0)),
        st.builds("{} BETWEEN {} AND {}".format, numbers(at), numbers(at), numbers(at)),
        st.builds(
            "{} LIKE {}".format, texts(at), st.sampled_from(["'%a%'", "'_'", "'a%'", "''", "'%;%'"])
        ),
        st.builds(
            "REGEXP_MATCHES({}, {})".format,
            texts(at),
            st.sampled_from(
                [
                    "'^[0-9]+$'",
                    r"'^\d{2}'",
                    r"'\s'",
                    "'^[A-Z]'",
                    "'a$'",
                    "'^$'",
                    r"'^\w+$'",
                    "'[$]'",
                ]
            ),
        ),
        st.builds("{} NOT LIKE {}".format, texts(at), st.sampled_from(["'%a%'", "'_'", "'K.%'"])),
        st.just("b1"),
        st.just("EXISTS (SELECT 1 FROM c x WHERE x.k = t.s1 AND x.v > 1)"),
        st.just("NOT EXISTS (SELECT 1 FROM c WHERE k = s2)"),
        st.just("s1 IN (SELECT k FROM c)"),
        st.just("s1 NOT IN (SELECT x.k FROM c x WHERE x.w IS NOT NULL)"),
        st.just("s2 > AGO(3, 'days', 'datetime12')"),
        st.just("d1 < AGO(2, 'working_days', 'date')"),
    )
    if not depth:
        return leaf
    below = truths(depth - 1)
    return st.one_of(
        leaf,
        st.builds("({} AND {})".format, below, below),
        st.builds("({} OR {})".format, below, below),
        st.builds("(NOT {})".format, below),
    )


def contract_text(predicates: list[str]) -> str:
    kinds = {
        **dict.fromkeys(NUMBERS, "number"),
        **dict.fromkeys(WHOLES, "integer"),
        "d1": "date",
        "d2": "date",
        "b1": "boolean",
    }
    lines = ["  - name: t", "    properties:"]
    lines += [
        f"      - {{name: {name}, logicalType: {kinds.get(name, 'string')}}}" for name in COLUMNS
    ]
    lines.append("    quality:")
    for at, predicate in enumerate(predicates):
        text = "'" + predicate.replace("'", "''") + "'"
        lines.append(
            f"      - {{id: P{at}, type: custom, engine: lienthong, implementation: {{predicate: {text}}}}}"
        )
    lines += [
        "  - name: c",
        "    properties:",
        "      - {name: k, logicalType: string}",
        "      - {name: v, logicalType: number}",
        "      - {name: w, logicalType: string}",
    ]
    return "\n".join(lines) + "\n"


# Shrinking a failure would take minutes; the failing rows are printed whole.
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
@given(predicates=st.lists(truths(2), min_size=4, max_size=10), rows=ROWS, children=CHILDREN)
def test_any_predicate_on_any_row(
    predicates: list[str], rows: list[dict], children: list[dict]
) -> None:
    contract = contract_of(contract_text(predicates))
    checked = checked_of(contract, t=rows, c=children)
    assert not checked.broken(), (checked.broken(), predicates)
    assert python_masks(contract, t=rows, c=children)["t"] == masks(checked, "t")
