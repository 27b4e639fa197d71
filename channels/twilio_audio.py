"""A recording's audio from the telephone service: whole, of the announced length, and never much of it in memory."""

import re
import struct
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from channels.twilio_http import Account, Patience, TryAgain, address, asking

if TYPE_CHECKING:
    import requests
    from twilio.rest import Client

_IN_MEMORY_BYTES = 1 << 20
_MOST_BYTES = 2 << 30  # more than a day of two channels
_CHUNK = 1 << 16
_LONGEST_S = 1800.0
_SECONDS_OFF = 2.0  # how far the announced duration, in whole seconds, may be from that of the sound
_NO_LENGTH = (0, 0xFFFFFFFF)  # what a WAV says whose length was not known when it was begun
_WAV = frozenset({"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"})


class NotToBeHad(Exception):
    """The recording can't be had now. The message goes on "a recording …"."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording's audio. ``file`` has no name in any folder, and is gone once it is closed, also by a kill; None
    where ``content`` has all of it."""

    media_type: str
    content: bytes
    file: "tempfile.SpooledTemporaryFile[bytes] | None" = None

    @property
    def original(self) -> bytes | Path:
        """The bytes, or a path under which this process can read them."""
        return self.content if self.file is None else Path(f"/proc/self/fd/{self.file.fileno()}")

    def close(self) -> None:
        """Give the file's place on the disk back."""
        if self.file is not None:
            self.file.close()


def download(client: "Client", account: Account, patience: Patience, recording: Mapping[str, Any]) -> Sound:
    """The audio of a recording as a WAV file (or another kind of audio, if the service gives one).

    Raises:
        NotToBeHad: it is not there, can't be read, or did not come whole.
        SourceRefused: the service does not take the account any more.
    """
    if recording.get("encryption_details"):
        raise NotToBeHad("is encrypted with a key that intake does not have")
    url = address(account, _url(client, recording))
    try:
        return patience.persist(lambda: _once(client, account, patience, url, _seconds(recording)))
    except TryAgain as again:
        raise NotToBeHad(f"did not come whole: the telephone service {again}") from again


def _url(client: "Client", recording: Mapping[str, Any]) -> str:
    """The address of the audio: that of the resource, with .wav in place of .json."""
    path = f"/2010-04-01/Accounts/{client.account_sid}/Recordings/{recording['sid']}.wav"
    return str(client.get_hostname(client.api.base_url + path))


def _seconds(recording: Mapping[str, Any]) -> float | None:
    """The announced duration; None if there is none (a recording that is not finished says -1)."""
    try:
        found = float(recording.get("duration") or "")
    except (TypeError, ValueError):
        return None
    return found if 0 <= found < float("inf") else None


def _once(client: "Client", account: Account, patience: Patience, url: str, seconds: float | None) -> Sound:
    session: requests.Session = client.http_client.session
    answer = asking(account, lambda: session.get(
        url, auth=client.auth, stream=True, timeout=(account.timeout_s, account.timeout_s),
        headers={"Accept": "audio/*", "Accept-Encoding": "identity"},
    ))  # fmt: skip
    with answer:
        if answer.history and 400 <= answer.status_code < 500:
            # It was sent on to another place, to which the token does not go along.
            raise NotToBeHad(f"is kept elsewhere, and not handed over there ({answer.status_code})")
        patience.check(answer)
        if answer.status_code != 200:
            what = "is announced, and not there" if answer.status_code in (404, 410) else "is not handed over"
            raise NotToBeHad(f"{what} ({answer.status_code})")
        media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if not re.fullmatch(r"audio/[a-z0-9.+-]{1,60}", media_type):
            raise TryAgain("handed over something that is no audio")
        file = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115  # it outlives this function
        try:
            size = _spool(account, answer, file)
            _check(file, media_type, seconds)
        except BaseException:
            file.close()
            raise
    return _sound(file, media_type, size)


def _spool(account: Account, answer: "requests.Response", file: IO[bytes]) -> int:
    """Write what comes into the file, and see that it is as much as was announced; how many bytes that is."""
    announced = answer.headers.get("Content-Length", "")
    end = time.monotonic() + _LONGEST_S
    size = 0
    pieces = answer.iter_content(_CHUNK)
    while (piece := asking(account, lambda: next(pieces, None))) is not None:
        size += file.write(piece)
        if size > _MOST_BYTES:
            raise NotToBeHad("is larger than any call could make it")
        if time.monotonic() > end:
            raise NotToBeHad("comes so slowly that it was given up")
    if (
        announced.isascii()
        and announced.isdigit()
        and "Content-Encoding" not in answer.headers
        and size != int(announced)
    ):
        raise TryAgain("broke off in the middle of it")
    if size == 0:
        raise TryAgain("handed over nothing")
    return size


def _check(file: IO[bytes], media_type: str, seconds: float | None) -> None:
    """A WAV must be as long as its header says, and last as long as was announced. Of other audio that isn't known."""
    if media_type not in _WAV:
        return
    lasts = _duration(file)
    if seconds is not None and abs(lasts - seconds) > _SECONDS_OFF:
        raise TryAgain(f"announced {seconds:g} s of it and handed over {lasts:.0f} s")


def _duration(file: IO[bytes]) -> float:
    """The seconds of sound in a WAV file.

    Source: Multimedia Programming Interface and Data Specifications 1.0 (1991), "Waveform Audio File Format".
    """
    end = file.seek(0, 2)
    file.seek(0)
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        raise TryAgain("handed over something that is no WAV file")
    rate = 0
    while len(chunk := file.read(8)) == 8:
        kind, length = struct.unpack("<4sI", chunk)
        start = file.tell()
        if kind == b"data":
            there = end - start
            if length not in _NO_LENGTH and length > there:
                raise TryAgain("handed over only the beginning of it")
            if rate == 0:
                break
            return (there if length in _NO_LENGTH else length) / rate
        if kind == b"fmt ":
            said = file.read(16)
            rate = struct.unpack("<HHIIHH", said)[3] if len(said) == 16 else 0
        file.seek(start + length + length % 2)
    raise TryAgain("handed over a WAV file without sound")


def _sound(file: "tempfile.SpooledTemporaryFile[bytes]", media_type: str, size: int) -> Sound:
    if size <= _IN_MEMORY_BYTES:
        with file:
            file.seek(0)
            return Sound(media_type, file.read())
    file.flush()
    return Sound(media_type, b"", file)
