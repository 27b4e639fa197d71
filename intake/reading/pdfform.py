"""The filled fields of a PDF's form (AcroForm; ISO 32000-1, 12.7) and the comments typed onto its pages, by PDFium."""

import ctypes
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pypdfium2

from intake.reading.clean import clean
from intake.reading.pages import MAX_FIELDS
from intake.reading.parts import FormField, Part

_MAX_UNITS = 200_000
_NOTE, _FREE_TEXT, _WIDGET = 1, 3, 20  # FPDF_ANNOT_TEXT, FPDF_ANNOT_FREETEXT, FPDF_ANNOT_WIDGET
_BUTTON, _CHECKBOX, _RADIO, _COMBO, _LIST, _SIGNATURE = 1, 2, 3, 4, 5, 7  # FPDF_FORMFIELD_…


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
    for annotation in _annotations(page.raw):
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
        kinds = [pypdfium2.raw.FPDFAnnot_GetSubtype(annotation) for annotation in _annotations(page.raw)]
        if _WIDGET in kinds:
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


def _annotations(page: Any) -> Iterator[Any]:
    raw = pypdfium2.raw
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), 10 * MAX_FIELDS)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if annotation:
            try:
                yield annotation
            finally:
                raw.FPDFPage_CloseAnnot(annotation)


def _typed(form: Any, annotation: Any, page: int) -> Typed | None:
    raw = pypdfium2.raw
    kind = raw.FPDFAnnot_GetSubtype(annotation)
    if kind in (_FREE_TEXT, _NOTE):
        said = _string(lambda buffer, size: raw.FPDFAnnot_GetStringValue(annotation, b"Contents", buffer, size))
        return Typed(page, "", "", said, shown=kind == _FREE_TEXT) if said.strip() else None
    if kind != _WIDGET or form is None:
        return None
    value = _value(form, annotation)
    if not value.strip():
        return None
    name = _string(lambda buffer, size: raw.FPDFAnnot_GetFormFieldName(form, annotation, buffer, size))
    label = _string(lambda buffer, size: raw.FPDFAnnot_GetFormFieldAlternateName(form, annotation, buffer, size))
    return Typed(page, name, label, value)


def _value(form: Any, annotation: Any) -> str:
    raw = pypdfium2.raw
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in (_BUTTON, _SIGNATURE):
        return ""
    if kind in (_CHECKBOX, _RADIO):
        if not raw.FPDFAnnot_IsChecked(form, annotation):
            return ""
        return _string(lambda buffer, size: raw.FPDFAnnot_GetFormFieldExportValue(form, annotation, buffer, size))
    if kind in (_COMBO, _LIST):
        chosen = [
            _string(lambda buffer, size, n=n: raw.FPDFAnnot_GetOptionLabel(form, annotation, n, buffer, size))  # type: ignore[misc]
            for n in range(min(max(raw.FPDFAnnot_GetOptionCount(form, annotation), 0), MAX_FIELDS))
            if raw.FPDFAnnot_IsOptionSelected(form, annotation, n)
        ]
        if chosen:
            return ";".join(chosen)
    return _string(lambda buffer, size: raw.FPDFAnnot_GetFormFieldValue(form, annotation, buffer, size))


def _string(get: Callable[[Any, int], int]) -> str:
    """A string that PDFium hands out as UTF-16 with a NUL at its end, its size in bytes asked for first."""
    size = min(get(None, 0), 2 * _MAX_UNITS)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    get(ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace")
