"""HTML into text: laid out with its lists and tables where it is tame, its words alone where it is not.

Nothing is fetched and no script is run. The layout comes from inscriptis, which calls itself for every level and takes
long over large tables, so only documents of ordinary shape are given to it.
"""

import html
import re
from bisect import bisect_left

from inscriptis import Inscriptis
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig
from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from intake.reading.clean import REPLACEMENT, clean
from intake.reading.htmlquotes import put_signs, take_signs
from intake.reading.quoting import Hint
from intake.reading.shares import find_share, is_share

MAX_CHARS = 4_000_000
"""Of an HTML text; what stands beyond is not read."""
_MAX_LAID_OUT_CHARS = 400_000
_MAX_ELEMENTS = 8_000
_MAX_DEPTH = 60
_MAX_TABLE_DEPTH = 12
_MAX_TABLE_AREA = 2_000_000
_MAX_LINK_CHARS = 2_000
_CONFIG = ParserConfig(css=CSS_PROFILES["strict"])
_UNSEEN = ("head", "style", "script", "title", "template", "noscript")
_BLOCKS = (
    "address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "div", "dl", "dt", "fieldset",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "option", "p",
    "pre", "section", "table", "td", "textarea", "th", "tr", "ul",
)  # fmt: skip
_TAG = re.compile(r"<[/!?a-zA-Z][^<>]*>")
_UNSEEN_TEXT = (
    (re.compile(r"<script\b[^<>]*>", re.IGNORECASE), re.compile(r"</script\s{0,20}>", re.IGNORECASE)),
    (re.compile(r"<style\b[^<>]*>", re.IGNORECASE), re.compile(r"</style\s{0,20}>", re.IGNORECASE)),
    (re.compile(r"<!--"), re.compile(r"-->")),
)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_META_BYTES = 4_096
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_EMPTY_LINES = re.compile(r"\n{3,}")


def declared_charset(source: bytes) -> str | None:
    """Return the charset that a document's own meta element names, or None."""
    found = _META_CHARSET.search(source[:_META_BYTES])
    return found[1].decode("ascii") if found else None


def laid_out(source: str) -> str:
    """Return the text as its sender meant it to be seen: paragraphs, lists, tables; clean for storage."""
    return laid_out_with_hints(source)[0]


def laid_out_with_hints(source: str) -> tuple[str, list[Hint]]:
    """Return the same text, and what its containers say of quotes and signatures, placed in it."""
    tree = _tree(source)
    if tree is None or len(source) > _MAX_LAID_OUT_CHARS or not _tame(tree):
        return _words(tree, source)
    _show_shares(source, tree)
    put = put_signs(tree, source)
    text = Inscriptis(tree, _CONFIG).get_text()
    lines = (line.rstrip() for line in text.replace("\xa0", " ").split("\n"))
    return take_signs(clean(_EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip("\n"))[0], put)


def words(source: str) -> str:
    """Return the words alone, a line for each block; quick, and sure to end whatever the HTML is."""
    return _words(_tree(source), source)[0]


def _words(tree: HtmlElement | None, source: str) -> tuple[str, list[Hint]]:
    put = 0
    if tree is None:
        text = html.unescape(_TAG.sub("\n", _without_unseen(source[:MAX_CHARS])))
    else:
        _show_shares(source, tree)
        put = put_signs(tree, source)
        etree.strip_elements(tree, *_UNSEEN, with_tail=False)
        for block in tree.iter(*_BLOCKS):
            block.text = "\n" + _NOT_XML.sub(REPLACEMENT, block.text or "")
            block.tail = "\n" + _NOT_XML.sub(REPLACEMENT, block.tail or "")
        text = etree.tostring(tree, method="text", encoding="unicode")
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return take_signs(clean("\n".join(line for line in lines if line))[0], put)


def _without_unseen(source: str) -> str:
    """The source without scripts, styles and comments; one that never ends is kept, so that it hides no words."""
    for begins, ends in _UNSEEN_TEXT:
        stops = [found.end() for found in ends.finditer(source)]
        kept, at = [], 0
        for found in begins.finditer(source):
            if found.start() < at:
                continue
            number = bisect_left(stops, found.end())
            if number == len(stops):
                break
            kept.append(source[at : found.start()])
            at = stops[number]
        source = "".join([*kept, source[at:]])
    return source


def _show_shares(source: str, tree: HtmlElement) -> None:
    """Write links to file shares behind their words, as mail programs do in plain text: what lies there is part of what
    the sender has to say, and somebody must be able to fetch it."""
    if find_share(source) is None:
        return
    for link in tree.iter("a"):
        target = link.get("href", "")
        if is_share(target) and target not in "".join(link.itertext()):
            link.tail = f" <{target[:_MAX_LINK_CHARS]}>{link.tail or ''}"


def _tree(source: str) -> HtmlElement | None:
    """The parsed document; None if the parser gave up on it before its end."""
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, recover=True)
    try:
        tree = document_fromstring(source[:MAX_CHARS].encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, ValueError):
        return None
    gave_up = any(entry.level_name == "FATAL" for entry in parser.error_log)
    return None if gave_up else tree


def _tame(tree: HtmlElement) -> bool:
    depth = tables = rows = longest = 0
    for events, (event, element) in enumerate(etree.iterwalk(tree, events=("start", "end"))):
        step = 1 if event == "start" else -1
        depth += step
        tables += step if element.tag == "table" else 0
        if tables:
            # Cells are padded to the widest of their column: a long one among many rows fills the memory with spaces.
            rows += element.tag == "tr"
            longest = max(longest, len(element.text or ""), len(element.tail or ""))
        if events > 2 * _MAX_ELEMENTS or depth > _MAX_DEPTH or tables > _MAX_TABLE_DEPTH:
            return False
    return rows * longest <= 2 * _MAX_TABLE_AREA
