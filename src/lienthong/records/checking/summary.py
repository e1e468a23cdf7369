"""What a person sees after a check: how many rows are wrong, which rules say so, and the first places to look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from lienthong import words
from lienthong.findings import Criterion, Finding, Severity
from lienthong.records.checking.checked import RuleCount
from lienthong.records.checking.messages import first_finding, sentence_of

if TYPE_CHECKING:
    from lienthong.records.checking.checked import Checked

FIRST = 10
"""Findings shown one by one."""
RULES_SHOWN = 30
COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFORMATION: "cyan"}
CRITERIA = {
    Criterion.CORRECT: "correct",
    Criterion.SUFFICIENT: "sufficient",
    Criterion.CLEAN: "clean",
    Criterion.ALIVE: "alive",
}


def print_summary(
    checked: Checked, counts: list[RuleCount], seconds: float, out: Path | None
) -> None:
    """Prints the result of a check in the reader's language; never more than a screen or two."""
    console = Console(highlight=False)
    say = words.say
    label = words.pick(checked.contract.label) or checked.contract.name
    clean = not any(count.failed for count in counts)
    verdict = (
        say("Nothing wrong was found.")
        if clean
        else say(
            "%(wrong)s of %(rows)s rows have findings.",
            None,
            wrong=words.number(checked.rows_failed),
            rows=words.number(checked.rows),
        )
    )
    console.print(
        f"[bold]{escape(label)}[/] [dim]{escape(checked.contract.name)} {escape(checked.contract.version)}[/]"
    )
    colour = (
        "green"
        if clean
        else "bold red"
        if any(c.failed and c.severity == "error" for c in counts)
        else "yellow"
    )
    rows = say(
        "%(count)s rows, %(seconds)s s",
        None,
        count=words.number(checked.rows),
        seconds=words.number(seconds, 1),
    )
    console.print(f"[{colour}]{escape(verdict)}[/] [dim]{escape(rows)}[/]")
    if not clean:
        console.print(_criteria_table(counts))
        console.print(_rules_table(checked, counts))
        _print_first(console, checked, counts)
    _print_unknown(console, counts)
    if out is not None:
        console.print(say("All findings: %(path)s", None, path=str(out)), markup=False)


def _criteria_table(counts: list[RuleCount]) -> RichTable:
    table = RichTable(box=None, pad_edge=False)
    for title, justify in (
        ("Criterion", "left"),
        ("Checks", "right"),
        ("Failed", "right"),
        ("Passed", "right"),
    ):
        table.add_column(words.say(title), justify=justify)  # type: ignore[arg-type]
    for criterion, word in CRITERIA.items():
        own = [count for count in counts if count.criterion == criterion]
        asked, failed = sum(count.checked for count in own), sum(count.failed for count in own)
        share = words.percent(max(0, asked - failed) / asked, 2) if asked else "–"
        table.add_row(words.say(word), words.number(asked), words.number(failed), share)
    return table


def _rules_table(checked: Checked, counts: list[RuleCount]) -> RichTable:
    table = RichTable(box=None, pad_edge=False)
    for title, justify in (("Failed", "right"), ("Rule", "left"), ("Sentence", "left")):
        table.add_column(words.say(title), justify=justify, overflow="fold")  # type: ignore[arg-type]
    sentences = _sentences(checked)
    wrong = _wrong(counts)
    for count in wrong[:RULES_SHOWN]:
        colour = COLOURS[Severity(count.severity)]
        sentence = sentences.get((count.table, count.id, count.field)) or _remedy(checked, count)
        table.add_row(
            f"[{colour}]{words.number(count.failed)}[/]", escape(count.id), escape(sentence)
        )
    if len(wrong) > RULES_SHOWN:
        table.add_row(
            "…", "", words.say("and %(count)s more rules", None, count=len(wrong) - RULES_SHOWN)
        )
    return table


def _remedy(checked: Checked, count: RuleCount) -> str:
    """What the reader of a format says of the one place where it saw something, or in general about several."""
    finding = first_finding(checked, count)
    if finding is None:
        return ""
    return words.pick(finding.message if count.failed == 1 else finding.remedy)


def _sentences(checked: Checked) -> dict[tuple[Any, ...], str]:
    return {
        (table.name, rule.id, rule.fields[0] if rule.fields else None): sentence_of(
            rule, words.language()
        )
        for table in checked.tables.values()
        for rule in table.rules
    }


def _print_first(console: Console, checked: Checked, counts: list[RuleCount]) -> None:
    """One place for each of the rules at the top, so that a person sees ten causes and not one row ten times."""
    console.print(f"[bold]{escape(words.say('First findings'))}[/]")
    for count in _wrong(counts)[:FIRST]:
        finding = first_finding(checked, count)
        if finding is None:
            continue
        place = finding.table or ""
        if finding.row is not None:
            place += " " + words.say("row %(row)s", None, row=_row(checked, finding))
        if finding.key:
            place += f" [{finding.key}]"
        colour = COLOURS[finding.severity]
        console.print(
            f"  [{colour}]●[/] [dim]{escape(place)}[/] {escape(words.pick(finding.message))}"
        )


def _row(checked: Checked, finding: Finding) -> int:
    return checked.row_shown(finding.table or "", finding.row or 0)


def _wrong(counts: list[RuleCount]) -> list[RuleCount]:
    """Rules that failed, the gravest first; among them those that did not run, then the most frequent."""
    order = list(Severity)
    failed = [count for count in counts if count.failed]
    return sorted(
        failed,
        key=lambda count: (
            order.index(Severity(count.severity)),
            count.checked > 0,
            -count.failed,
        ),
    )


def _print_unknown(console: Console, counts: list[RuleCount]) -> None:
    """Rules that nobody could decide are told apart, so that silence is not taken for a pass."""
    unknown = sorted({count.id for count in counts if count.unknown})
    if unknown:
        shown = ", ".join(unknown[:12]) + (", …" if len(unknown) > 12 else "")
        sentence = words.say(
            "%(count)s rules could not be decided (a code list or a table is missing): %(rules)s",
            None,
            count=len(unknown),
            rules=shown,
        )
        console.print(f"[dim]{escape(sentence)}[/]")
