"""What `ingestion.py` measures; each function runs in a process of its own.

The plain writer and the bare image work call TensorFlow as its documentation shows, and make the
same bytes as Transform, which is checked; two more writers use Pillow, and this project's squares.
TensorFlow is imported by the functions, so that the parent process stays small.
"""

import io
import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

_IMAGE_WORK_IMAGES = 64
_ROUNDS = 5

PLAIN_TOOLS = ("tensorflow", "pillow", "squares")
"""What a plain writer brings images to size with; Pillow's are nearly the same."""


@dataclass(frozen=True)
class Setting:
    """How both sides run.

    Attributes:
        processes: Of Beam's workers, and of the plain writer.
        image_size: Side of the images after Transform, pixels.
    """

    processes: int
    image_size: int


def project_run(directory: str, setting: Setting) -> dict[str, float]:
    """Runs the three components.

    Returns:
        Seconds, processor seconds of this process and its workers, and the peak memory of the
        largest of them, megabytes.
    """
    from tfx import v1 as tfx

    from components.case_example_gen.component import CaseExampleGen
    from components.case_example_gen.settings import DataSettings
    from components.case_schema.component import CaseSchema
    from components.pair_builder.component import PairBuilder
    from components.pair_builder.settings import PairSettings
    from components.transform.component import CaseTransform
    from components.transform.preprocessing import TransformSettings
    from pipeline.beam_arguments import beam_arguments

    root = Path(directory)
    schema = CaseSchema()
    cases = CaseExampleGen(
        data=DataSettings(manifest=str(root / "manifest.csv")),
        manifest=str(root / "manifest.csv"),
        data_fingerprint="benchmark",
        pseudonym_key_file=str(root / "key"),
    )
    transform = CaseTransform(
        cases.outputs["examples"],
        schema.outputs["schema"],
        TransformSettings(setting.image_size, "pad", "unlabelled", ()),
    )
    pairs = PairBuilder(
        examples=transform.outputs["transformed_examples"], settings=PairSettings(), seed=0
    )
    options = []
    if setting.processes > 1:
        options = [
            "--direct_running_mode=multi_processing",
            f"--direct_num_workers={setting.processes}",
        ]
    start = time.perf_counter()
    tfx.orchestration.LocalDagRunner().run(
        tfx.dsl.Pipeline(
            pipeline_name="ingestion",
            pipeline_root=str(root / "run"),
            components=[schema, cases, transform, pairs],
            beam_pipeline_args=beam_arguments(options),
            metadata_connection_config=tfx.orchestration.metadata.sqlite_metadata_connection_config(
                str(root / "metadata.sqlite")
            ),
        )
    )
    seconds = time.perf_counter() - start
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(kind).ru_maxrss for kind in kinds) / 1024
    return {"seconds": seconds, "processor_seconds": _processor_seconds(), "peak_megabytes": peak}


def _processor_seconds() -> float:
    """Of this process and those that it has waited for, from their start."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def plain_writer(directory: str, setting: Setting, tool: str) -> dict[str, float]:
    """Reads, decodes, resizes, encodes and writes all images.

    Args:
        directory: Of the images.
        setting: How many processes, and the size of the images.
        tool: One of `PLAIN_TOOLS`.

    Returns:
        Seconds without the start, and processor seconds with it.
    """
    files = sorted(str(path) for path in Path(directory).glob("*.jpg"))
    parts = [files[index :: setting.processes] for index in range(setting.processes)]
    outputs = [f"{directory}/plain-{index}.gz" for index in range(setting.processes)]
    context = multiprocessing.get_context("spawn")
    size = setting.image_size
    jobs = [(part, output, size, tool) for part, output in zip(parts, outputs, strict=True)]
    barrier = context.Barrier(setting.processes + 1)
    processes = [context.Process(target=_write_plain, args=(*job, barrier)) for job in jobs]
    for process in processes:
        process.start()
    barrier.wait()
    start = time.perf_counter()
    for process in processes:
        process.join()
        if process.exitcode:
            raise RuntimeError("the plain writer failed; see above")
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "processor_seconds": _processor_seconds()}


def _write_plain(
    files: Sequence[str], output: str, image_size: int, tool: str, barrier: object
) -> None:
    import tensorflow as tf

    from components.record_transforms import record_options

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    rewrite = _rewriter(tool, image_size)
    rewrite(Path(files[0]).read_bytes())
    barrier.wait()  # type: ignore[attr-defined]
    with tf.io.TFRecordWriter(output, record_options()) as writer:
        for file in files:
            image = rewrite(Path(file).read_bytes())
            example = tf.train.Example()
            example.features.feature["image"].bytes_list.value.append(image)
            writer.write(example.SerializeToString())


def _rewriter(tool: str, image_size: int) -> Callable[[bytes], bytes]:
    """Returns what decodes an image, brings it to size and encodes it."""
    if tool == "pillow":
        return lambda encoded: _with_pillow(encoded, image_size)
    import tensorflow as tf

    from components.transform.squares import decode_square, encode_square

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
    def rewrite(encoded: tf.Tensor) -> tf.Tensor:
        if tool == "squares":
            return encode_square(decode_square(encoded, image_size, "pad"))
        return _bare_image_work(encoded, image_size)

    return lambda encoded: rewrite(encoded).numpy()


def _with_pillow(encoded: bytes, image_size: int) -> bytes:
    from PIL import Image

    with Image.open(io.BytesIO(encoded)) as image:
        square = image.convert("RGB").resize((image_size, image_size), Image.Resampling.BILINEAR)
    output = io.BytesIO()
    square.save(output, "JPEG", quality=95, subsampling=0)
    return output.getvalue()


def _bare_image_work(encoded: "tf.Tensor", image_size: int) -> "tf.Tensor":
    """Decodes a square JPEG, resizes and encodes it; string scalars."""
    import tensorflow as tf

    pixels = tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")
    resized = tf.image.resize(pixels, [image_size, image_size], antialias=True)
    square = tf.cast(tf.round(resized), tf.uint8)
    return tf.io.encode_jpeg(square, quality=95, chroma_downsampling=False)


def image_work(side: int, setting: Setting) -> dict[str, float]:
    """Returns the seconds of Transform's image work and of the bare one, by turns on one thread."""
    import numpy as np
    import tensorflow as tf
    from PIL import Image

    from components.transform.preprocessing import transform_images

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    random = np.random.default_rng(0)
    encoded = []
    for _ in range(_IMAGE_WORK_IMAGES):
        coarse = random.integers(0, 255, (side // 16, side // 16, 3), dtype=np.uint8)
        output = io.BytesIO()
        Image.fromarray(coarse).resize((side, side)).save(output, "JPEG", quality=90)
        encoded.append(output.getvalue())
    batch = tf.constant(encoded)

    @tf.function(autograph=False)
    def transform(images: tf.Tensor) -> tf.Tensor:
        return transform_images(images, setting.image_size, "pad")

    bare = _rewriter("tensorflow", setting.image_size)
    if transform(batch).numpy().tolist() != [bare(image) for image in encoded]:
        raise RuntimeError("the bare image work makes other images than Transform")
    seconds = {"transform_seconds": 0.0, "bare_seconds": 0.0}
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        transform(batch)
        middle = time.perf_counter()
        for image in encoded:
            bare(image)
        seconds["transform_seconds"] += middle - start
        seconds["bare_seconds"] += time.perf_counter() - middle
    return seconds
