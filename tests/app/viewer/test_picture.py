"""Pictures without a window, each way that this machine offers."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtGui import QColor, QImage

from crystal_studio.app.viewer import picture
from crystal_studio.errors import FileError, KnownError, RequestError


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="EGL and Xvfb are of Linux")
@pytest.mark.parametrize("way", ["egl", "virtual display"])
def test_each_way_draws_the_atoms(rutile, tmp_path, monkeypatch, way):
    monkeypatch.setattr(picture, "_ways", lambda: iter([way]))
    path = picture.render(*rutile[:3], tmp_path / "rutile.png", "ball-stick", (320, 240), True, rutile[3])
    image = QImage(str(path))
    assert (image.width(), image.height()) == (320, 240)
    shown = [QColor(image.pixel(x, y)) for x in range(0, 320, 4) for y in range(0, 240, 4)]
    assert any(c.red() > 150 and c.blue() < 90 for c in shown), "no oxygen"
    assert any(c.blue() > 150 and c.red() < 140 for c in shown), "no titanium"
    assert QColor(image.pixel(319, 0)).name() == "#181e27"


def test_a_way_that_fails_is_followed_by_the_next(nacl, tmp_path, monkeypatch):
    tried = []

    def fail(job, way):
        tried.append(way)
        return None if len(tried) == 2 else "no such device"

    monkeypatch.setattr(picture, "_ways", lambda: iter(["egl", "virtual display"]))
    monkeypatch.setattr(picture, "_in_child", fail)
    picture.render(*nacl[:3], tmp_path / "a.png")
    assert tried == ["egl", "virtual display"]
    monkeypatch.setattr(picture, "_in_child", lambda job, way: "no such device")
    with pytest.raises(KnownError, match="install libegl1"):
        picture.render(*nacl[:3], tmp_path / "b.png")


def test_bad_requests(nacl, tmp_path):
    with pytest.raises(RequestError, match="style"):
        picture.render(*nacl[:3], tmp_path / "a.png", style="cartoon")
    with pytest.raises(RequestError, match="pixels"):
        picture.render(*nacl[:3], tmp_path / "a.png", size=(0, 100))
    with pytest.raises(FileError, match="folder"):
        picture.render(*nacl[:3], tmp_path / "missing" / "a.png")
