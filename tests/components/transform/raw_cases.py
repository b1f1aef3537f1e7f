"""Raw cases with images that any way of resizing brings to nearly the same pixels."""

import io

import numpy as np
import tensorflow as tf
from PIL import Image


def png(pixels: np.ndarray) -> bytes:
    output = io.BytesIO()
    Image.fromarray(pixels).save(output, "PNG")
    return output.getvalue()


def smooth(seed: int, height: int = 40, width: int = 40) -> np.ndarray:
    """An image without fine detail, so that resizing methods hardly differ."""
    small = np.random.default_rng(seed).integers(0, 256, (3, 3, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def raw_case(case_id: str, images: list[np.ndarray], **labels) -> tf.train.Example:
    example = tf.train.Example()
    texts = {
        "case_id": [case_id],
        "patient_id": ["p"],
        "site": ["north"],
        "sex": ["female"],
        "age_group": ["40-59"],
        "view": [f"view-{number}" for number in range(len(images))],
        "visit": [str(number) for number in range(len(images))],
    }
    for name, values in texts.items():
        example.features.feature[name].bytes_list.value.extend(v.encode() for v in values)
    example.features.feature["image"].bytes_list.value.extend(png(image) for image in images)
    for name, values in labels.items():
        if name == "label":
            example.features.feature[name].bytes_list.value.extend(v.encode() for v in values)
        else:
            example.features.feature[name].float_list.value.extend(values)
    return example
