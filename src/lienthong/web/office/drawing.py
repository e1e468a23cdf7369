"""The course of a share as steps over days, with the band that is aimed at behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from markupsafe import Markup

from lienthong.procedures.reduction.shares import Band, Point

WIDE, TALL, LEFT, RIGHT, UP, DOWN = 1080, 260, 64, 20, 14, 28


def steps(
    points: Sequence[Point],
    band: Band,
    until: date,
    label: str,
    percent: Callable[..., str],
    day: Callable[[date], str],
) -> Markup:
    """The SVG; what is forecast is drawn with dashes. Empty when there is nothing but the start."""
    known = [(point, float(point.share.value)) for point in points if point.share.value is not None]
    if len(known) < 2:
        return Markup("")
    first, last = known[0][0].day, max(until, known[-1][0].day)
    span = max(1, (last - first).days)
    low = min(float(band.low), *(value for _, value in known)) - 0.02
    high = max(float(band.high), *(value for _, value in known)) + 0.01

    def x(when: date) -> float:
        return LEFT + (WIDE - LEFT - RIGHT) * (when - first).days / span

    def y(value: float) -> float:
        return UP + (TALL - UP - DOWN) * (high - value) / (high - low)

    parts = [
        Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
            WIDE, TALL, label
        ),
        Markup(
            '<rect class="part" opacity="0.16" x="{}" y="{:.1f}" width="{}" height="{:.1f}"/>'
        ).format(
            LEFT, y(float(band.high)), WIDE - LEFT - RIGHT, y(float(band.low)) - y(float(band.high))
        ),
    ]
    for value in sorted({float(band.low), float(band.high), known[0][1], known[-1][1]}):
        parts.append(
            Markup(
                '<path class="grid-line" d="M{} {:.1f}H{}"/><text x="{}" y="{:.1f}" text-anchor="end">{}</text>'
            ).format(LEFT, y(value), WIDE - RIGHT, LEFT - 6, y(value) + 4, percent(value, 1))
        )
    parts += _course(known, last, x, y)
    for when, anchor in ((first, "start"), (last, "end")):
        parts.append(
            Markup('<text x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
                x(when), TALL - 8, anchor, day(when)
            )
        )
    return Markup("").join([*parts, Markup("</svg>")])


def _course(
    known: Sequence[tuple[Point, float]],
    last: date,
    x: Callable[[date], float],
    y: Callable[[float], float],
) -> list[Markup]:
    """Two lines, done and forecast, each a staircase."""
    lines: dict[bool, list[str]] = {False: [], True: []}
    for at, (point, value) in enumerate(known):
        end = known[at + 1][0].day if at + 1 < len(known) else last
        ahead = known[at + 1][0].forecast if at + 1 < len(known) else point.forecast
        if at:
            before = known[at - 1][1]
            lines[point.forecast].append(f"M{x(point.day):.1f} {y(before):.1f}V{y(value):.1f}")
        lines[point.forecast or (ahead and at + 1 < len(known))].append(
            f"M{x(point.day):.1f} {y(value):.1f}H{x(end):.1f}"
        )
    return [
        Markup('<path class="line c0" fill="none" {} d="{}"/>').format(
            Markup('stroke-dasharray="6 5"') if forecast else Markup(""), " ".join(drawn)
        )
        for forecast, drawn in lines.items()
        if drawn
    ]
