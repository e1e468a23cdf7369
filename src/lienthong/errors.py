"""Why a request cannot be carried out: five kinds, mapped once to HTTP, FHIR and exit codes."""

from __future__ import annotations


class Failure(Exception):
    """A request that ends without its effect.

    `code` is stable and never reused; `message` is the English sentence and the gettext key,
    `details` fill its placeholders and hold no personal values; one that is a {vi, en, fr} text is said in the
    reader's language.
    """

    status = 500
    exit_code = 2

    def __init__(self, code: str, message: str, **details: object) -> None:
        said = {k: v.get("en") if isinstance(v, dict) else v for k, v in details.items()}
        super().__init__(message % said if details else message)
        self.code = code
        self.message = message
        self.details = details

    def __reduce__(self) -> tuple[object, ...]:
        # Failures travel between processes whole; each kind is made again from its three parts.
        return (_again, (type(self), self.code, self.message, self.details))


def _again(kind: type[Failure], code: str, message: str, details: dict[str, object]) -> Failure:
    failure = kind.__new__(kind)
    Failure.__init__(failure, code, message, **details)
    return failure


class Refused(Failure):
    """The request itself is wrong; mend it and send it again."""

    status = 422


class NotAllowed(Failure):
    """This actor may not do this, for this purpose."""

    status = 403


class NotFound(Failure):
    """There is no such thing, or this actor may not know of it."""

    status = 404


class Conflict(Failure):
    """The request was right for a state that is gone."""

    status = 409


class Unavailable(Failure):
    """Something that is needed does not answer now; nothing was lost, try again."""

    status = 503
