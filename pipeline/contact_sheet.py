"""Draws stages of training and their views as one picture."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline.augmentation_stages import ImageWithViews, Stage

_TILE = 112
_GAP = 6
_MARGIN = 16
_NAME_WIDTH = 44
_TITLE_HEIGHT, _LINE_HEIGHT = 26, 20
_INK, _QUIET, _RULE = "#1a1a1a", "#5a5a5a", "#c8c8c8"


def draw_contact_sheet(stages: Sequence[Stage], path: Path) -> None:
    """Writes a PNG: for each stage its title and settings, and a row for each image.

    A row is the original and, right of a line, its views. Pixels are enlarged by bicubic
    interpolation and never reduced below their number.
    """
    views = max(len(row.views) for stage in stages for row in stage.rows)
    side = max(_TILE, max(row.original.shape[0] for stage in stages for row in stage.rows))
    grid = 2 * _MARGIN + _NAME_WIDTH + (views + 1) * (side + _GAP) + _GAP
    texts = [text for stage in stages for text in (stage.title, stage.settings)]
    widest = max(_font(17).getlength(text) for text in texts)
    width = round(max(grid, 2 * _MARGIN + widest))
    height = _MARGIN + sum(_height(stage, side) for stage in stages)
    sheet = Image.new("RGB", (width, height), "white")
    top = _MARGIN
    for stage in stages:
        _draw_stage(sheet, stage, top, side)
        top += _height(stage, side)
    sheet.save(path, format="PNG", optimize=True)


def _height(stage: Stage, side: int) -> int:
    head = _TITLE_HEIGHT + 2 * _LINE_HEIGHT
    return head + len(stage.rows) * (side + _GAP) + _MARGIN


def _draw_stage(sheet: Image.Image, stage: Stage, top: int, side: int) -> None:
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN, top), stage.title, fill=_INK, font=_font(17))
    top += _TITLE_HEIGHT
    draw.text((_MARGIN, top), stage.settings, fill=_QUIET, font=_font(14))
    top += _LINE_HEIGHT
    draw.text((_column(0, side), top), "original", fill=_QUIET, font=_font(13))
    draw.text((_column(1, side), top), "views", fill=_QUIET, font=_font(13))
    top += _LINE_HEIGHT
    bottom = top + len(stage.rows) * (side + _GAP) - _GAP
    between = _column(1, side) - _GAP
    draw.line([(between, top), (between, bottom)], fill=_RULE, width=2)
    for row in stage.rows:
        draw.text((_MARGIN, top + side // 2 - 8), row.name, fill=_INK, font=_font(15))
        _paste(sheet, row, top, side)
        top += side + _GAP


def _paste(sheet: Image.Image, row: ImageWithViews, top: int, side: int) -> None:
    for column, pixels in enumerate([row.original, *row.views]):
        sheet.paste(_tile(pixels, side), (_column(column, side), top))


def _tile(pixels: np.ndarray, side: int) -> Image.Image:
    return Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC)


def _column(number: int, side: int) -> int:
    """Left edge of a column; 0 is the original, and a wider gap parts it from the views."""
    return _MARGIN + _NAME_WIDTH + number * (side + _GAP) + (_GAP if number else 0)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
