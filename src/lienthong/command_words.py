"""What the library of the command line says by itself (usage, headings, mistakes), in the reader's language."""

from __future__ import annotations

import re
from typing import Any

import typer
from typer.core import TyperCommand

from lienthong.words import say

UsageError: Any = typer.BadParameter.__mro__[1]
"""Every mistake in the words of a command; the library exports only its children."""


def speak(command: Any) -> None:
    """Let a command and its subcommands write their help with `Words`."""
    context = command.context_class
    writing = {"formatter_class": _formatter(context.formatter_class)}
    command.context_class = type("Speaking", (context,), writing)
    command.rich_markup_mode = None
    for child in getattr(command, "commands", {}).values():
        speak(child)


def _formatter(base: Any) -> Any:
    class Words(base):
        """Headings and the few sentences of the library, translated."""

        def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
            args = re.sub(r"\[(OPTIONS)\]", lambda found: f"[{say(found[1])}]", args)
            super().write_usage(prog, args, prefix or say("Usage") + ": ")

        def write_heading(self, heading: str) -> None:
            super().write_heading(say(heading))

        def write_dl(self, rows: Any, *more: Any, **named: Any) -> None:
            said = [(first, _translated(second)) for first, second in rows]
            super().write_dl(said, *more, **named)

    return Words


def _translated(text: str) -> str:
    for known in ("Show this message and exit.", "[required]"):
        text = text.replace(known, say(known) if known[0] != "[" else f"[{say('required')}]")
    return text.replace("[default: ", f"[{say('default')}: ")


def mistake(error: Any) -> list[str]:
    """What is wrong with the words of a command, and where its help is; English for what is rare."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return [str(error.message)]  # the help itself
    lines = [_sentence(error)]
    near = getattr(error, "possibilities", None)
    if near:
        lines.append(say("Perhaps: %(near)s", near=", ".join(sorted(near))))
    context = getattr(error, "ctx", None)
    if context is not None:
        lines.append(say("Help: %(command)s", command=f"{context.command_path} --help"))
    return lines


def _sentence(error: Any) -> str:
    kind = type(error).__name__
    if kind == "NoSuchOption":
        return say("There is no option %(name)s.", name=error.option_name)
    if kind in ("MissingParameter", "BadParameter"):
        hint = error.param_hint
        if not hint and error.param is not None:
            hint = error.param.get_error_hint(error.ctx)
        what = " / ".join(hint) if isinstance(hint, list | tuple) else (hint or "?")
        if kind == "MissingParameter":
            return say("%(what)s is missing.", what=what)
        return say("%(what)s cannot be used: %(said)s", what=what, said=error.message)
    return str(error.format_message())


def stand_in(name: str, summary: str) -> TyperCommand:
    """A command of which only the summary is known; enough for lists and completion."""
    return TyperCommand(name, help=summary, short_help=summary)
