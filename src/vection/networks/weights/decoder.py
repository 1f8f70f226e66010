"""The names that public weight files give the tensors of a depth decoder, and ours."""

from collections.abc import Mapping

from torch import Tensor


def rename_decoder(state: Mapping[str, Tensor], *, levels: int) -> dict[str, Tensor]:
    """Rename the tensors of a depth decoder that enlarges its features `levels` times.

    `decoder.{2m}` = before upsampling m, `decoder.{2m+1}` = after skip m, `decoder.{2*levels+s}` = head of scale s.
    Raises ValueError for other names.
    """
    renamed = {}
    for key, value in state.items():
        _, number, *_, name = key.split(".")
        index = int(number)
        if index >= 2 * levels:
            renamed[f"heads.{index - 2 * levels}.{name}"] = value
        else:
            renamed[f"{'after_skip' if index % 2 else 'before_upsampling'}.{index // 2}.conv.{name}"] = value
    return renamed
