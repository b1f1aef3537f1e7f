"""Natural-like colour images: scenes of shaded, textured, overlapping things, for step 1.

Not photographs, but with what contrastive learning uses in them: 1 / f spectra, edges of
occlusion, light from one side, textures, and one subject that a crop still shows.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from pipeline.demo_data.fields import Field, blur, power_law_noise, smooth_step

SIZE = 64
"""Side, pixels."""

_AXIS: Field = np.linspace(-1, 1, SIZE, dtype=np.float32)
_X, _Y = np.meshgrid(_AXIS, _AXIS)
_EDGE = 2.5 / SIZE


@dataclass(frozen=True)
class _Light:
    """Direction on the picture and share of light that reaches shadows."""

    x: float
    y: float
    ambient: float


def natural_image(rng: np.random.Generator) -> Image.Image:
    """Draws one scene.

    Args:
        rng: Source of randomness.

    Returns:
        RGB image, `SIZE` squared.
    """
    angle = rng.uniform(-np.pi, 0)
    light = _Light(float(np.cos(angle)), float(np.sin(angle)), rng.uniform(0.35, 0.7))
    kinds = (_landscape, _table, _facade, _foliage)
    background = kinds[rng.choice(len(kinds), p=(0.35, 0.30, 0.15, 0.20))]
    scene = background(rng)
    palette = rng.uniform(0, 1, (2, 3)) ** 1.3
    for nearness in np.sort(rng.uniform(0, 1, rng.integers(1, 5))):
        scene = _add_thing(rng, scene, light, palette, nearness)
    return _photograph(rng, scene)


def _photograph(rng: np.random.Generator, scene: Field) -> Image.Image:
    """White balance, exposure, focus and noise of a camera."""
    balance = rng.normal(1, 0.09, 3).astype(np.float32)
    grey = scene.mean(axis=-1, keepdims=True)
    muted = grey + rng.uniform(0.3, 0.85) * (scene - grey)
    exposed = muted * balance * rng.uniform(0.8, 1.25)
    sigma = rng.uniform(0.2, 0.5)
    focused = np.stack([blur(channel, sigma) for channel in np.moveaxis(exposed, -1, 0)], axis=-1)
    noise = rng.standard_normal(focused.shape, dtype=np.float32)
    focused += rng.uniform(0.005, 0.02) * noise
    return Image.fromarray(np.round(np.clip(focused, 0, 1) * 255).astype(np.uint8), "RGB")


def _colour(rng: np.random.Generator, brightness: tuple[float, float], saturation: float) -> Field:
    hue = rng.uniform(0, 2 * np.pi) + np.array([0, 2.1, 4.2])
    tint = 1 + saturation * np.cos(hue)
    return (rng.uniform(*brightness) * tint).astype(np.float32)


def _mix(first: Field, second: Field, share: Field) -> Field:
    """Colours [3] or pictures [SIZE, SIZE, 3], mixed by share [SIZE, SIZE]."""
    return first + (second - first) * share[..., None]


def _texture(rng: np.random.Generator, colour: Field) -> Field:
    """A surface: rough, striped, spotted, or nearly plain. float32 [SIZE, SIZE, 3]."""
    rough = power_law_noise(rng, SIZE, rng.uniform(0.8, 1.6))
    kind = rng.choice(("plain", "rough", "striped", "spotted"))
    if kind == "plain":
        return colour * (1 + 0.04 * rough)[..., None]
    if kind == "rough":
        return colour * (1 + rng.uniform(0.1, 0.35) * rough)[..., None]
    other = _colour(rng, (0.1, 0.9), 0.6)
    if kind == "spotted":
        return _mix(colour, other, smooth_step(4 * (rough - rng.uniform(0.3, 1.0))))
    turn, pitch = rng.uniform(0, np.pi), rng.uniform(8, 30)
    wave = np.sin(pitch * (_X * np.cos(turn) + _Y * np.sin(turn)) + 0.8 * rough)
    return _mix(colour, other, smooth_step(0.5 + 2 * wave) * 0.8)


def _landscape(rng: np.random.Generator) -> Field:
    """Sky with clouds over ridges that pale with distance."""
    zenith = np.array([0.25, 0.45, 0.8]) * rng.uniform(0.5, 1.2) + rng.normal(0, 0.06, 3)
    haze = np.array([0.85, 0.85, 0.82]) * rng.uniform(0.6, 1.1) + rng.normal(0, 0.05, 3)
    horizon = rng.uniform(-0.4, 0.5)
    sky = _mix(zenith, haze, np.clip((_Y + 1) / (horizon + 1.01), 0, 1))
    clouds = smooth_step(0.6 * power_law_noise(rng, SIZE, 1.8) - rng.uniform(-0.3, 0.8))
    scene = _mix(sky, np.full(3, 0.92, np.float32), clouds * 0.8)
    ground = _colour(rng, (0.2, 0.55), 0.35)
    for distance in np.linspace(1, 0, rng.integers(1, 4)):
        line = horizon + 0.5 * (1 - distance) + 0.18 * power_law_noise(rng, SIZE, 1.5)[0]
        near = _texture(rng, ground * (1 - 0.3 * (1 - distance)))
        pale = near + (haze - near) * 0.6 * distance
        scene = _mix(scene, pale, smooth_step((_Y - line[None]) / _EDGE))
    return scene


def _table(rng: np.random.Generator) -> Field:
    """A surface before a wall, both lit unevenly."""
    wall = _texture(rng, _colour(rng, (0.25, 0.85), 0.25))
    top = _texture(rng, _colour(rng, (0.2, 0.8), 0.35))
    edge = rng.uniform(-0.2, 0.6) + rng.normal(0, 0.1) * _X
    falloff = 1 + rng.normal(0, 0.25) * _X + rng.normal(0, 0.2) * _Y
    return _mix(wall, top, smooth_step((_Y - edge) / _EDGE)) * falloff[..., None]


def _facade(rng: np.random.Generator) -> Field:
    """A wall with rows of windows, seen at an angle."""
    wall = _texture(rng, _colour(rng, (0.3, 0.8), 0.3))
    glass = _colour(rng, (0.05, 0.5), 0.3) * (1 + 0.3 * power_law_noise(rng, SIZE, 1.5))[..., None]
    lean = 1 + rng.normal(0, 0.25) * _X
    columns, rows = rng.uniform(2, 6, 2)
    across = np.cos(np.pi * columns * (_X + rng.uniform(-1, 1))) - rng.uniform(-0.4, 0.3)
    along = np.cos(np.pi * rows * _Y * lean + rng.uniform(0, 6)) - rng.uniform(-0.4, 0.3)
    return _mix(wall, glass, smooth_step(4 * across) * smooth_step(4 * along))


def _foliage(rng: np.random.Generator) -> Field:
    """Layers of leaves or stones: dark gaps between lit patches."""
    scene = np.broadcast_to(_colour(rng, (0.05, 0.2), 0.3), (SIZE, SIZE, 3))
    base = _colour(rng, (0.25, 0.6), 0.5)
    for depth in (0.5, 0.75, 1.0):
        patches = power_law_noise(rng, SIZE, rng.uniform(0.8, 1.5))
        lit = base * depth + rng.normal(0, 0.05, 3)
        shade = 1 + 0.3 * (patches - np.roll(patches, (1, 1), (0, 1)))
        scene = _mix(scene, lit * shade[..., None], smooth_step(3 * (patches - 0.2)))
    return scene.astype(np.float32)


def _add_thing(
    rng: np.random.Generator, scene: Field, light: _Light, palette: Field, nearness: float
) -> Field:
    """Puts one solid in front of a scene, with its shadow; what is nearer is larger and lower."""
    radius = rng.uniform(0.15, 0.3) + 0.35 * nearness
    x, y = rng.uniform(-0.75, 0.75), -0.35 + 0.8 * nearness + rng.normal(0, 0.15)
    height = _height(rng, x, y, radius)
    inside = smooth_step(height * radius / _EDGE)
    shift = (round(6 * -light.y) + 1, round(-6 * light.x))
    shadow = blur(np.roll(inside, shift, (0, 1)), 2.0)
    scene = scene * (1 - 0.45 * shadow)[..., None]
    colour = palette[rng.integers(2)] * 0.75 + 0.1 + rng.normal(0, 0.06, 3)
    surface = _texture(rng, colour.astype(np.float32)) * _shade(height, light)[..., None]
    return _mix(scene, surface, inside)


def _height(rng: np.random.Generator, x: float, y: float, radius: float) -> Field:
    """1 in the middle of a shape, 0 at its outline, negative outside; [SIZE, SIZE].

    The outline is a superellipse (from a diamond over a disc to a box) with lobes.
    """
    turn, squeeze = rng.uniform(0, np.pi), rng.uniform(0.5, 1.0)
    along = ((_X - x) * np.cos(turn) + (_Y - y) * np.sin(turn)) / radius
    across = ((_Y - y) * np.cos(turn) - (_X - x) * np.sin(turn)) / (radius * squeeze)
    power = rng.choice([1.2, 2.0, 2.0, 5.0])
    distance = (np.abs(along) ** power + np.abs(across) ** power) ** (1 / power)
    lobes = rng.choice([0.0, 0.0, 0.12, 0.25]) * np.cos(
        rng.integers(2, 7) * np.arctan2(across, along) + rng.uniform(0, 6)
    )
    return (1 - distance * (1 + lobes)).astype(np.float32)


def _shade(height: Field, light: _Light) -> Field:
    """Lambert's law on the rounded solid, with a highlight."""
    body = np.sqrt(np.clip(height * (2 - height), 0, 1))
    slope_y, slope_x = np.gradient(body, 2 / SIZE)
    facing = -(slope_x * light.x + slope_y * light.y) * 0.6 + 0.8
    normal = facing / np.sqrt(1 + 0.36 * (slope_x**2 + slope_y**2))
    lit = light.ambient + (1 - light.ambient) * np.clip(normal, 0, 1.2)
    return (lit + 0.5 * np.clip(normal - 0.93, 0, 1)).astype(np.float32)
