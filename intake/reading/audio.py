"""Sound -> a WAV that speech programs take: 16-bit PCM, one channel, 16 kHz.

Decoded by libsndfile: WAV (PCM, mu-law, A-law, GSM 6.10, ADPCM), MP3, Ogg (Vorbis, Opus), FLAC, AIFF, AU. Channels are
mixed. Other rates are brought to 16 kHz by a windowed sinc, whose phases repeat, so that nothing drifts.

Options, where the sound came by mail: ``item`` and ``attached``, as of ``picture``.
"""

import struct
from io import BytesIO
from math import gcd

import numpy as np
import soundfile

from intake.reading.parts import Sound, Unreadable
from intake.reading.wire import MAX_SOUND_SECONDS, SOUND_RATE, Options
from intake.reading.within import file_of

_MAX_BYTES = 256 * 1024 * 1024
_RATES = range(4_000, 192_001)
_MAX_CHANNELS = 16
_FORMATS = frozenset({"WAV", "WAVEX", "RF64", "W64", "MP3", "OGG", "FLAC", "AIFF", "AU"})
_BLOCK = 1 << 16  # frames that are decoded, and brought to the rate, at a time
_ZEROS = 16  # of the sinc on each side
_LISTEN = "Listen to the original itself (`intake original` gives its bytes), and type what is said."
_NOT_SOUND = Unreadable("This is no recording that can be decoded here.", _LISTEN)
_DAMAGED = Unreadable("This recording is damaged.", _LISTEN)
_EMPTY = Unreadable("There is no sound in this recording.", _LISTEN)
_LONG = Unreadable(f"This recording is longer than the {MAX_SOUND_SECONDS // 60} minutes that can be.", _LISTEN)

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


def listen(data: bytes, media_type: str, options: Options) -> Sound | Unreadable:
    """Decode a recording.

    Args:
        data: the bytes of the original that holds it.
        media_type: of the original.
        options: see above.
    """
    found = file_of(data, media_type, options)
    if isinstance(found, Unreadable):
        return found
    data = found[0]
    if not data:
        return _EMPTY
    if len(data) > _MAX_BYTES:
        return Unreadable(f"This recording is larger than {_MAX_BYTES >> 20} MB.", _LISTEN)
    try:
        with soundfile.SoundFile(BytesIO(data)) as source:
            return _decoded(source)
    except soundfile.LibsndfileError:
        return _NOT_SOUND


def _decoded(source: soundfile.SoundFile) -> Sound | Unreadable:
    if source.format not in _FORMATS or source.samplerate not in _RATES or not 0 < source.channels <= _MAX_CHANNELS:
        return _NOT_SOUND
    most = MAX_SOUND_SECONDS * source.samplerate
    if source.frames > most and source.format != "MP3":  # whose length is a guess until it is decoded
        return _LONG
    resampler, frames = _Resampler(source.samplerate), 0
    pieces: list[bytes] = []
    try:
        while len(block := source.read(_BLOCK, dtype="float64", always_2d=True)):
            frames += len(block)
            if frames > most:  # what the file says of its length may be anything
                return _LONG
            pieces.append(_pcm(resampler.take(np.nan_to_num(block.mean(axis=1)))))
    except soundfile.LibsndfileError:
        if not frames:
            return _DAMAGED
    pcm = b"".join([*pieces, _pcm(resampler.end())])
    if not pcm:
        return _EMPTY
    return Sound(wav=_header(len(pcm)) + pcm, seconds=round(len(pcm) / 2 / SOUND_RATE, 3))


def _pcm(samples: Floats) -> bytes:
    return (np.clip(samples, -1.0, 1.0) * 32_767).round().astype("<i2").tobytes()


def _header(size: int) -> bytes:
    """The 44 bytes of a plain WAV (RIFF, PCM)."""
    of = struct.pack("<HHIIHH", 1, 1, SOUND_RATE, SOUND_RATE * 2, 2, 16)
    riff = struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE")
    return riff + struct.pack("<4sI", b"fmt ", 16) + of + struct.pack("<4sI", b"data", size)


class _Resampler:
    """Brings blocks of samples to 16 kHz. Output n lies at input n * step / ways; there are ``ways`` different
    positions between two inputs, each with its own weights."""

    def __init__(self, rate: int) -> None:
        common = gcd(rate, SOUND_RATE)
        self._ways, self._step = SOUND_RATE // common, rate // common
        cut = min(1.0, SOUND_RATE / rate)  # of the input's own highest frequency: what can't be kept must not fold back
        self._reach = int(np.ceil(_ZEROS / cut)) if rate != SOUND_RATE else 0
        at = np.arange(-self._reach + 1, self._reach + 1)[None, :] - np.arange(self._ways)[:, None] / self._ways
        window = np.cos(np.clip(at / (self._reach or 1), -1, 1) * np.pi / 2) ** 2
        self._weights = np.sinc(at * cut) * cut * window
        self._held: Floats = np.zeros(max(self._reach - 1, 0))
        self._from = -max(self._reach - 1, 0)  # the input that ``held`` begins with
        self._next = 0  # the output that is to come
        self._heard = 0

    def take(self, block: Floats) -> Floats:
        """The outputs that these inputs complete."""
        self._heard += len(block)
        if not self._reach:
            return block
        self._held = np.concatenate([self._held, block])
        return self._made()

    def end(self) -> Floats:
        """The outputs that are left: behind the end there is silence."""
        if not self._reach:
            return np.zeros(0)
        self._held = np.concatenate([self._held, np.zeros(self._reach + 1)])
        made = self._made()
        whole = -(-self._heard * self._ways // self._step)
        return made[: max(0, len(made) - (self._next - whole))] if self._next > whole else made

    def _made(self) -> Floats:
        """All outputs whose inputs are held."""
        last = self._from + len(self._held) - 1 - self._reach  # the newest input that an output may lie behind
        end = (last * self._ways + self._ways - 1) // self._step + 1
        if end <= self._next:
            return np.zeros(0)
        outputs = np.arange(self._next, end)
        whole, way = outputs * self._step // self._ways, outputs * self._step % self._ways
        first = whole - self._reach + 1 - self._from
        made = np.empty(len(outputs))
        for start in range(0, len(outputs), 8_192):
            some = slice(start, start + 8_192)
            inputs = self._held[first[some][:, None] + np.arange(2 * self._reach)[None, :]]
            made[some] = np.einsum("ij,ij->i", inputs, self._weights[way[some]])
        self._next = end
        drop = max(0, (end * self._step // self._ways) - self._reach + 1 - self._from)
        self._held, self._from = self._held[drop:], self._from + drop
        return made
