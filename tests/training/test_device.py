"""Tests of what is noted of the machine."""

import subprocess

from ablate.training.device import commit_of, prepare_device


def git(folder, *arguments):
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def test_the_commit_is_that_of_the_checkout_which_holds_the_file(tmp_path):
    file = tmp_path / "package" / "code.py"
    file.parent.mkdir()
    file.write_text("one = 1\n")
    assert commit_of(file) is None
    git(tmp_path, "init")
    assert commit_of(file) is None, "it lies in a checkout, but is not part of it"
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    clean = commit_of(file)
    assert clean is not None
    assert len(clean) == 12
    file.write_text("one = 2\n")
    assert commit_of(file) == f"{clean}-dirty"


def test_the_processor_has_a_name():
    environment = prepare_device()
    assert environment.processor
    assert environment.cores >= 1
    assert environment.versions["keras"]
