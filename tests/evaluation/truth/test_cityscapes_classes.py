import cv2
import numpy as np
import pytest

from vection.errors import DataError, UsageError
from vection.evaluation.truth.cityscapes_classes import cityscapes_classes


def test_fine_labels_become_train_ids(tmp_path):
    city = tmp_path / "gtFine" / "val" / "ulm"
    city.mkdir(parents=True)
    # road, car, licence plate (stored as 255 would be -1), unlabelled
    cv2.imwrite(str(city / "ulm_000001_000019_gtFine_labelIds.png"), np.array([[7, 26], [34, 0]], np.uint8))
    truths = cityscapes_classes(tmp_path)
    assert truths.names == ("val/ulm/ulm_000001_000019",)
    truth = truths.read(truths.names[0])
    assert truth.classes.tolist() == [[0, 13], [255, 255]]
    assert truth.depth.max() == 0
    cv2.imwrite(str(city / "ulm_000001_000019_gtFine_labelIds.png"), np.zeros((2, 2), np.uint16))
    with pytest.raises(DataError, match="8-bit grey PNG"):
        truths.read(truths.names[0])
    with pytest.raises(UsageError, match="No truth of Cityscapes"):
        cityscapes_classes(tmp_path / "gtFine")


def test_the_sample_of_cityscapes(shared_data):
    folder = shared_data / "cityscapes"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    truths = cityscapes_classes(folder)
    assert len(truths) == 8
    classes = truths.read(truths.names[0]).classes
    assert classes.shape == (1024, 2048)
    assert {0, 2, 8} <= set(np.unique(classes).tolist())
