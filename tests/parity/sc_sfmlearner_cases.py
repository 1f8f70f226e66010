"""Reference values of sc_sfmlearner: see `cases.py`."""

from collections.abc import Callable

from torch import Tensor

Tensors = dict[str, Tensor]
Checkpoint = dict[str, Tensors] | None

CASES: dict[str, Callable[[Tensors, Checkpoint], Tensors]] = {}
