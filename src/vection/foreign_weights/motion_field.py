"""Import of checkpoints of Li et al.'s TensorFlow code: its variables' names and layouts to ours."""

from torch import Tensor

from vection.foreign_weights.renamed_state import State, below, load_renamed
from vection.methods.motion_field import MotionField
from vection.methods.motion_field_settings import MotionFieldSettings, Released

_DEPTH = "depth_prediction/"
_MOTION = "MotionFieldNet/"


def convert_motion_field(variables: State) -> MotionField:
    """Build the method as released from TensorFlow's variables by name (`depth_prediction/conv1/...`).

    The authors published no weights; this reads those of your own trainings with their code. Raises UsageError for
    variables of another network.
    """
    released = Released(padding="tensorflow", auto_mask="whole-batch", cycle_order="released")
    method = MotionField(MotionFieldSettings(pretrained=False, released=released))
    for network, rename in ((method.depth_network, depth_state), (method.motion_network, motion_state)):
        load_renamed(network, variables, rename, what="The checkpoint", network="the networks of Li et al.")
    return method.eval()


def depth_state(variables: State) -> State:
    """Rename `depth_prediction/*`: conv{n}_{block} = stages, upconv{n} and iconv{n} = decoder, coarse to fine."""
    renamed: State = {}
    for name, value in below(variables, _DEPTH).items():
        layer, *rest = name.split("/")
        kind = "bias" if rest[-1] in ("beta", "biases") else "weight"
        if layer == "conv1":
            renamed[f"encoder.{'conv1' if rest[0] == 'conv' else 'norm1'}.{kind}"] = _kernel(value)
        elif layer.startswith("conv"):
            stage, block = (int(number) for number in layer.removeprefix("conv").split("_"))
            part = rest[0].replace("conv_", "conv").replace("bn_", "norm")
            renamed[f"encoder.stages.{stage - 2}.{block - 1}.{part}.{kind}"] = _kernel(value)
        elif layer == "disp1":
            renamed[f"decoder.head.{kind}"] = _kernel(value)
        else:
            part = "doublings" if layer.startswith("upconv") else "joins"
            # A transposed kernel (h, w, out, in) becomes (in, out, h, w): the same turn of the axes.
            renamed[f"decoder.{part}.{5 - int(layer[-1])}.{kind}"] = _kernel(value)
    return renamed


def motion_state(variables: State) -> State:
    """Rename `MotionFieldNet/*` without the camera's head: Conv{n}, Refine{n} coarse to fine, RefineImages, Scales."""
    parts = {"Conv": "short", "Conv_1": "long1", "Conv_2": "long2", "Conv_3": "head"}
    renamed: State = {}
    halvings = sum(name.startswith(f"{_MOTION}Conv") and name.endswith("weights") for name in variables)
    for name, value in below(variables, _MOTION).items():
        layer, *rest = name.split("/")
        kind = "bias" if rest[-1] == "biases" else "weight"
        if layer == "Scales":
            renamed[f"{rest[0]}_scale"] = value
        elif layer.startswith("Conv"):
            renamed[f"convolutions.{int(layer.removeprefix('Conv')) - 1}.{kind}"] = _kernel(value)
        elif layer.startswith("Refine"):
            number = layer.removeprefix("Refine")
            place = halvings if number == "Images" else halvings - int(number)
            renamed[f"refinements.{place}.{parts[rest[0]]}.{kind}"] = _kernel(value)
        elif layer != "CameraIntrinsics":
            renamed[f"{'background' if layer == 'background_motion' else 'seed'}.{kind}"] = _kernel(value)
    return renamed


def camera_state(variables: State) -> State:
    """Rename `MotionFieldNet/CameraIntrinsics/*`, the head that predicts K of a pair (`networks.cameras`)."""
    names = {"foci/weights": "focal.weight", "foci/biases": "focal.bias", "offsets/weights": "centre.weight"}
    head = below(variables, f"{_MOTION}CameraIntrinsics/")
    return {names[name]: _kernel(value) for name, value in head.items()}


def _kernel(value: Tensor) -> Tensor:
    """(height, width, in, out) to (out, in, height, width); vectors stay."""
    return value.permute(3, 2, 0, 1).contiguous() if value.dim() == 4 else value
