"""Lightly's SimCLR (PyTorch), timed on request; stands alone and needs requirements.txt here.

Reads one JSON object a line from the standard input, such as
`{"kind": "whole", "width": 0.5, "warm_up": 2, "steps": 8, "workers": 1, "channels_last": true}`,
and answers each with `{"seconds": ..., "cpu_seconds": ...}` of the steps, without the warm-up.
"""

import argparse
import itertools
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from lightly.loss import NTXentLoss
from lightly.models.modules import SimCLRProjectionHead
from lightly.transforms import SimCLRTransform
from PIL import Image
from torchvision.models.resnet import BasicBlock, ResNet

SIDE_OF_SIGMAS = 224


class Images(torch.utils.data.Dataset):
    """JPEG files, each as two random views."""

    def __init__(self, folder: str, image_size: int) -> None:
        self.files = sorted(Path(folder).glob("*.jpg"))
        scale = image_size / SIDE_OF_SIGMAS
        self.transform = SimCLRTransform(
            input_size=image_size,
            cj_prob=0.8,
            cj_strength=1.0,
            min_scale=0.08,
            random_gray_scale=0.2,
            gaussian_blur=0.5,
            sigmas=(0.1 * scale, 2.0 * scale),
        )

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> list[torch.Tensor]:
        with Image.open(self.files[index]) as image:
            return self.transform(image.convert("RGB"))


class Training:
    """One network with its optimizer."""

    def __init__(self, width: float, *, channels_last: bool) -> None:
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        encoder, features = resnet18(width)
        head = SimCLRProjectionHead(features, features, 128, num_layers=3)
        self.model = torch.nn.Sequential(encoder, head).to(memory_format=self.format).train()
        self.loss = NTXentLoss(temperature=0.1)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=0.001, fused=True)

    def step(self, views: torch.Tensor) -> float:
        """Does one step on float32 [2n, 3, side, side]."""
        first, second = self.model(views.contiguous(memory_format=self.format)).chunk(2)
        loss = self.loss(first, second)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()


def resnet18(width: float) -> tuple[ResNet, int]:
    """Returns torchvision's ResNet-18, all channels times `width`, and its features' length."""
    network = ResNet(BasicBlock, [2, 2, 2, 2])
    channels = round(64 * width)
    network.inplanes = channels
    network.conv1 = torch.nn.Conv2d(3, channels, 7, stride=2, padding=3, bias=False)
    network.bn1 = torch.nn.BatchNorm2d(channels)
    network.layer1 = network._make_layer(BasicBlock, channels, 2)
    for group, name in enumerate(("layer2", "layer3", "layer4"), start=1):
        layer = network._make_layer(BasicBlock, channels * 2**group, 2, stride=2)
        setattr(network, name, layer)
    network.fc = torch.nn.Identity()
    return network, channels * 8


def batches(images: Images, batch_size: int, workers: int) -> Iterator[torch.Tensor]:
    """Yields views, float32 [2n, 3, side, side], epoch after epoch."""
    loader = torch.utils.data.DataLoader(
        images,
        batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    while True:
        for views in loader:
            yield torch.cat(views)


def cpu_seconds() -> float:
    """Returns what this process and its live children, the loader's workers, have used."""
    own = os.times()
    total = own.user + own.system
    tick = os.sysconf("SC_CLK_TCK")
    for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / tick
    return total


def timed(training: Training, views: Iterator[torch.Tensor], warm_up: int, steps: int) -> dict:
    """Times `steps` steps after `warm_up` others."""
    for batch in itertools.islice(views, warm_up):
        training.step(batch)
    started, cpu_started = time.perf_counter(), cpu_seconds()
    for batch in itertools.islice(views, steps):
        training.step(batch)
    return {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": cpu_seconds() - cpu_started,
    }


def main() -> None:
    """Answers requests until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images")
    parser.add_argument("--image-size", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    images = Images(arguments.images, arguments.image_size)
    ready = torch.randn(2 * arguments.batch_size, 3, arguments.image_size, arguments.image_size)
    trainings: dict[tuple[float, bool], Training] = {}
    for line in sys.stdin:
        request = json.loads(line)
        key = (request["width"], request["channels_last"])
        if key not in trainings:
            trainings[key] = Training(request["width"], channels_last=request["channels_last"])
        if request["kind"] == "whole":
            views = batches(images, arguments.batch_size, request["workers"])
        else:
            views = itertools.repeat(ready)
        answer = timed(trainings[key], views, request["warm_up"], request["steps"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
