import json
from typing import get_args

from vection.data.clips.folder import read_clip
from vection.data.clips.truth_sources import TRUTH_SOURCES, TruthSource, source_identifier, source_sentence
from vection.evaluation.depth.protocols import PROTOCOLS


def test_every_source_has_a_sentence_of_its_own():
    assert set(TRUTH_SOURCES) == set(get_args(TruthSource))
    assert len(set(TRUTH_SOURCES.values())) == len(TRUTH_SOURCES)


def test_sentences_and_identifiers_lead_to_each_other():
    for name in TRUTH_SOURCES:
        assert source_identifier(source_sentence(name)) == source_identifier(name) == name
    assert source_identifier("my own laser") == source_sentence("my own laser") == "my own laser"


def test_protocols_name_sources_that_exist():
    assert {protocol.ground_truth for protocol in PROTOCOLS} <= set(TRUTH_SOURCES)


def test_clips_that_hold_the_sentence_are_read(tmp_path, make_clip):
    make_clip(tmp_path, frames=1)
    content = json.loads((tmp_path / "clip.json").read_text())
    content["truth_source"] = "Make3D's laser grid, middle 21 of 55 rows (C1)"
    (tmp_path / "clip.json").write_text(json.dumps(content))
    assert read_clip(tmp_path).truth_source == "make3d-laser"
