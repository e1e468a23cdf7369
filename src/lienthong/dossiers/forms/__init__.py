"""The forms of dossiers: each is a data contract, so that a form asks, checks and explains like a database does."""

from lienthong.dossiers.forms.checking import Values, by_input, check, in_the_way, read
from lienthong.dossiers.forms.form import APPLICANT, Form, FormField, fields, form_of, forms

__all__ = [
    "APPLICANT", "Form", "FormField", "Values", "by_input", "check", "fields", "form_of", "forms", "in_the_way", "read",
]  # fmt: skip
