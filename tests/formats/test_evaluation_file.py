import json
from dataclasses import replace
from pathlib import Path

import pytest

from vection.errors import DataError, UsageError
from vection.formats.evaluation_file import (
    DepthErrors,
    Evaluation,
    FlowNote,
    ImageRow,
    ObjectsNote,
    ProtocolNote,
    Scale,
    Scores,
    evaluation_json,
    read_evaluation,
    write_evaluation,
)

OBJECTS = ObjectsNote({"flow error": "metres"}, flow=FlowNote(2, error={"moving": None}, error_if_nothing_moved={}))
SCORES = Scores(
    "model",
    images=2,
    errors={"all": {"abs_rel": 0.1}},
    interval={"all": {"abs_rel": (0.05, 0.2)}},
    pixels={"all": 7},
    skipped=("b",),
    depth_ratio={"all": 1.5},
    objects=OBJECTS,
    scale=Scale(3.0, 0.1),
    scale_applied="none",
    per_image=(ImageRow("a", "all", 7, 2.0, DepthErrors(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)),),
)
PROTOCOL = ProtocolNote("synthetic", "exact depth", settings={"max_depth": 80.0})
EVALUATION = Evaluation(PROTOCOL, categories=("all",), results=(SCORES,), truth="clips")


def test_an_evaluation_reads_back_equal(tmp_path: Path):
    path = tmp_path / "evaluation.json"
    write_evaluation(path, EVALUATION)
    assert read_evaluation(path) == EVALUATION
    assert read_evaluation(path).scores("model") == SCORES
    assert read_evaluation(path).scores("constant depth") is None


def test_settings_of_the_protocol_stand_beside_its_name():
    assert evaluation_json(EVALUATION)["protocol"] == {
        "name": "synthetic",
        "description": "exact depth",
        "max_depth": 80.0,
    }


def test_what_was_not_said_of_objects_is_left_out():
    result = evaluation_json(EVALUATION)["results"][0]
    assert set(result["objects"]) == {"definitions", "flow"}
    nothing = replace(EVALUATION, results=(replace(SCORES, objects=None),))
    assert evaluation_json(nothing)["results"][0]["objects"] is None


def test_the_least_that_is_read(tmp_path: Path):
    path = tmp_path / "evaluation.json"
    results = [{"name": "model", "images": 1, "errors": {}}]
    path.write_text(json.dumps({"protocol": {"name": "mine"}, "categories": [], "results": results}))
    assert read_evaluation(path) == Evaluation(ProtocolNote("mine"), (), (Scores("model", 1, {}),))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"protocol": 3}, "'protocol'"),
        ({"protocol": {}}, r"'protocol\.name'"),
        ({"results": [{"name": "model"}]}, r"'results\.0\.images'"),
    ],
)
def test_wrong_content_names_the_place(tmp_path: Path, change: dict[str, object], place: str):
    path = tmp_path / "evaluation.json"
    path.write_text(json.dumps(evaluation_json(EVALUATION) | change))
    with pytest.raises(DataError, match=place):
        read_evaluation(path)


def test_no_file(tmp_path: Path):
    with pytest.raises(UsageError, match="vection evaluate writes it"):
        read_evaluation(tmp_path / "evaluation.json")
