"""A page's grey pixels and its smaller copies, each made once: codes and letters are looked for in the same ones."""

from typing import Self, cast

import cv2
import numpy as np
from PIL import Image

from intake.reading.view import Picture


class Copies:
    """A picture, and copies of it in which each pixel is the mean of a square of its pixels."""

    def __init__(self, pixels: Picture) -> None:
        """Args: pixels: the picture; it must not change."""
        self.pixels = pixels
        self._made: dict[int, Picture] = {1: pixels}

    @classmethod
    def of(cls, grey: Image.Image) -> Self:
        """Those of a picture in grey (mode L)."""
        return cls(np.asarray(grey))

    def smaller(self, factor: int) -> Picture:
        """A copy with so many times fewer pixels across and down; the last column and the last row may be of less."""
        if factor not in self._made:
            self._made[factor] = _reduced(self.pixels, factor)
        return self._made[factor]


def _reduced(pixels: Picture, factor: int) -> Picture:
    height, width = pixels.shape
    if factor == 2 and not height % 2 and not width % 2:  # the one case in which OpenCV is quicker, by seven times
        return cast(Picture, cv2.resize(pixels, (width // 2, height // 2), interpolation=cv2.INTER_AREA))
    return np.asarray(Image.fromarray(pixels).reduce(factor))
