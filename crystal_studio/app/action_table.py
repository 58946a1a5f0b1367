"""The one table of everything a user can do; menus, toolbar, shortcuts and the command palette come from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ActionSpec:
    """One deed. ``needs`` names the conditions that must hold; the first that fails is the reason shown."""

    id: str
    text: str
    menu: str
    shortcut: str = ""
    tip: str = ""
    icon: str = ""
    needs: tuple[str, ...] = ()
    checkable: bool = False
    separator: bool = False  # a line above it in its menu


CONDITIONS: dict[str, str] = {
    "project": "Open or create a project first.",
    "writable": "This project is open for reading only.",
    "valid request": "Correct the request on the Design page first.",
    "idle": "A campaign is running: wait for it or stop it first.",
    "running": "No campaign is running.",
    "paused": "The campaign is not paused.",
    "unpaused": "The campaign is paused already.",
    "alone": "Another window or command is writing to this project: wait for it or stop it there.",
    "unfinished": "There is no unfinished campaign in this project.",
    "selection": "Select candidates in the table on the Explore page first.",
    "candidates": "There are no candidates in this project yet.",
    "undo": "There is nothing to undo.",
    "redo": "There is nothing to redo.",
    "example": "The bundled example is not installed.",
    "ternaries": "The bundled example of ternary systems is not installed.",
    "frameworks": "The bundled example of metal-organic frameworks is not installed.",
}

MENUS = ("File", "Edit", "Design", "Run", "Explore", "View", "Help")


def _dock(key: str, text: str, what: str, separator: bool = False) -> ActionSpec:
    return ActionSpec(f"view.{key}", text, "View", "", f"Show or hide {what}", "", (), True, separator)


TABLE: tuple[ActionSpec, ...] = (
    ActionSpec("project.new", "New project…", "File", "Ctrl+N", "Create an empty project file", "new", ("idle",)),
    ActionSpec("project.open", "Open project…", "File", "Ctrl+O", "Open a project file", "open", ("idle",)),
    ActionSpec(
        "project.example", "Open the example", "File", "", "A project to look around in", "crystal", ("idle", "example")
    ),
    ActionSpec(
        "project.ternaries",
        "Open the ternary example",
        "File",
        "",
        "Three systems in which no ternary compound is known, and what the adaptive-cell model proposes for them",
        "crystal",
        ("idle", "ternaries"),
    ),
    ActionSpec(
        "project.frameworks",
        "Open the framework example",
        "File",
        "",
        "Known metal-organic frameworks in their building blocks, with their pores",
        "crystal",
        ("idle", "frameworks"),
    ),
    ActionSpec(
        "project.copy",
        "Save a copy…",
        "File",
        "Ctrl+Shift+S",
        "Write a complete copy of the project to another file",
        "save",
        ("project",),
        separator=True,
    ),
    ActionSpec(
        "project.import",
        "Import structures…",
        "File",
        "Ctrl+I",
        "Bring CIF, POSCAR or extended XYZ files in as candidates",
        "import",
        ("project", "writable", "idle"),
    ),
    ActionSpec(
        "project.export",
        "Export…",
        "File",
        "Ctrl+E",
        "Write the selected or all listed candidates to files",
        "export",
        ("project", "candidates"),
    ),
    ActionSpec(
        "app.references",
        "Reference sets…",
        "File",
        "",
        "Known structures and phases of your own, for novelty and the hull; from files or from databases",
        "crystal",
        (),
        separator=True,
    ),
    ActionSpec("project.close", "Close project", "File", "Ctrl+W", "Close the project file", "", ("project", "idle")),
    ActionSpec(
        "app.quit",
        "Quit",
        "File",
        "Ctrl+Q",
        "Close the window; a running campaign can be resumed",
        "",
        (),
        separator=True,
    ),
    ActionSpec("edit.undo", "Undo", "Edit", "Ctrl+Z", "Take back the last change of the request", "undo", ("undo",)),
    ActionSpec("edit.redo", "Redo", "Edit", "Ctrl+Shift+Z", "Do the change of the request again", "redo", ("redo",)),
    ActionSpec(
        "edit.copy",
        "Copy rows",
        "Edit",
        "Ctrl+Shift+C",
        "Copy the selected rows for a spreadsheet",
        "copy",
        ("selection",),
        separator=True,
    ),
    ActionSpec(
        "design.generate", "Generate", "Design", "Ctrl+Return", "Start the campaign", "run", ("valid request", "idle")
    ),
    ActionSpec(
        "design.chemistry",
        "Elements",
        "Design",
        "Alt+1",
        "Which elements, in which system or formula",
        "",
        (),
        separator=True,
    ),
    ActionSpec(
        "design.sites", "Sites", "Design", "Alt+2", "Wyckoff template, known cell, or a structure to keep and complete"
    ),
    ActionSpec("design.targets", "Properties", "Design", "Alt+3", "Ranges of properties to aim at"),
    ActionSpec(
        "design.complete_file",
        "Complete a structure file…",
        "Design",
        "",
        "Keep orbits or the lattice of a CIF, POSCAR or extended XYZ file and let the model make the rest",
        "crystal",
    ),
    ActionSpec(
        "design.load",
        "Load request…",
        "Design",
        "",
        "Read a request from a TOML or JSON file; dropping the file on the window does the same",
        "open",
        (),
        separator=True,
    ),
    ActionSpec(
        "design.paste",
        "Paste request",
        "Design",
        "Ctrl+Shift+V",
        "Read the request on the clipboard, TOML or JSON",
        "copy",
    ),
    ActionSpec(
        "design.save", "Save request…", "Design", "", "Write the request to a TOML file", "save", ("valid request",)
    ),
    ActionSpec(
        "design.copy_json",
        "Copy request as JSON",
        "Design",
        "",
        "Put the request on the clipboard",
        "copy",
        ("valid request",),
    ),
    ActionSpec(
        "design.copy_command",
        "Copy as command line",
        "Design",
        "",
        "Put the command that runs the same request on the clipboard",
        "command",
        ("valid request",),
    ),
    ActionSpec(
        "design.reset",
        "Start afresh",
        "Design",
        "",
        "Put every field of the request back to its default",
        "clear",
        (),
        separator=True,
    ),
    ActionSpec("run.pause", "Pause", "Run", "Ctrl+.", "Pause after the work at hand", "pause", ("running", "unpaused")),
    ActionSpec(
        "run.resume", "Resume", "Run", "Ctrl+Shift+.", "Carry on the paused campaign", "resume", ("running", "paused")
    ),
    ActionSpec("run.stop", "Stop and keep", "Run", "", "Stop; everything made so far is kept", "stop", ("running",)),
    ActionSpec(
        "run.continue",
        "Carry on unfinished campaign",
        "Run",
        "",
        "Resume the last campaign that was interrupted",
        "resume",
        ("project", "writable", "idle", "alone", "unfinished"),
        separator=True,
    ),
    ActionSpec("explore.filter", "Filter…", "Explore", "Ctrl+F", "Go to the filter field", "filter", ("project",)),
    ActionSpec(
        "explore.clear_filter",
        "Clear the filter",
        "Explore",
        "Ctrl+Shift+F",
        "Show every candidate",
        "close",
        ("project",),
    ),
    ActionSpec(
        "explore.select_all",
        "Select all listed",
        "Explore",
        "",
        "Select every candidate that passes the filter",
        "",
        ("candidates",),
    ),
    ActionSpec(
        "explore.columns", "Columns…", "Explore", "", "Choose the columns of the table", "columns", ("project",)
    ),
    ActionSpec(
        "explore.complete",
        "Complete from this candidate…",
        "Explore",
        "Ctrl+Shift+K",
        "Keep orbits or the lattice of the selected candidate and let the model make the rest",
        "crystal",
        ("selection",),
        separator=True,
    ),
    ActionSpec(
        "explore.template",
        "Use its Wyckoff positions as template",
        "Explore",
        "",
        "Ask for crystals with the space group and Wyckoff positions of the selected candidate",
        "design",
        ("selection",),
    ),
    ActionSpec(
        "explore.cell",
        "Use its cell",
        "Explore",
        "",
        "Ask for crystals in the cell and the space group of the selected candidate; the model finds the sites",
        "crystal",
        ("selection",),
    ),
    ActionSpec(
        "explore.judge",
        "Judge…",
        "Explore",
        "Ctrl+J",
        "Take the selected or all listed candidates through a funnel or single stages, imported ones too",
        "filter",
        ("project", "writable", "idle", "alone", "candidates"),
        separator=True,
    ),
    ActionSpec(
        "explore.dft",
        "DFT…",
        "Explore",
        "Ctrl+D",
        "Compute the selected candidates by density functional theory, here or as a bundle for a cluster",
        "crystal",
        ("project", "writable", "idle", "alone", "selection"),
    ),
    ActionSpec(
        "explore.collect_dft",
        "Collect DFT results…",
        "Explore",
        "Ctrl+Shift+D",
        "Read what came back of a bundle, from its folder or .zip",
        "import",
        ("project", "writable", "idle", "alone", "candidates"),
    ),
    ActionSpec(
        "explore.evaluate",
        "Evaluate…",
        "Explore",
        "Ctrl+Shift+E",
        "Validity, symmetry, variety, novelty and coverage of the candidates, by the published definitions",
        "scatter",
        ("project", "candidates"),
        separator=True,
    ),
    ActionSpec("view.design", "Design", "View", "Ctrl+1", "Say what crystals you want", "design"),
    ActionSpec("view.run", "Run", "View", "Ctrl+2", "Watch the campaign", "run"),
    ActionSpec("view.explore", "Explore", "View", "Ctrl+3", "Look through the candidates", "explore"),
    _dock("structure", "Structure view", "the 3D view", separator=True),
    _dock("inspector", "Inspector", "the inspector"),
    _dock("hull", "Convex hull", "the hull of the candidate's chemical system"),
    _dock("analysis", "Analysis", "powder pattern, distances, coordination, elasticity and phonons of the candidate"),
    _dock("scatter", "Scatter plot", "the scatter plot"),
    _dock("shares", "Stable, unique, novel", "the shares of what is listed"),
    _dock("triage", "Triage", "what a limit on predicted energies would keep, lose and save"),
    _dock("browser", "Project browser", "campaigns and filters"),
    ActionSpec(
        "view.theme_system",
        "Theme: as the system",
        "View",
        "",
        "Follow the system's light or dark theme",
        "theme",
        (),
        True,
        separator=True,
    ),
    ActionSpec("view.theme_light", "Theme: light", "View", "", "Light theme", "", (), True),
    ActionSpec("view.theme_dark", "Theme: dark", "View", "", "Dark theme", "", (), True),
    ActionSpec("help.palette", "Command palette…", "Help", "Ctrl+K", "Find and do anything by name", "search"),
    ActionSpec("help.shortcuts", "Keyboard shortcuts", "Help", "F1", "Every shortcut at a glance", "help"),
    ActionSpec("help.messages", "Messages…", "Help", "", "Errors, warnings and news since the start", "warning"),
    ActionSpec("help.about", "About Crystal Studio", "Help", "", "Version and licences", "info"),
)
