"""How things arrive, and nothing else: one adapter a file.

A module of this package that defines ``KIND`` is an adapter. To add one, write one file here and a section for it in
the config: nothing else has to be told.
"""

import importlib
import pkgutil

from channels.base import AdapterKind


def discover() -> dict[str, AdapterKind]:
    """The adapters of this package by the name that a config section gives as ``adapter``, in alphabetical order.

    Raises:
        ValueError: two modules have adapters of one name.
    """
    found: dict[str, AdapterKind] = {}
    for module in pkgutil.iter_modules(__path__, "channels."):
        kind = getattr(importlib.import_module(module.name), "KIND", None)
        if not isinstance(kind, AdapterKind):
            continue
        if kind.name in found:
            raise ValueError(f"two modules in channels/ define the adapter {kind.name!r}: rename one of them")
        found[kind.name] = kind
    return dict(sorted(found.items()))


ADAPTERS = discover()
