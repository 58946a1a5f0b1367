"""The window program; the only room that imports Qt, vispy and pyqtgraph."""

from crystal_studio.app.singletons import keep

keep()
