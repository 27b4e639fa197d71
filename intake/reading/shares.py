"""Words and links that say: what I have to say is not in this message, but in a file somewhere else.

Both make a person look, and nothing more; so a doubt is no cue. Links that mail filters wrap around every address
(Mimecast's, Proofpoint's, Microsoft's) are none, but what is wrapped in them is looked at.
"""

import re
from urllib.parse import unquote

_SHARES = (
    r"we\.tl/|(?:[\w-]+\.)?wetransfer\.com/|1drv\.ms/|onedrive\.live\.com/|[\w-]+\.sharepoint\.com/|db\.tt/"
    r"|(?:www\.)?dropbox\.com/(?:s|sh|scl|t|l|transfer|request)/|drive\.google\.com/|docs\.google\.com/"
    r"|[\w.-]*\begress\.com/|[\w.-]*\bzivver\.(?:com|eu|nl)/|[\w.-]*\bbox\.com/(?:s|v|f)/"
    r"|(?:www\.)?icloud\.com/(?:attachment|iclouddrive|photos|pages)|mega\.nz/|(?:www\.)?filemail\.com/"
    r"|(?:www\.)?transfernow\.net/|(?:www\.)?sendgb\.com/|fromsmash\.com/|[\w-]+\.sharefile\.(?:com|eu)/"
    r"|[\w.-]*\bhightail\.com/|[\w.-]*\btresorit\.com/|[\w.-]*\bsecuremail\.[\w.-]+/|[\w.-]*\bsecuremessag\w*\.[\w.-]+/"
    r"|secure-messaging\.[\w.-]*mimecast\.com/|[\w.-]*\bmimecast\.com/(?:securemessaging|mimecast/secure)"
    r"|[\w.-]*\bpphosted\.com/|securemail[\w.-]*\.proofpoint\.com/|[\w.-]+/formpostdir/|[\w.-]*\bgalaxkey\.com/"
    r"|[\w.-]*\bmimedefend\.[\w.-]+/|photos\.app\.goo\.gl/|photos\.google\.com/share"
)
_SHARE = re.compile(rf"https?://(?:{_SHARES})[^\s<>\"'\]]{{0,2000}}", re.IGNORECASE)
_SHARE_HINT = re.compile(r"https?(?:://|%3a%2f%2f)", re.IGNORECASE)
_WRAPPED = re.compile(r"https?://[^\s<>\"'\]]{1,4000}", re.IGNORECASE)

_PAPER = (
    r"(?:file|files|document|documents|doc|letter|letters|response|responses|form|forms|pdf|copy|questionnaire|survey"
    r"|comments?|views?|submission|statement|photo\w*|pictures?|images?|scans?|report|spreadsheet|petition|note|notes)"
)
_ATTACHED = re.compile(
    rf"\b(?:please|pls|kindly)\s+(?:find|see|refer\s+to|read|open|view)\b[^.\n]{{0,80}}\battach(?:ed|ments?)\b"
    rf"|\b(?:(?:see|find|open)\s+(?:the\s+|my\s+|our\s+)?|(?:as\s+per|in)\s+(?:the|my|our)\s+)attach(?:ed\b(?!\s+to\b)|ments?\b)"
    rf"|\b(?:i|we)(?:['’]ve|\s+have)?(?:\s+(?:also|now|hereby|therefore))?\s+attach(?:ed)?\s+(?!(?:great|much|such|no|little|"
    rf"more|most|any|importance|value|weight|significance|blame|conditions?|ourselves|myself|to)\b)"
    rf"|\b(?:i|we)\s*(?:['’]m|['’]re|am|are)\s+(?:also\s+)?attaching\b"
    rf"|\b{_PAPER}\s+(?:is|are)\s+(?:also\s+)?attached\b(?!\s+to\s+(?!this\b|the\s+e-?mail))"
    rf"|\b(?:the|my|our)?\s*\battached\s+(?:is|are|please\s+find|herewith|my|our|{_PAPER})\b"
    rf"|(?:^|[.!?]\s+|\n)attached\s*(?:[.:!]|$)",
    re.IGNORECASE,
)
_MAX_CHARS = 200_000


def find_share(text: str) -> tuple[int, int] | None:
    """Where a text points to a file share or a secure portal; None if it does not."""
    text = text[:_MAX_CHARS]
    if not _SHARE_HINT.search(text):
        return None
    if found := _SHARE.search(text):
        return found.span()
    return next((link.span() for link in _WRAPPED.finditer(text) if _is_wrapped_share(link[0])), None)


def is_share(link: str) -> bool:
    """Whether a link leads to a file share or a secure portal."""
    return find_share(link) is not None


def find_attached(text: str) -> tuple[int, int] | None:
    """Where an English text says that something is attached; None if it does not."""
    text = text[:_MAX_CHARS]
    found = _ATTACHED.search(text) if "attach" in text.lower() else None
    return found.span() if found else None


def _is_wrapped_share(link: str) -> bool:
    inside = unquote(link.replace("__", " "))
    return _SHARE.search(inside, 8) is not None
