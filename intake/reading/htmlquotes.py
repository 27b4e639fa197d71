"""What an HTML mail says of itself: the containers in which mail programs put what they quote, and signatures.

They are carried through the making of the text as characters that no text has (Unicode's private planes), each put
beside a letter of the container, where it changes no layout, and taken out again once the text is made.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from lxml.html import HtmlElement

from intake.reading.clean import REPLACEMENT
from intake.reading.quoting import Hint, HintKind

_KINDS: tuple[HintKind, ...] = ("cited", "quoted", "held", "rest", "forward", "signature")
_STARTS = {kind: chr(0x10FF00 + number) for number, kind in enumerate(_KINDS)}
_END = chr(0x10FF0F)
_ANY = re.compile("[\U0010ff00-\U0010ff0f]")
_KIND_OF = {sign: kind for kind, sign in _STARTS.items()}
_WORTH_A_LOOK = (
    "cite", "gmail_", "RplyFwdMsg", "yahoo_quoted", "protonmail_quote", "tutanota_quote", "ignature",
    "reference-message", "OutlookMessageHeader",
)  # fmt: skip
_NAMED: dict[HintKind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "quoted": ((), ("gmail_attr", "moz-cite-prefix")),
    "rest": (
        ("divRplyFwdMsg", "x_divRplyFwdMsg", "mail-editor-reference-message-container"),
        ("ms-outlook-mobile-reference-message", "OutlookMessageHeader"),
    ),
    "held": ((), ("yahoo_quoted",)),
    "signature": (
        ("Signature", "AppleMailSignature", "ms-outlook-mobile-signature"), ("gmail_signature", "moz-signature"),
    ),
}  # fmt: skip
"""The ids and the classes of each kind."""
_HIDDEN = frozenset({"head", "style", "script", "title", "template", "noscript"})
_MAX_CONTAINERS = 500
_FORWARDED = re.compile(r"\s*-{2,}.{3,40}-{2,}|\s*Begin forwarded message")


def put_signs(tree: HtmlElement, source: str) -> int:
    """Put a sign before the first letter of each outermost container, and one behind its last; how many there are now.

    ``source`` is what the tree was made of: most messages have no container, which is quickly seen.
    """
    put = 0
    if any(name in source for name in _WORTH_A_LOOK):
        for element, kind in _containers(tree):
            put += 2 * _put(element, kind)
            if put > 2 * _MAX_CONTAINERS:
                break
    return put


def take_signs(text: str, put: int) -> tuple[str, list[Hint]]:
    """The text without the signs, and what they said. A sign whose other half was not shown says nothing; if there are
    more than were put, the sender wrote some, and none is believed."""
    if not put:
        return text, []
    signs = list(_ANY.finditer(text))
    if len(signs) > put:
        return _ANY.sub(REPLACEMENT, text), []
    hints: list[Hint] = []
    opened: tuple[HintKind, int] | None = None
    for before, sign in enumerate(signs):
        place = sign.start() - before
        if kind := _KIND_OF.get(sign[0]):
            opened = (kind, place)
        elif opened is not None:
            hints.append(Hint(*opened, place))
            opened = None
    made = _ANY.sub("", text)
    return made, [replace(hint, end=len(made)) if hint.kind == "rest" else hint for hint in hints]


def _containers(tree: HtmlElement) -> Iterator[tuple[HtmlElement, HintKind]]:
    """Outermost containers, in the order of the text. None is looked for behind one after which all is quoted."""
    open_: list[tuple[Iterator[HtmlElement], bool]] = [(iter([tree]), False)]
    while open_:
        siblings, in_gmail = open_[-1]
        element = next(siblings, None)
        if element is None:
            open_.pop()
            continue
        if not isinstance(element.tag, str) or element.tag in _HIDDEN:
            continue
        kind = _kind(element, in_gmail=in_gmail)
        if kind is not None:
            yield element, kind
            if kind == "rest":
                return
            continue
        open_.append((iter(element), in_gmail or (element.tag == "div" and "gmail_quote" in _classes(element))))


def _classes(element: HtmlElement) -> list[str]:
    return (element.get("class") or "").split()


def _kind(element: HtmlElement, *, in_gmail: bool) -> HintKind | None:
    """What an element holds, by the names that mail programs give."""
    classes, name = _classes(element), element.get("id") or ""
    if element.tag == "blockquote":
        return _kind_of_blockquote(element, classes, in_gmail=in_gmail)
    if "gmail_quote" in classes:
        first = next(element.iterchildren("div"), None)
        return "forward" if first is not None and _FORWARDED.match(first.text or "") else None
    for kind, (names, of_classes) in _NAMED.items():
        if name in names or any(c in of_classes for c in classes):
            return kind
    return "held" if name.startswith("yahoo_quoted") else None


def _kind_of_blockquote(element: HtmlElement, classes: list[str], *, in_gmail: bool) -> HintKind | None:
    if "border:none" in (element.get("style") or "").replace(" ", "").lower():
        return None  # Gmail and Apple Mail indent a paragraph by a blockquote too, which is nobody's quote
    if in_gmail or "protonmail_quote" in classes or "tutanota_quote" in classes:
        return "quoted"
    if (element.get("type") or "").lower() == "cite":
        return "quoted" if (element.get("cite") or "").lower().startswith("mid:") else "cited"
    return "cited" if "gmail_quote" in classes else None


def _put(element: HtmlElement, kind: HintKind) -> bool:
    first: tuple[HtmlElement, bool] | None = None
    last: tuple[HtmlElement, bool] | None = None
    for node, is_tail in _texts(element):
        if first is None:
            first = (node, is_tail)
        last = (node, is_tail)
    if first is None or last is None:
        return False
    _insert(*last, _END, at_end=True)
    _insert(*first, _STARTS[kind], at_end=False)
    return True


def _texts(element: HtmlElement) -> Iterator[tuple[HtmlElement, bool]]:
    """The texts of an element that are not blank, in order: each as its node, and whether it is that node's tail."""
    for event, node in _walk(element):
        if event == "start":
            if node.text and node.text.strip() and node.tag not in _HIDDEN:
                yield node, False
        elif node is not element and node.tail and node.tail.strip():
            yield node, True


def _walk(element: HtmlElement) -> Iterator[tuple[str, HtmlElement]]:
    waiting: list[tuple[str, HtmlElement]] = [("start", element)]
    while waiting:
        event, node = waiting.pop()
        yield event, node
        if event == "start":
            waiting.append(("end", node))
            if isinstance(node.tag, str) and node.tag not in _HIDDEN:
                waiting.extend(("start", child) for child in reversed(node))


def _insert(node: HtmlElement, is_tail: bool, sign: str, *, at_end: bool) -> None:
    words = (node.tail if is_tail else node.text) or ""
    at = len(words.rstrip()) if at_end else len(words) - len(words.lstrip())
    words = words[:at] + sign + words[at:]
    if is_tail:
        node.tail = words
    else:
        node.text = words
