"""The digest of the code changes with every source file, and with nothing else."""

import shutil

import pytest

from components.code_digest import PACKAGES, code_digest


@pytest.fixture
def root(tmp_path):
    for package in PACKAGES:
        (tmp_path / package / "inner").mkdir(parents=True)
        (tmp_path / package / "inner" / "module.py").write_text(f"NAME = '{package}'\n")
    return tmp_path


def test_the_same_files_elsewhere_have_the_same_digest(root, tmp_path_factory):
    copy = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(root, copy, dirs_exist_ok=True)
    assert code_digest(copy) == code_digest(root)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_changed_a_renamed_and_a_new_file_change_it(root, package):
    digests = {code_digest(root)}
    module = root / package / "inner" / "module.py"
    module.write_text("NAME = 'other'\n")
    digests.add(code_digest(root))
    module.rename(module.with_name("renamed.py"))
    digests.add(code_digest(root))
    (root / package / "page.jinja").write_text("")
    digests.add(code_digest(root))
    assert len(digests) == 4


def test_compiled_files_and_other_folders_do_not_change_it(root):
    before = code_digest(root)
    (root / "trainer" / "__pycache__").mkdir()
    (root / "trainer" / "__pycache__" / "module.cpython-310.pyc").write_bytes(b"compiled")
    (root / "tests").mkdir()
    (root / "tests" / "test_it.py").write_text("")
    assert code_digest(root) == before


def test_the_running_code_has_one():
    assert len(code_digest()) == 64
