"""Small drawings of a share and of its course, as SVG without scripts or inline style."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup


def bar(passed: float | None, unknown: float = 0.0, *, small: bool = False) -> Markup:
    """A bar of 100: what passed is filled, what is unknown is hatched, what failed is empty.

    `passed` and `unknown` are shares of everything that was asked (0..1); None draws an empty bar.
    The numbers stand beside the bar in words, so that it is hidden from a screen reader.
    """
    known = 0.0 if passed is None else max(0.0, min(1.0, passed))
    width = max(0.0, min(1.0 - known, unknown))
    kind = "bar small" if small else "bar"
    return Markup(
        '<svg class="{}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="part" width="{:.2f}" height="8"/>'
        '<rect class="unknown" x="{:.2f}" width="{:.2f}" height="8"/></svg>'
    ).format(kind, known * 100, known * 100, width * 100)


def hatching() -> Markup:
    """The pattern that every bar of a page refers to; stands once in the page."""
    return Markup(
        '<svg width="0" height="0" aria-hidden="true" focusable="false" class="visually-hidden"><defs>'
        '<pattern id="hatch" width="3" height="8" patternUnits="userSpaceOnUse">'
        '<path class="hatch" d="M0 0V8"/></pattern></defs></svg>'
    )


def _scale(values: Sequence[float], low: float | None) -> tuple[float, float]:
    bottom = min(values) if low is None else low
    top = max(values)
    return bottom, max(top - bottom, 0.002)


def sparkline(values: Sequence[float | None], label: str) -> Markup:
    """The course of one share over the days; days without data are left out."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return Markup("")
    bottom, height = _scale(known, None)
    step = 100 / (len(known) - 1)
    points = [(i * step, 30 - 26 * (value - bottom) / height) for i, value in enumerate(known)]
    line = " ".join(f"{'M' if i == 0 else 'L'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(points))
    return Markup(
        '<svg class="spark" viewBox="0 0 100 34" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path class="area" d="{} L100 34 L0 34 Z"/><path d="{}"/></svg>'
    ).format(label, line, line)


def good_rows(course: Sequence[tuple[Any, Any]]) -> list[float | None]:
    """The share of rows without error of each card of a trend."""
    return [(card.rows - card.rows_failed) / card.rows if card.rows else None for _, card in course]


def series(
    course: Sequence[tuple[Any, Any]], criteria: Sequence[str], names: Mapping[str, str]
) -> list[tuple[str, list[float | None]]]:
    """The share of good rows per criterion and day, with the criterion's name in the reader's language."""
    return [
        (names[name], [card.criteria[name].measure("rows").share for _, card in course])
        for name in criteria
    ]


def days(course: Sequence[tuple[Any, Any]], write: Callable[[Any], str]) -> list[str]:
    """The days of a trend as the reader writes them."""
    return [write(day) for day, _ in course]


def lines(
    series: Sequence[tuple[str, Sequence[float | None]]],
    days: Sequence[str],
    label: str,
    percent: Callable[[float], str],
) -> Markup:
    """Several shares over the same days, each line with its name at its end and its own dashes.

    `percent` writes a share in the reader's language.
    """
    known = [value for _, values in series for value in values if value is not None]
    if not known or len(days) < 2:
        return Markup("")
    bottom = max(0.0, min(known) - 0.02)
    height = max(1.0 - bottom, 0.01)
    wide, tall, left, right, up, down = 1080, 250, 56, 74, 12, 26
    step = (wide - left - right) / (len(days) - 1)

    def y(value: float) -> float:
        return up + (tall - up - down) * (1 - (value - bottom) / height)

    parts = [
        Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
            wide, tall, label
        )
    ]
    for i in range(5):
        value = bottom + height * i / 4
        parts.append(
            Markup(
                '<path class="grid-line" d="M{} {:.1f}H{}"/><text x="{}" y="{:.1f}" text-anchor="end">{}</text>'
            ).format(left, y(value), wide - right, left - 8, y(value) + 4, percent(value))
        )
    for i in sorted({0, len(days) // 2, len(days) - 1}):
        anchor = "start" if i == 0 else "end" if i == len(days) - 1 else "middle"
        parts.append(
            Markup('<text x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
                left + i * step, tall - 6, anchor, days[i]
            )
        )
    drawn = []
    for n, (name, values) in enumerate(series):
        points = [(left + i * step, y(v)) for i, v in enumerate(values) if v is not None]
        if points:
            d = " ".join(
                f"{'M' if i == 0 else 'L'}{a:.1f} {b:.1f}" for i, (a, b) in enumerate(points)
            )
            parts.append(Markup('<path class="line c{}" d="{}"/>').format(n, d))
            drawn.append((points[-1][1] + 4, n, name))
    place = 0.0
    for height_of_end, n, name in sorted(drawn):
        place = max(height_of_end, place + 14)  # names do not cover one another
        parts.append(
            Markup('<text class="name n{}" x="{}" y="{:.1f}">{}</text>').format(
                n, wide - right + 8, place, name
            )
        )
    parts.append(Markup("</svg>"))
    return Markup("").join(parts)
