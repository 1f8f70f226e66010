"""The moving part of a scene: lead car, oncoming and crossing cars, people."""

import numpy as np

from vection.data.synthetic.settings import DriveSettings
from vection.data.synthetic.world import models, vehicles
from vection.data.synthetic.world.camera_path import Drive
from vection.data.synthetic.world.classes import PERSON
from vection.data.synthetic.world.models import Materials
from vection.data.synthetic.world.shapes import Body
from vection.data.synthetic.world.street import Street


def make_traffic(materials: Materials, settings: DriveSettings, *, street: Street, drive: Drive) -> list[Body]:
    """Draw everybody who moves during the drive."""
    rng = materials.rng
    bodies: list[Body] = []
    has_lead = bool(rng.random() < settings.lead_car)
    if has_lead:
        bodies.append(_lead_car(materials, settings, street=street, drive=drive))
    elif settings.lead_car > 0 and rng.random() < 0.3:
        bodies.append(_car_ahead(materials, street=street, drive=drive))
    bodies += _oncoming(materials, settings, street=street, drive=drive)
    bodies += _crossing(materials, settings, street=street, drive=drive, has_lead=has_lead)
    bodies += _pedestrians(materials, settings, street=street, drive=drive)
    return bodies


def _lead_car(materials: Materials, settings: DriveSettings, *, street: Street, drive: Drive) -> Body:
    """Follow the camera's own distance, with a gap that breathes slowly; standing whenever the camera stands."""
    rng = materials.rng
    lead = vehicles.vehicle(materials)
    low, high = settings.lead_gap
    # the breathing follows the distance: d(gap)/dt = 2 pi amplitude / wavelength * speed <= lead_relative_speed
    wavelength = rng.uniform(30, 60)
    fastest = max(float(drive.speed.max()), 1e-6)
    amplitude = min(settings.lead_relative_speed * wavelength / (2 * np.pi * fastest), (high - low) / 2)
    middle = rng.uniform(low + amplitude, high - amplitude)
    gap = middle + amplitude * np.sin(2 * np.pi * (drive.distance / wavelength + rng.random()))
    lateral = 0.5 * street.section.lane + rng.uniform(-0.25, 0.25)
    poses = street.line.poses(drive.distance + gap + lead.half_length, lateral)
    return lead.at(poses)


def _car_ahead(materials: Materials, *, street: Street, drive: Drive) -> Body:
    """Drive further ahead at a speed of its own, but never into the camera."""
    rng = materials.rng
    ahead = rng.uniform(25, 45) + drive.distance.max() / drive.seconds.max() * rng.uniform(0.9, 1.3) * drive.seconds
    s = np.maximum.accumulate(np.maximum(ahead, drive.distance + 9))
    poses = street.line.poses(s, 0.5 * street.section.lane + rng.uniform(-0.2, 0.2))
    return vehicles.vehicle(materials).at(poses)


def _oncoming(materials: Materials, settings: DriveSettings, *, street: Street, drive: Drive) -> list[Body]:
    rng = materials.rng
    bodies = []
    speed = rng.uniform(5, 12)
    s = rng.uniform(8, 60)
    while settings.oncoming_cars > 0 and s < drive.distance[-1] + speed * drive.seconds[-1] + 90:
        lateral = -0.5 * street.section.lane + rng.uniform(-0.2, 0.2)
        poses = street.line.poses(s - speed * drive.seconds, lateral)
        poses[:, 2] += np.pi
        bodies.append(vehicles.vehicle(materials).at(poses))
        s += 9 + rng.exponential(32) / settings.oncoming_cars
    return bodies


def _crossing(
    materials: Materials, settings: DriveSettings, *, street: Street, drive: Drive, has_lead: bool
) -> list[Body]:
    """Send cars out of the side streets, across the road while the camera is still at a distance."""
    rng = materials.rng
    bodies = []
    reach = 0.0 if not has_lead else settings.lead_gap[1] + 6
    for low, high in street.section.side_streets:
        if rng.random() > 0.6 * settings.crossing_cars:
            continue
        middle = (low + high) / 2
        apart = middle - drive.distance
        moments = np.flatnonzero((apart > 14 + reach) & (apart < 45 + reach))
        if len(moments) == 0:
            continue
        moment = drive.seconds[int(rng.choice(moments))]
        speed, side = rng.uniform(5, 9), int(rng.choice([-1, 1]))
        at = middle + side * 0.22 * (high - low)
        t = side * speed * (drive.seconds - moment)
        poses = np.repeat(street.line.poses(np.array([at]), 0.0), len(t), axis=0)
        heading = poses[0, 2]
        poses[:, 0] += t * np.cos(heading)
        poses[:, 1] -= t * np.sin(heading)
        poses[:, 2] = heading + side * np.pi / 2
        bodies.append(vehicles.vehicle(materials).at(poses))
    return bodies


def _pedestrians(materials: Materials, settings: DriveSettings, *, street: Street, drive: Drive) -> list[Body]:
    """Let people walk or stand on the pavements, and a few cross the road well ahead."""
    rng = materials.rng
    section = street.section
    bodies = []
    for _ in range(rng.poisson(settings.pedestrians * (4 + 0.12 * drive.distance[-1]))):
        side = int(rng.choice([-1, 1]))
        start = rng.uniform(6, drive.distance[-1] + 60)
        t = side * (section.kerb(side) + rng.uniform(1.1, max(1.2, section.pavement - 0.3)))
        pace = rng.uniform(0.8, 1.7) * rng.choice([-1, 1]) * (rng.random() > 0.2)
        if rng.random() < 0.15:
            begin = drive.seconds[-1] * rng.uniform(0, 0.7)
            lateral = t - side * 1.3 * np.clip(drive.seconds - begin, 0, 2 * abs(t) / 1.3)
            far = start + drive.distance[-1] * 0.7 + 10
            poses = street.line.poses(np.full(len(lateral), far), lateral)
            poses[:, 2] -= side * np.pi / 2
        else:
            poses = street.line.poses(start + pace * drive.seconds, t)
            poses[:, 2] += np.pi * (pace < 0)
        bodies.append(Body(models.person(materials), PERSON, poses, movable=True, shadow=(0.15, 0.15)))
    return bodies
