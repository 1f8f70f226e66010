"""The names that the public weight files of Lite-Mono use, and ours."""

from collections.abc import Mapping

from torch import Tensor

from vection.networks.weights.decoder import rename_decoder

State = dict[str, Tensor]

_STEM = {"conv": "0", "bn_gelu.bn": "1"}
_ATTENTION = {
    "pos_embd.token_projection": "positions",
    "norm_xca": "attention_norm",
    "xca.qkv": "attention.queries_keys_values",
    "xca.proj": "attention.output",
    "xca.temperature": "attention.temperature",
    "gamma_xca": "attention_gain",
    "norm": "norm",
}
_BLOCK = {
    "ddwconv.conv": "depthwise",
    "bn1": "norm",
    "pwconv1": "perceptron.0",
    "pwconv2": "perceptron.2",
    "gamma": "gain",
}


def encoder_state(state: Mapping[str, Tensor]) -> State:
    """Rename an encoder's tensors, of a trained model or of ImageNet pretraining. Raises LookupError for others.

    What our encoder lacks is left out: the classifier, sizes, and a layer normalisation that every dilated block of
    the release owns and never uses.
    """
    attends = {key.rsplit(".", 1)[0] for key in state if key.endswith(".gamma_xca")}
    renamed: State = {}
    for key, value in state.items():
        part, *rest = key.split(".")
        if part == "downsample_layers" and rest[0] == "0":
            renamed[_renamed(".".join(rest[2:]), _STEM, prefix=f"stem.{rest[1]}")] = value
        elif part == "stem2":
            renamed["merges.0.weight"] = value
        elif part == "downsample_layers":
            renamed[f"merges.{rest[0]}.weight"] = value
        elif part == "stages":
            block = f"stages.{rest[0]}.{rest[1]}"
            name = ".".join(rest[2:])
            if block in attends:
                renamed[_renamed(name, _BLOCK | _ATTENTION, prefix=block)] = value
            elif not name.startswith("norm."):
                renamed[_renamed(name, _BLOCK, prefix=block)] = value
    return renamed


def decoder_state(state: Mapping[str, Tensor]) -> State:
    """Rename a depth decoder of three levels."""
    return rename_decoder(state, levels=3)


def _renamed(name: str, names: Mapping[str, str], *, prefix: str) -> str:
    if name in names:
        return f"{prefix}.{names[name]}"
    owner, leaf = name.rsplit(".", 1)
    return f"{prefix}.{names[owner]}.{leaf}"
