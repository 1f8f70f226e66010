"""Many tileable textures with mip maps in one picture, so that one look-up serves every surface of a frame."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float32, Int32, UInt8

from vection.data.synthetic.world.noise import SIZE

LEVELS = 7
_COLUMNS = 8
_CELL_WIDTH = (SIZE + 2) + (SIZE // 2 + 2)
_CELL_HEIGHT = SIZE + 2 + 2 * LEVELS
_ROW_LENGTH = 512
"""Look-ups are folded into rows of this length: cv2.remap takes no picture longer than 32767."""


def _level_places() -> tuple[list[int], list[int]]:
    """Corner of each level in its cell: level 0 on the left, the others piled up on the right."""
    across, down, row = [0], [0], 0
    for level in range(1, LEVELS):
        across.append(SIZE + 2)
        down.append(row)
        row += (SIZE >> level) + 2
    return across, down


class Atlas:
    """Textures by page number; bilinear look-up in the nearest mip level."""

    def __init__(self, pages: Sequence[UInt8[np.ndarray, "256 256 channels"]]) -> None:
        across, down = _level_places()
        channels = pages[0].shape[2]
        rows = -(-len(pages) // _COLUMNS)
        self._picture = np.zeros((rows * _CELL_HEIGHT, _COLUMNS * _CELL_WIDTH, channels), np.uint8)
        number = np.arange(len(pages))
        # 0.5: texel centres lie at half-integers of the page and at integers of the picture; 1 for the border
        self._left = (number % _COLUMNS * _CELL_WIDTH + 0.5).astype(np.float32)
        self._top = (number // _COLUMNS * _CELL_HEIGHT + 0.5).astype(np.float32)
        self._across = np.array(across, np.float32)
        self._down = np.array(down, np.float32)
        self._size = np.array([SIZE >> level for level in range(LEVELS)], np.float32)
        for index, page in enumerate(pages):
            self._store(index, page)

    def _store(self, index: int, page: UInt8[np.ndarray, "256 256 channels"]) -> None:
        level_page = page
        for level in range(LEVELS):
            if level:
                half = SIZE >> level
                level_page = cv2.resize(level_page, (half, half), interpolation=cv2.INTER_AREA).reshape(half, half, -1)
            row = int(self._top[index] + self._down[level])
            column = int(self._left[index] + self._across[level])
            bordered = np.pad(level_page, ((1, 1), (1, 1), (0, 0)), mode="wrap")
            self._picture[row : row + bordered.shape[0], column : column + bordered.shape[1]] = bordered

    def sample(
        self,
        page: Int32[np.ndarray, " count"],
        *,
        u: Float32[np.ndarray, " count"],
        v: Float32[np.ndarray, " count"],
        level: Float32[np.ndarray, " count"],
    ) -> UInt8[np.ndarray, "count channels"]:
        """Look up `page` at `u`, `v` (1 = one tile, repeating) at the nearest mip level (0 = finest, clipped)."""
        number = np.clip(level + np.float32(0.5), 0, LEVELS - 1).astype(np.int32)
        size = self._size[number]
        count, rows = len(page), max(1, -(-len(page) // _ROW_LENGTH))  # OpenCV refuses an empty map
        places = np.zeros((2, rows * _ROW_LENGTH), np.float32)
        places[0, :count] = (u - np.floor(u)) * size + (self._across[number] + self._left[page])
        places[1, :count] = (v - np.floor(v)) * size + (self._down[number] + self._top[page])
        x, y = places.reshape(2, rows, _ROW_LENGTH)
        values = cv2.remap(self._picture, x, y, cv2.INTER_LINEAR)
        return np.asarray(values.reshape(rows * _ROW_LENGTH, -1)[:count], np.uint8)
