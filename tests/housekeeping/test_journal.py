"""A journal's lines, and what a damaged one should hold."""

from __future__ import annotations

import json

import pytest

from ablate.housekeeping.journal import parse, read_journal
from ablate.housekeeping.reading import storage_of


def lines_of(kept):
    return kept.journal.read_bytes().splitlines(keepends=True)


def write(kept, lines):
    kept.journal.write_bytes(b"".join(lines))


def content(journal):
    """What Optuna reads: parameters, values and attributes of all trials."""
    storage = storage_of(journal.records)
    return [
        (study.study_name, t.number, t.state, t.params, t.value, t.user_attrs, t.system_attrs)
        for study in storage.get_all_studies()
        for t in storage.get_all_trials(study._study_id)
    ]


def positions(lines, operation, start=0):
    return [
        number
        for number, line in enumerate(lines)
        if number >= start and json.loads(line)["op_code"] == operation
    ]


def test_a_journal_in_order_is_what_it_should_be(whole):
    journal = read_journal(whole.journal)
    assert (journal.torn, journal.damaged, journal.saved, journal.fits) == (False, (), 0, True)
    assert journal.mended == whole.journal.read_bytes()
    assert journal.size == len(journal.mended)
    assert len(journal.records) == len(lines_of(whole))


def test_an_empty_journal_is_in_order(tmp_path):
    (tmp_path / "journal").write_bytes(b"")
    journal = read_journal(tmp_path / "journal")
    assert (journal.torn, journal.damaged, journal.mended, journal.fits) == (False, (), b"", True)


@pytest.mark.parametrize("cut", [1, 5, -1])
def test_a_cut_off_last_line_is_left_out_and_a_whole_one_is_ended(whole, cut):
    *others, last = lines_of(whole)
    whole.journal.write_bytes(b"".join(others) + last[:cut])
    journal = read_journal(whole.journal)
    assert journal.torn
    assert journal.damaged == ()
    assert journal.mended == b"".join([*others, *([last] if cut == -1 else [])])


def test_what_holds_nothing_legible_is_dropped(whole):
    lines = lines_of(whole)
    before = content(read_journal(whole.journal))
    for number, garbage in ((3, b"\x00\x00\n"), (7, b"\xff{}\n"), (20, b"\n"), (21, b"[1]\n")):
        lines.insert(number, garbage)
    write(whole, lines)
    journal = read_journal(whole.journal)
    assert journal.damaged == (4, 8, 21, 22)
    assert (journal.saved, journal.fits) == (0, True)
    assert content(journal) == before


def test_a_record_behind_a_cut_off_one_is_kept(whole):
    lines = lines_of(whole)
    before = content(read_journal(whole.journal))
    for number in (positions(lines, 8)[3], positions(lines, 6)[2], positions(lines, 4)[4]):
        lines[number] = b'{"op_code":4,"worker_id":"x","study' + lines[number]
    write(whole, lines)
    journal = read_journal(whole.journal)
    assert (len(journal.damaged), journal.saved, journal.fits) == (3, 3, True)
    assert content(journal) == before


@pytest.mark.parametrize("which", range(4))
def test_a_damaged_line_that_made_a_trial_is_written_again(whole, which):
    """Else all later lines would speak of other trials."""
    lines = lines_of(whole)
    before = content(read_journal(whole.journal))
    number = positions(lines, 4)[which]
    lines[number] = lines[number][:-8] + b"\x00\x00\n"
    write(whole, lines)
    journal = read_journal(whole.journal)
    assert journal.damaged == (number + 1,)
    assert (journal.saved, journal.fits) == (1, True)
    assert content(journal) == before


@pytest.mark.parametrize("operation", [0, 4])
def test_lines_that_others_count_on_and_that_are_lost_are_not_passed_over(whole, operation):
    lines = lines_of(whole)
    lines[positions(lines, operation)[0]] = b"\x00\n"
    write(whole, lines)
    journal = read_journal(whole.journal)
    assert (journal.saved, journal.fits) == (0, False)


def test_a_line_that_nobody_counts_on_may_be_lost(whole):
    lines = lines_of(whole)
    write(whole, [*lines, b'{"op_code":4,"worker_id":"x",\n'])
    journal = read_journal(whole.journal)
    assert (journal.damaged, journal.fits) == ((len(lines) + 1,), True)
    assert journal.mended == b"".join(lines)


def test_deleted_studies_are_counted_like_optuna_counts_them(whole):
    from optuna import delete_study

    delete_study(study_name="dense/tune/units=4", storage=whole.storage)
    whole.tune("units=16")
    lines = lines_of(whole)
    before = content(read_journal(whole.journal))
    write(whole, [b"\x00\n", *lines])
    journal = read_journal(whole.journal)
    assert journal.fits
    assert content(journal) == before


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b"7",
        b'{"op_code":"4","worker_id":"x"}',
        b'{"op_code":1,"worker_id":"x"}',
        b'{"op_code":1,"study_id":"0","worker_id":"x"}',
        b'{"op_code":1,"study_id":0}',
    ],
)
def test_what_optuna_could_not_read_is_no_record(line):
    assert parse(line) is None


def test_operations_that_optuna_may_learn_are_records():
    assert parse(b'{"op_code":10,"worker_id":"x"}') == {"op_code": 10, "worker_id": "x"}
