"""Loading and saving requests from the menus: what is wrong is said once, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from design_pages import retype, shown_page
from PySide6.QtWidgets import QApplication, QMessageBox

from crystal_studio.app.design.form import Form
from crystal_studio.app.design.request_handlers import RequestHandlers
from crystal_studio.app.main_window import MainWindow
from crystal_studio.errors import FileError
from crystal_studio.generators.symmcd.family import FAMILY as SYMMCD

REQUEST = replace(Form(space_groups=(62, 225), count=9, max_atoms=40), seed=4).with_composition("NaCl").request(SYMMCD)
BAD = {
    "not TOML": b"count = = 3",
    "noise": bytes(range(256)),
    "zero": b"count = 0",
    "no request": b'[project]\nname = "x"',
    "wrong kind": b'space_groups = ["a"]',
    "no such group": b"space_groups = [231]",
    "empty composition": b'composition = "Li2o"',
}


@pytest.fixture
def page(qtbot):
    return shown_page(qtbot)


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_damaged_or_wrong_file_is_said_once_and_the_page_stays(page, qtbot, tmp_path, content):
    faults: list[BaseException] = []
    told: list[str] = []
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    page.model.set_request(REQUEST)
    before = page.model.form
    RequestHandlers(page, page.model, told.append, faults.append).read(path)
    assert page.model.form == before and page.ready and not told
    (fault,) = faults
    assert isinstance(fault, FileError) and str(fault).startswith("mine.toml was not loaded; the page is as it was.")


def test_the_window_shows_the_message_over_itself(qtbot, state, tmp_path):
    window = MainWindow(state, probe_devices=False)
    qtbot.addWidget(window)
    window.show()
    path = tmp_path / "mine.toml"
    path.write_text("count = 0")
    retype(qtbot, window.design.chemistry.system, "Li-O")
    RequestHandlers(window, window.design.model, window.status.tell, window.fault).read(path)
    boxes = [b for b in window.findChildren(QMessageBox) if b.isVisible()]
    assert len(boxes) == 1 and "at least one candidate" in boxes[0].text()
    assert not window.design.budget.count.property("bad") and window.design.model.form.system_text == "Li-O"
    boxes[0].close()
    window.close()


def test_a_request_that_is_written_comes_back(page, tmp_path):
    from crystal_studio.design import request_text

    path = tmp_path / "mine.toml"
    request_text.write(REQUEST, path)
    told: list[str] = []
    RequestHandlers(page, page.model, told.append, lambda error: pytest.fail(str(error))).read(path)
    assert page.model.request == REQUEST and told == ["Loaded mine.toml"]


def test_a_copied_request_is_loaded_pasted_and_dropped_as_it_is(qtbot, state, tmp_path):
    from crystal_studio.design import request_text

    window = MainWindow(state, probe_devices=False)
    qtbot.addWidget(window)
    window.show()
    requests, model = window.requests, window.design.model
    model.set_request(REQUEST)
    requests.copy_json()
    text = QApplication.clipboard().text()
    path = tmp_path / "copied.json"
    path.write_text(text)
    ways = (requests.paste, lambda: requests.read(path), lambda: window.projects.open_paths([path]))
    for way in ways:
        requests.reset()
        assert model.request != REQUEST
        way()
        assert model.request == REQUEST and window.page == "design"
    QApplication.clipboard().setText(request_text.to_toml(REQUEST))
    requests.reset()
    window.actions_["design.paste"].trigger()
    assert model.request == REQUEST
    window.close()


@pytest.mark.parametrize("text", ["", "{", '{"count": 0}', "[1, 2]", "count = = 3"])
def test_what_is_no_request_is_not_pasted(page, text):
    told: list[str] = []
    faults: list[BaseException] = []
    page.model.set_request(REQUEST)
    QApplication.clipboard().setText(text)
    RequestHandlers(page, page.model, told.append, faults.append).paste()
    assert page.model.request == REQUEST and not told
    (fault,) = faults
    assert str(fault).startswith("Nothing was pasted; the page is as it was.")
