"""The second engine, RapidOCR: slower by far, and better on what is faint, noisy or written by hand.

It is loaded when the first page needs it; its models come in its wheel, and nothing is fetched. One thread, and small
batches: so it stays below the memory that a reader has.
"""

import unicodedata
from functools import cache
from typing import Any, cast

import cv2

from intake.reading.pagetext import Box
from intake.reading.view import Picture, View

_LONG_SIDE = 1_800
_PARAMETERS = {
    "Global.use_cls": False,
    "Global.log_level": "critical",
    "Global.return_word_box": True,
    "Global.use_preprocess_img": False,  # it makes narrow pictures very large
    "Det.limit_type": "max",
    "Det.limit_side_len": _LONG_SIDE,
    "Global.text_score": 0.3,
    "Rec.rec_batch_num": 1,
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}
_PLAIN = str.maketrans("，。、：；！？（）【】《》“”‘’—－～", ",.,:;!?()[]<>\"\"''--~")


def read(view: View) -> list[Box]:
    """Read a picture that is upright and straight: words, line by line as it finds them, in pixels of the view; none
    if the engine fails, whatever it fails of: the page has its first reading then."""
    try:
        return _read(view)
    except Exception:  # noqa: BLE001 - see above
        return []


def _read(view: View) -> list[Box]:
    width, height = view.size
    small = view.scaled(min(1.0, _LONG_SIDE / max(width, height)))
    found = _engine()(_coloured(small.pixels))
    if found.boxes is None:
        return []
    ratio = width / small.size[0]
    words = [word for line in found.word_results or () for word in line if word[0].strip()]
    return [_box(word, ratio) for word in words]


def _coloured(grey: Picture) -> Picture:
    return cast(Picture, cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))


def _box(word: tuple[str, float, Any], ratio: float) -> Box:
    text, confidence, corners = word
    across, down = [float(x) * ratio for x, _ in corners], [float(y) * ratio for _, y in corners]
    plain = unicodedata.normalize("NFKC", text.translate(_PLAIN))
    return Box(plain, min(across), min(down), max(across), max(down), min(1.0, max(0.0, float(confidence))))


@cache
def _engine() -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(params=_PARAMETERS)
