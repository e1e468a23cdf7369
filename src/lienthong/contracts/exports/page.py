"""A contract as one Markdown page: what must be sent, what is checked, by which law, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator

from lienthong.contracts.codes import Codes
from lienthong.contracts.contract import Contract, Field, Rule, Table
from lienthong.contracts.senders import labels
from lienthong.contracts.versions import versions_of
from lienthong.words import language as reader
from lienthong.words import say

NAMES_ELSEWHERE = {
    "health": "Health",
    "form02": "Form 02/DM",
    "homeAffairs": "Home Affairs",
    "publicSecurity": "Public Security",
    "recordedBy": "Recorded by",
}
"""Part of a field's property `crosswalk` to the column that shows it: the same field at three ministries."""
EVIDENCE = {
    "attested": "attested",
    "inferred": "inferred, not official",
    "recalled": "recalled, not checked",
}


def markdown(contract: Contract, language: str = "vi") -> str:
    """The page of a contract ("" for the reader's language). Fields whose evidence is inferred say so in their row."""
    return "\n".join(_lines(contract, language or reader())) + "\n"


def _lines(contract: Contract, language: str) -> Iterator[str]:
    yield f"# {contract.label.get(language, contract.name)} (`{contract.name}` {contract.version})"
    yield ""
    if contract.description:
        yield contract.description.get(language, "")
        yield ""
    if contract.owner_label:
        yield f"**{say('Owner', language)}**: {contract.owner_label.get(language, contract.owner)}"
        yield ""
    if contract.sender_kinds:
        kinds = labels(Codes(), contract.sender_kinds)
        yield f"**{say('Who sends', language)}**: {kinds[language]}"
        yield ""
    if contract.legal_basis:
        yield f"**{say('Legal basis', language)}**:"
        yield ""
        for basis in contract.legal_basis:
            about = basis.get("about") or {}
            yield f"- {basis.get('text', '')}: {about.get(language, '')}".rstrip(": ")
        yield ""
    yield from _versions(contract, language)
    for table in contract.tables:
        yield from _table(table, language)


def _versions(contract: Contract, language: str) -> Iterator[str]:
    """The dated versions with their days, what each changed, and what is not known of it."""
    if not contract.versions:
        return
    yield f"**{say('Versions', language)}** ({say('judged by the day of the event', language)}):"
    yield ""
    for version in contract.versions:
        since = f"{str(version.first)[:4]}-{str(version.first)[4:6]}-{str(version.first)[6:]}"
        about = version.about.get(language, "")
        unknown = version.unknown.get(language)
        told = f"- **{version.id}** {say('From', language)} {since}, {version.basis}: {about}."
        yield f"{told} {say('Not known', language)}: {unknown}" if unknown else told
    yield ""


def _table(table: Table, language: str) -> Iterator[str]:
    yield f"## {table.name}: {table.label.get(language, table.name)}"
    yield ""
    if table.sender_kinds:
        kinds = labels(Codes(), table.sender_kinds)
        yield f"{say('This table is sent by: %(kinds)s.', language, kinds=kinds)}"
        yield ""
    yield (
        "| "
        + " | ".join(
            say(word, language) for word in ("Field", "Meaning", "Type", "Required", "Evidence")
        )
        + " |"
    )
    yield "|---|---|---|---|---|"
    for field in table.fields:
        yield _field(field, field.name in table.key, language)
    yield ""
    yield from _names_elsewhere(table, language)
    if table.rules:
        yield f"### {say('Rules', language)}"
        yield ""
        for rule in table.rules:
            yield _rule(rule, language)
        yield ""


def _names_elsewhere(table: Table, language: str) -> Iterator[str]:
    """What three ministries call each field that has a crosswalk."""
    known = [
        (field, cross) for field in table.fields if (cross := field.properties.get("crosswalk"))
    ]
    if not known:
        return
    yield f"### {say('Names at three ministries', language)}"
    yield ""
    titles = (say(title, language) for title in NAMES_ELSEWHERE.values())
    yield f"| {say('Field', language)} | " + " | ".join(titles) + " |"
    yield "|---" * (len(NAMES_ELSEWHERE) + 1) + "|"
    for field, cross in known:
        cells = (_cell(str(cross.get(part, "–"))) for part in NAMES_ELSEWHERE)
        yield f"| `{field.name}` | " + " | ".join(cells) + " |"
    yield ""


def _field(field: Field, in_key: bool, language: str) -> str:
    kind = field.type if field.max_length is None else f"{field.type}({field.max_length})"
    required = say("yes" if field.required or in_key else "no", language)
    evidence = say(EVIDENCE[field.evidence], language) if field.evidence in EVIDENCE else ""
    meaning = field.label.get(language) or next(iter(field.description.values()), "")
    if having := versions_of(field):
        meaning += f" ({say('only in %(versions)s', language, versions=', '.join(having))})"
    for name, version in field.aliases.items():
        told = say(
            "called %(name)s in version %(version)s", language, name=f"`{name}`", version=version
        )
        meaning += f" ({told})"
    return f"| `{field.name}` | {_cell(meaning)} | {kind} | {required} | {evidence} |"


def _rule(rule: Rule, language: str) -> str:
    sentence = rule.sentence.get(language) or next(iter(rule.sentence.values()), rule.id)
    fields = ", ".join(f"`{name}`" for name in rule.fields)
    return f"- **{rule.id}** ({say(rule.severity.value, language)}) {fields}: {_cell(sentence)}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
