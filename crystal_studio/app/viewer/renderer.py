"""Draws a ``Scene`` with vispy's gloo into whatever OpenGL context is current.

The picture is drawn larger into a texture and scaled down, which smooths edges,
intersections and transparent borders alike. One ``Renderer`` belongs to one
context; when a context goes (a dock that floats), a new one is made.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.app.viewer import colours, shaders, vertices
from crystal_studio.app.viewer.camera import Camera
from crystal_studio.app.viewer.scene import Scene

FOG = 0.38
FACE_ALPHA = 0.55
_LARGEST = 8192  # pixels along one side that every desktop OpenGL takes


class _Part:
    """A program with its vertices; empty until something is put into it."""

    def __init__(self, vertex: str, fragment: str) -> None:
        from vispy import gloo

        self.program = gloo.Program(vertex, fragment)
        self._gloo = gloo
        self._indices: object | None = None

    def put(self, columns: dict[str, NDArray], indices: NDArray) -> None:
        if not len(indices):
            self._indices = None
            return
        for name, values in columns.items():
            # Buffers of a column each: gloo then needs no structured type.
            self.program[name] = self._gloo.VertexBuffer(np.ascontiguousarray(values, np.float32))
        self._indices = self._gloo.IndexBuffer(indices.astype(np.uint32))

    def draw(self) -> None:
        if self._indices is not None:
            self.program.draw("triangles", self._indices)


class Renderer:
    """Everything that lives on the graphics card for one context."""

    def __init__(self) -> None:
        from vispy.gloo.context import FakeCanvas

        self._canvas = FakeCanvas()
        self._spheres = _Part(shaders.SPHERE_VERTEX, shaders.SPHERE_FRAGMENT)
        self._cylinders = _Part(shaders.CYLINDER_VERTEX, shaders.CYLINDER_FRAGMENT)
        self._triad = _Part(shaders.CYLINDER_VERTEX, shaders.CYLINDER_FRAGMENT)
        self._triad_tips = _Part(shaders.FACE_VERTEX, shaders.FACE_FRAGMENT)
        self._polyhedra = _Part(shaders.FACE_VERTEX, shaders.FACE_FRAGMENT)
        self._blit = _Part(shaders.BLIT_VERTEX, shaders.BLIT_FRAGMENT)
        self._blit.put({"a_position": vertices.QUAD}, vertices.QUAD_FACES)
        self._scene: Scene | None = None
        self._dark = False
        self._targets: dict[tuple[int, int], tuple] = {}

    def set_scene(self, scene: Scene | None, dark: bool, chosen: tuple[int, ...] = (), accent: str = "#2456c5") -> None:
        """Upload the arrays; ``chosen`` are drawn atoms with a ring around them, joined by a line."""
        from vispy.gloo.context import set_current_canvas

        set_current_canvas(self._canvas)
        self._scene, self._dark = scene, dark
        if scene is None:
            return
        ring = np.array([int(accent[k : k + 2], 16) / 255 for k in (1, 3, 5)])
        self._spheres.put(*vertices.spheres(scene, list(chosen), ring))
        self._cylinders.put(*vertices.cylinders(scene, list(chosen), ring, dark))
        self._polyhedra.put(*vertices.faces(scene))
        self._triad.put(*vertices.triad_shafts(scene, dark))
        self._triad_tips.put(*vertices.triad_tips(scene, dark))

    def draw(self, camera: Camera, width: int, height: int, framebuffer: int, oversample: int = 2) -> None:
        """Draw into a framebuffer of the current context, given in physical pixels."""
        from vispy import gloo

        self._begin(framebuffer)
        ground = colours.background(self._dark)
        if self._scene is None:
            gloo.set_viewport(0, 0, width, height)
            gloo.clear(color=(*ground, 1.0), depth=True)
            gloo.finish()
            return
        oversample = _affordable(width, height, oversample)
        target, texture = self._target(width * oversample, height * oversample)
        with target:
            self._draw_all(camera, width, height, oversample, (*ground, 1.0))
        gloo.set_viewport(0, 0, width, height)
        gloo.set_state(depth_test=False, blend=False, cull_face=False)
        self._blit.program["u_picture"] = texture
        self._blit.draw()
        gloo.finish()

    def picture(
        self, camera: Camera, width: int, height: int, transparent: bool = False, oversample: int = 3
    ) -> NDArray[np.uint8]:
        """(height, width, 4) RGBA, not premultiplied, first row on top."""
        from vispy import gloo

        self._begin(0)
        ground = colours.background(self._dark)
        oversample = _affordable(width, height, oversample)
        target, _ = self._target(width * oversample, height * oversample)
        with target:
            clear = (0.0, 0.0, 0.0, 0.0) if transparent else (*ground, 1.0)
            self._draw_all(camera, width, height, oversample, clear)
            large = gloo.read_pixels((0, 0, width * oversample, height * oversample), alpha=True)
        self._forget_targets()
        block = large.reshape(height, oversample, width, oversample, 4).astype(np.float64).mean((1, 3))
        alpha = block[..., 3:]
        colour = np.where(alpha > 0, block[..., :3] * 255.0 / np.maximum(alpha, 1e-6), 0.0)
        return np.concatenate([colour, alpha], 2).round().clip(0, 255).astype(np.uint8)

    def _begin(self, framebuffer: int) -> None:
        from vispy.gloo.context import set_current_canvas

        set_current_canvas(self._canvas)
        self._canvas.context.shared.parser.parse([("CURRENT", 0, framebuffer)])
        self._canvas.context._do_CURRENT_command = False  # the line above gave it, with the right framebuffer

    def _target(self, width: int, height: int) -> tuple:
        """Framebuffer and texture of a size; the last one only is kept."""
        from vispy import gloo

        if (width, height) not in self._targets:
            self._forget_targets()
            texture = gloo.Texture2D((height, width, 4), interpolation="linear", wrapping="clamp_to_edge")
            depth = gloo.RenderBuffer((height, width), "depth")
            self._targets[(width, height)] = (gloo.FrameBuffer(texture, depth), texture, depth)
        return self._targets[(width, height)][:2]

    def _forget_targets(self) -> None:
        for parts in self._targets.values():
            for part in parts:
                part.delete()
        self._targets.clear()

    def _draw_all(
        self, camera: Camera, width: int, height: int, oversample: int, clear: tuple[float, float, float, float]
    ) -> None:
        from vispy import gloo

        scene = self._scene
        gloo.set_viewport(0, 0, width * oversample, height * oversample)
        gloo.set_state(depth_test=True, blend=False, cull_face=False, depth_mask=True)
        gloo.clear(color=clear, depth=True)
        if scene is None:
            return
        reach = scene.extent + float(np.linalg.norm(camera.target - scene.centre))
        fog = (camera.distance - 0.35 * reach, camera.distance + reach, FOG)
        view, projection = camera.view_matrix(), camera.projection_matrix(width / height, 1.05 * reach + 0.5)
        for part in (self._spheres, self._cylinders, self._polyhedra):
            self._aim(part, view, projection, camera, fog)
        self._cylinders.program["u_pixel"] = 2 * camera.half_height / height * line_scale(width, height)
        self._spheres.draw()
        self._draw_boxes(self._cylinders)
        if len(scene.triangles):
            self._draw_polyhedra(scene, camera)
        self._draw_triad(camera, width, height, oversample)

    def _draw_boxes(self, part: _Part) -> None:
        from vispy import gloo

        gloo.set_state(cull_face=True)
        gloo.set_cull_face("back")
        part.draw()
        gloo.set_state(cull_face=False)

    def _draw_polyhedra(self, scene: Scene, camera: Camera) -> None:
        """Transparent faces from back to front, as blending needs."""
        from vispy import gloo

        depth = camera.to_eye(scene.triangles.mean(1))[:, 2]
        order = np.argsort(depth)
        self._polyhedra._indices = gloo.IndexBuffer((3 * order[:, None] + np.arange(3)).astype(np.uint32).ravel())
        gloo.set_state(
            blend=True, blend_func=("one", "one_minus_src_alpha"), depth_mask=False, cull_face=False, depth_test=True
        )
        self._polyhedra.program["u_alpha"] = FACE_ALPHA
        self._polyhedra.draw()
        gloo.set_state(blend=False, depth_mask=True)

    def _draw_triad(self, camera: Camera, width: int, height: int, oversample: int) -> None:
        """The axes in the lower left corner, in a small view of their own."""
        from vispy import gloo

        side, inset = triad_square(width, height)
        gloo.set_viewport(inset * oversample, inset * oversample, side * oversample, side * oversample)
        gloo.clear(color=False, depth=True)
        small = Camera(camera.rotation, np.zeros(3), TRIAD_HALF_HEIGHT, False)
        view, projection = small.view_matrix(), small.projection_matrix(1.0, 3.0)
        for part in (self._triad, self._triad_tips):
            self._aim(part, view, projection, small, (0.0, 1.0, 0.0))
        self._triad.program["u_pixel"] = 1.0
        self._triad_tips.program["u_alpha"] = 1.0
        self._draw_boxes(self._triad)
        self._triad_tips.draw()

    def _aim(
        self, part: _Part, view: NDArray, projection: NDArray, camera: Camera, fog: tuple[float, float, float]
    ) -> None:
        part.program["u_view"] = view
        part.program["u_projection"] = projection
        part.program["u_parallel"] = 0.0 if camera.perspective else 1.0
        part.program["u_background"] = colours.background(self._dark).astype(np.float32)
        part.program["u_fog"] = fog
        part.program["u_dark"] = 1.0 if self._dark else 0.0


TRIAD_HALF_HEIGHT = 1.25


def triad_square(width: int, height: int) -> tuple[int, int]:
    """Side of the square that holds the axes and its distance from the lower left corner, pixels."""
    side = int(np.clip(0.2 * min(width, height), 48, 480))
    return side, max(2, side // 24)


def line_scale(width: int, height: int) -> float:
    """Factor on line widths so that a large print looks like the window."""
    return max(1.0, min(width, height) / 700)


def _affordable(width: int, height: int, oversample: int) -> int:
    return max(1, min(oversample, _LARGEST // max(width, height, 1)))
