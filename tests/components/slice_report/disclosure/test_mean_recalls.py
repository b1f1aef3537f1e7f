"""A balanced accuracy is shown only where it leaves open how each class was named."""

import itertools

from components.slice_report.disclosure.mean_recalls import stays_open


def namings(sizes, mean):
    """Every number of cases named rightly, class by class, that gives the mean to three digits."""
    return [
        rightly
        for rightly in itertools.product(*(range(size + 1) for size in sizes))
        if abs(sum(n / size for n, size in zip(rightly, sizes, strict=True)) / len(sizes) - mean)
        <= 0.0005
    ]


def test_of_two_small_classes_it_tells_both():
    matrix = [[50, 3], [4, 27]]
    mean = (50 / 53 + 27 / 31) / 2
    assert len(namings((53, 31), mean)) < 5
    assert not stays_open(matrix, [True, True])


def test_a_class_that_is_not_in_the_mean_is_told_nothing_of():
    matrix = [[50, 3, 0], [4, 27, 0], [2, 3, 1]]
    assert not stays_open(matrix, [True, True, False])
    assert stays_open(matrix, [False, False, False])


def test_of_many_classes_it_tells_none():
    sizes = (60, 45, 30, 30, 25, 20, 20)
    matrix = [[0] * 7 for _ in sizes]
    for index, size in enumerate(sizes):
        matrix[index][index] = size - 4
        matrix[index][index - 1] = 4
    assert stays_open(matrix, [True] * 7)


def test_of_large_classes_it_tells_none():
    sizes, wrong = (400, 300, 350), (6, 5, 8)
    matrix = [[0] * 3 for _ in sizes]
    for index, (size, few) in enumerate(zip(sizes, wrong, strict=True)):
        matrix[index][index] = size - few
        matrix[index][index - 1] = few
    assert stays_open(matrix, [True] * 3)
