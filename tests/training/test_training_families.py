"""Families that can be trained: by name, with options of their own, those of other packages too."""

from __future__ import annotations

import argparse

import pytest

from crystal_studio.cli import train
from crystal_studio.design.forms import form
from crystal_studio.errors import RequestError
from crystal_studio.training.registry import families


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json")
    train.arguments(parser)
    data = [] if "--without" in words else ["--data", "d.parquet"]
    return parser.parse_args([w for w in words if w != "--without"] + [*data, "--out", "o", "--device", "cpu"])


@pytest.mark.parametrize("name", ["symmcd", "adaptive-cell", "properties", "mofdiff-blocks"])
def test_families_declare_what_forms_need(name):
    family = families.get(name)
    assert family.name == name and family.title and all(f.title and f.help for f in form(family.options))
    assert family.options().plain().keys() == {f.name for f in form(family.options)}


def test_defaults_are_those_of_the_trainers():
    from crystal_studio.training import adaptive_cell, adaptive_cell_family, mofdiff_blocks
    from crystal_studio.training.adaptive_cell_family import AdaptiveCellTraining
    from crystal_studio.training.mofdiff_blocks_family import BlockTraining
    from crystal_studio.training.properties import PropertyConfig
    from crystal_studio.training.properties_family import PropertyTraining
    from crystal_studio.training.symmcd import TrainConfig
    from crystal_studio.training.symmcd_family import SymmCDTraining

    ours, theirs = SymmCDTraining(), TrainConfig()
    assert (ours.batch, ours.max_epochs, ours.learning_rate) == (theirs.batch, theirs.max_epochs, theirs.learning_rate)
    cell, config = AdaptiveCellTraining(), adaptive_cell.TrainConfig()
    assert (cell.batch, cell.max_epochs, cell.learning_rate) == (config.batch, config.max_epochs, config.learning_rate)
    assert adaptive_cell_family.network_config(cell) == config.network
    mine, yours = PropertyTraining(), PropertyConfig()
    assert (mine.members, mine.epochs, mine.batch) == (yours.members, yours.epochs, yours.batch)
    assert (mine.hidden, mine.layers) == (yours.size.hidden, yours.size.layers)
    assert mine.learning_rate == yours.learning_rate
    blocks, encoder = BlockTraining(), mofdiff_blocks.TrainConfig()
    names = ("batch", "noise", "learning_rate", "max_epochs")
    assert [getattr(blocks, n) for n in names] == [getattr(encoder, n) for n in names]
    assert (blocks.hidden, blocks.layers) == (encoder.network.hidden, encoder.network.layers)


def test_a_family_of_another_package_is_given_its_job(boxes, capsys):
    words = ["boxes", "--members", "2", "--extra", "a", "--extra", "b", "--max-minutes", "3"]
    document = train.run(parsed(*words))
    assert (document["boxes"], document["extra"], document["minutes"]) == (2, ["a", "b"], 3.0)
    assert "2 boxes" in train.text(document) and "2 boxes" in capsys.readouterr().err
    assert train.run(parsed("boxes"))["boxes"] == 3


def test_data_are_those_of_the_family_where_none_are_named(boxes):
    assert train.run(parsed("boxes"))["data"] == "d.parquet"
    assert train.run(parsed("boxes", "--without"))["data"] == "boxes.that.ship"
    with pytest.raises(RequestError, match="name a file with --data") as caught:
        train.run(parsed("properties", "--without"))
    assert caught.value.field == "data"


def test_options_of_another_family_are_refused():
    with pytest.raises(RequestError, match=r"--augment is no option of properties: theirs are --hidden") as caught:
        train.run(parsed("properties", "--augment", "3"))
    assert caught.value.field == "augment"
    with pytest.raises(
        RequestError,
        match=r"no model to train 'diffcsp': choose one of symmcd, adaptive-cell, .*, triage, mofdiff-blocks",
    ):
        train.run(parsed("diffcsp"))
    with pytest.raises(RequestError, match="Batch: the value must be at least 1"):
        train.run(parsed("symmcd", "--batch", "0"))


def test_every_option_of_train_is_known_to_be_taken():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json")
    train.arguments(parser)
    flags = {flag for action in parser._actions for flag in action.option_strings if flag.startswith("--")}
    flags = {flag.replace("--no-", "--") for flag in flags}  # a yes or no can be said both ways
    assert flags - {a.flag for a in train._options()} <= set(train.RESERVED)
