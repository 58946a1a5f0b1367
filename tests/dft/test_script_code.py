"""Codes that run here: what jobs tell while they compute."""

from __future__ import annotations

import math

from crystal_studio.dft.script_code import PROGRESS, Step, Steps


def test_lines_that_are_not_whole_come_with_the_next_and_what_says_nothing_is_left_out(tmp_path):
    path = tmp_path / PROGRESS
    steps = Steps(tmp_path)
    assert steps.new() == []
    path.write_text('{"step": 0, "iteration": 2, "energy": -1.5}\n{"step": 0, "it')
    (first,) = steps.new()
    assert (first.step, first.iteration, first.energy) == (0, 2, -1.5) and math.isnan(first.max_force)
    path.write_text(path.read_text() + 'eration": 3}\nnonsense\n[1]\n{"step": 1, "energy": -2, "max_force": 0.5}\n')
    second, third = steps.new()
    assert second.iteration == 3 and third == Step(1, 0, -2.0, 0.5)
    assert Steps(tmp_path).new() == [], "a job that goes on tells what is new alone"
