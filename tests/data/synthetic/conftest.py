import pytest

from vection.data.synthetic import RenderedFrame, lead_car, render_drive, street


@pytest.fixture(scope="session")
def street_frames() -> list[RenderedFrame]:
    """A whole street with everybody in it, small."""
    return list(render_drive(street(width=208, height=64, frames=12, pedestrians=2.0), seed=4))


@pytest.fixture(scope="session")
def lead_frames() -> list[RenderedFrame]:
    return list(render_drive(lead_car(width=208, height=64, frames=12), seed=8))
