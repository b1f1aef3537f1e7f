"""A process of this project looks for garbage rarely, and not at all when it ends."""

import subprocess
import sys

PROGRAM = """
import gc

{before}

def number_of_looks():
    return sum(generation["collections"] for generation in gc.get_stats())

class Last:
    def __del__(self):
        print("collected")

before = number_of_looks()
kept = [[] for _ in range(200_000)]
print(number_of_looks() - before)
last = Last()
last.itself = last
del last
"""


def output_of(program: str) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return result.stdout.split()


def test_importing_the_package_makes_looks_rare_and_the_last_one_none():
    looks, *collected = output_of(PROGRAM.format(before="import trainer"))
    assert int(looks) <= 5
    assert collected == []


def test_python_itself_looks_often_and_at_its_end():
    looks, *collected = output_of(PROGRAM.format(before=""))
    assert int(looks) > 100
    assert collected == ["collected"]


def test_garbage_is_collected_all_the_same():
    program = """
import gc, trainer, weakref

class Cycle:
    pass

cycle = Cycle()
cycle.itself = cycle
reference = weakref.ref(cycle)
del cycle
kept = [[] for _ in range(100_000)]
print(reference() is None)
"""
    assert output_of(program) == ["True"]
