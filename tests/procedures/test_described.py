"""One real example for each pattern: it says no more than its source, and its clocks end when a hand says so."""

from __future__ import annotations

from datetime import datetime
from importlib import resources
from pathlib import Path

import msgspec
import pytest
import yaml

from lienthong.clock import VIETNAM
from lienthong.dossiers import deadlines
from lienthong.dossiers.dossier import limits_of
from lienthong.procedures.described import described, uncoded
from lienthong.procedures.known import catalogued
from lienthong.procedures.procedure import MARKED, Procedure

CASES = yaml.safe_load(Path(__file__).with_name("described_cases.yaml").read_text("utf-8"))
FOLDER = resources.files("lienthong").joinpath("declared", "procedures", "described")
BY_SLUG = {one.slug: one for one in described()}
PATTERNS = {
    "calendar_days", "working_days", "half_days", "hours", "immediate", "two_clocks", "limit_by_case",
    "limit_by_channel", "supplement", "lapse", "rounds", "inspection", "start_of_clock", "authority_by_applicant",
    "parallel_authorities", "publication", "mixed_days", "whole_and_stage", "online_only", "facility",
}  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


def test_every_pattern_has_an_example():
    assert {pattern for one in described() for pattern in one.patterns} == PATTERNS


@pytest.mark.parametrize("slug", sorted(BY_SLUG))
def test_a_description_is_read_whole_and_marks_what_it_says(slug):
    one = BY_SLUG[slug]
    given = yaml.safe_load(FOLDER.joinpath(f"{slug}.yaml").read_text("utf-8"))["procedure"]
    assert _lacking(given, msgspec.to_builtins(one.procedure)) == []
    assert set(one.procedure.marks) <= set(MARKED)
    assert all(mark.source for mark in one.procedure.marks.values())
    assert "limit" in one.procedure.marks
    assert one.procedure.sources
    assert all(one.procedure.name.get(language) for language in ("vi", "en", "fr"))
    if one.procedure.code:
        assert one.slug == one.procedure.code
        listed = catalogued()[one.slug].name
        assert listed.items() <= one.procedure.name.items(), "a name is the list's"
        assert one.valid_from is not None
        assert one.valid_basis is not None
    else:
        assert one.valid_from is None, "without a code nothing is published"


def _lacking(given: object, read: object, where: str = "") -> list[str]:
    """What the file says and the procedure lost: a misspelt key would vanish in silence."""
    if isinstance(given, dict):
        assert isinstance(read, dict), where
        return [
            line for key, value in given.items()
            for line in (
                _lacking(value, read[key], f"{where}.{key}") if key in read
                else [] if _default(key, value) else [f"{where}.{key}"]
            )
        ]  # fmt: skip
    if isinstance(given, list) and given and isinstance(given[0], dict):
        assert len(given) == len(read), where  # type: ignore[arg-type]
        return [
            line for i, one in enumerate(given) for line in _lacking(one, read[i], f"{where}[{i}]")
        ]  # type: ignore[index]
    return []


def _default(key: str, value: object) -> bool:
    return (key, value) in (("channel", "any"), ("clock", "normal"))


def test_descriptions_without_a_code_are_apart():
    assert set(uncoded()) == {
        "birth-certificate", "controlled-medicines", "insurance-contract", "specimen-import",
    }  # fmt: skip


@pytest.mark.parametrize(("slug", "channel", "case", "clock", "start", "due", "why"), CASES["due"])
def test_the_limits_end_when_a_hand_says(slug, channel, case, clock, start, due, why):
    limits = limits_of(BY_SLUG[slug].procedure, channel, case, clock)
    assert limits, why
    assert deadlines.due_in_stages(at(start), limits)[-1] == at(due), why


def test_every_description_has_a_due_moment_computed_by_hand():
    assert {case[0] for case in CASES["due"]} == set(BY_SLUG)


@pytest.mark.parametrize(("slug", "case", "clock", "which", "start", "ends"), CASES["supplements"])
def test_supplements_have_clocks_of_their_own(slug, case, clock, which, start, ends):
    supplement = BY_SLUG[slug].procedure.supplement_of(case, clock)
    assert supplement is not None
    limits = limits_of(_with(getattr(supplement, which)), "any", "", "normal")
    assert deadlines.due(at(start), limits[0]) == at(ends)


def _with(limit: object) -> Procedure:
    return msgspec.convert(
        {"name": {}, "manners": [{"limits": [msgspec.to_builtins(limit)]}]}, Procedure
    )


def test_nobody_says_when_a_birth_certificate_asked_online_is_due():
    assert not limits_of(BY_SLUG["birth-certificate"].procedure, "online", "", "normal")


def test_half_day_steps_add_up_and_run_one_after_the_other():
    tobacco = BY_SLUG["1.000056"].procedure
    assert tobacco.steps_days() == 15
    stages = [
        deadlines.Limit(value=step.limit.value, unit=step.limit.unit) for step in tobacco.steps
    ]
    ends = deadlines.due_in_stages(at("2026-11-02 10:00"), stages)
    assert ends[:3] == [at("2026-11-03 10:00"), at("2026-11-03 16:00"), at("2026-11-04 10:00")]
    assert ends[-1] == at("2026-11-23 10:00"), "the same end as the whole"


def test_rounds_and_lapse_are_said():
    device = BY_SLUG["1.002402"].procedure.supplement
    assert device is not None
    assert (device.rounds, device.answer_within.value, device.answer_within.unit) == (5, 90, "days")


def test_what_no_source_says_stays_unknown():
    licence = BY_SLUG["1.012279"].procedure
    assert licence.free is None
    assert licence.missing() == ("manner",)
    assert len(licence.competent) == 4
    assert BY_SLUG["1.004946"].procedure.sets is None
