"""The filled fields of a PDF's form (AcroForm; ISO 32000-1, 12.7) and the comments typed onto its pages, by PDFium."""

from typing import Any, NamedTuple

import pypdfium2

from intake.reading.clean import clean
from intake.reading.pages import MAX_FIELDS
from intake.reading.parts import FormField, Part
from intake.reading.pdfium import (
    BUTTON,
    CHECKBOX,
    COMBO,
    FREE_TEXT,
    LIST,
    NOTE,
    RADIO,
    SIGNATURE,
    WIDGET,
    annotations,
    string_of,
)

_MAX_ANNOTATIONS = 10 * MAX_FIELDS


class Typed(NamedTuple):
    """What somebody filled in or typed onto a page (numbered from 0): name and label are "" for a comment. ``shown``
    says that the page's own text has a comment's words once it is flattened; a note behind an icon is not shown."""

    page: int
    name: str
    label: str
    value: str
    shown: bool = False


def typed_on(document: Any, page: Any, number: int) -> list[Typed]:
    """What is filled in on a page, numbered from 0, each field once; call it before the page is flattened. A comment
    that is shown stands in the page's own text, unless the page is a form's."""
    found: list[Typed] = []
    seen: set[tuple[str, str]] = set()
    form = document.formenv.raw if document.formenv is not None else None
    for annotation in annotations(page, _MAX_ANNOTATIONS):
        typed = _typed(form, annotation, number)
        if typed is not None and (not typed.name or (typed.name, typed.value) not in seen):
            seen.add((typed.name, typed.value))
            found.append(typed)
        if len(found) >= MAX_FIELDS:
            break
    is_form = any(typed.name for typed in found)
    return [typed for typed in found if is_form or not typed.shown]


def pages_with_fields(document: Any) -> set[int]:
    """The pages (from 0) that have fields of a form, filled in or not; call it before the pages are flattened."""
    found = set()
    for number in range(len(document)):
        page = document[number]  # held while its annotations are looked at
        kinds = [pypdfium2.raw.FPDFAnnot_GetSubtype(annotation) for annotation in annotations(page, _MAX_ANNOTATIONS)]
        if WIDGET in kinds:
            found.add(number)
    return found


def form_part(typed: list[Typed], number: int) -> Part:
    """The part that what is filled in makes: a line for each, ``label: value``; a comment's words stand alone."""
    pieces: list[str] = []
    fields: list[FormField] = []
    at = cleaned = 0
    for field in typed:
        value, replaced = clean(field.value.replace("\r\n", "\n").replace("\r", "\n").strip())
        name, label = clean(field.name)[0], " ".join(clean(field.label)[0].split())
        shown = label or name
        before = f"{shown}: " if shown else ""
        fields.append(FormField(name, label, at + len(before), at + len(before) + len(value)))
        pieces.append(before + value + "\n")
        at += len(pieces[-1])
        cleaned += replaced
    return Part(
        number=number,
        kind="form",
        media_type="application/pdf",
        text="".join(pieces),
        method="form",
        fields=fields,
        cleaned=cleaned,
    )


def _typed(form: Any, annotation: Any, page: int) -> Typed | None:
    raw = pypdfium2.raw
    kind = raw.FPDFAnnot_GetSubtype(annotation)
    if kind in (FREE_TEXT, NOTE):
        said = string_of(raw.FPDFAnnot_GetStringValue, annotation, b"Contents")
        return Typed(page, "", "", said, shown=kind == FREE_TEXT) if said.strip() else None
    if kind != WIDGET or form is None:
        return None
    value = _value(form, annotation)
    if not value.strip():
        return None
    name = string_of(raw.FPDFAnnot_GetFormFieldName, form, annotation)
    label = string_of(raw.FPDFAnnot_GetFormFieldAlternateName, form, annotation)
    return Typed(page, name, label, value)


def _value(form: Any, annotation: Any) -> str:
    raw = pypdfium2.raw
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in (BUTTON, SIGNATURE):
        return ""
    if kind in (CHECKBOX, RADIO):
        if not raw.FPDFAnnot_IsChecked(form, annotation):
            return ""
        return string_of(raw.FPDFAnnot_GetFormFieldExportValue, form, annotation)
    if kind in (COMBO, LIST):
        chosen = [
            string_of(raw.FPDFAnnot_GetOptionLabel, form, annotation, n)
            for n in range(min(max(raw.FPDFAnnot_GetOptionCount(form, annotation), 0), MAX_FIELDS))
            if raw.FPDFAnnot_IsOptionSelected(form, annotation, n)
        ]
        if chosen:
            return ";".join(chosen)
    return string_of(raw.FPDFAnnot_GetFormFieldValue, form, annotation)
