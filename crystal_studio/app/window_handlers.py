"""Which handler of the main window belongs to which action."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from crystal_studio.app import dialogs, files
from crystal_studio.app.campaign_handlers import CampaignHandlers
from crystal_studio.app.project_handlers import ProjectHandlers
from crystal_studio.app.structure_handlers import StructureHandlers
from crystal_studio.app.window_views import WindowViews


def handlers_of(
    window: WindowViews, projects: ProjectHandlers, structures: StructureHandlers, campaigns: CampaignHandlers
) -> dict[str, Callable[[], Any]]:
    """What each action of the table does, by its id; docks and themes are joined by their own lists."""
    return {
        "project.new": projects.new,
        "project.open": projects.ask_open,
        "project.example": projects.open_example,
        "project.ternaries": lambda: projects.open_example(files.TERNARIES),
        "project.frameworks": lambda: projects.open_example(files.FRAMEWORKS),
        "project.copy": projects.save_copy,
        "project.import": projects.ask_import,
        "project.export": window.export,
        "project.close": window.session.close,
        "app.quit": window.close,
        "edit.undo": window.design.model.undo_stack.undo,
        "edit.redo": window.design.model.undo_stack.redo,
        "edit.copy": window.copy_rows,
        "design.generate": campaigns.generate,
        "design.load": window.requests.load,
        "design.save": window.requests.save,
        "design.paste": window.requests.paste,
        "design.copy_json": window.requests.copy_json,
        "design.copy_command": lambda: window.requests.copy_command(window.session.path),
        "design.reset": window.requests.reset,
        "design.chemistry": partial(structures.show, "chemistry"),
        "design.sites": partial(structures.show, "sites"),
        "design.targets": partial(structures.show, "targets"),
        "design.complete_file": structures.complete_file,
        "explore.complete": structures.complete,
        "explore.template": structures.use_template,
        "explore.cell": structures.use_cell,
        "explore.judge": campaigns.judge,
        "explore.evaluate": window.evaluate,
        "run.improve": window.improve,
        "app.references": window.show_references,
        "run.pause": window.campaign.pause,
        "run.resume": window.campaign.carry_on,
        "run.stop": campaigns.stop,
        "run.continue": campaigns.carry_on,
        "explore.filter": window.focus_filter,
        "explore.clear_filter": partial(window.show_filter, ""),
        "explore.pareto": window.compare,
        "explore.beside": window.show_beside,
        "explore.select_all": window.explore.table.selectAll,
        "explore.columns": window.choose_columns,
        "view.design": partial(window.show_page, "design"),
        "view.run": partial(window.show_page, "run"),
        "view.explore": partial(window.show_page, "explore"),
        "help.palette": window.show_palette,
        "help.shortcuts": lambda: dialogs.shortcuts(window, window.actions_),
        "help.messages": window.show_messages,
        "help.about": lambda: dialogs.about(window),
    }
