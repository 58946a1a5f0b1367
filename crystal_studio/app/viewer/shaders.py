"""GLSL of the structure view: spheres and cylinders cast as rays, so they are round at any size.

A sphere is one rectangle, a cylinder one box; the fragment program finds where the
ray of its pixel meets the true surface and writes that depth. All positions are in
the eye's axes, Angstrom; ``u_parallel`` is 1 in the parallel projection.
"""

_COMMON = """
uniform mat4 u_view;
uniform mat4 u_projection;
uniform float u_parallel;
"""

_SHADE = """
uniform mat4 u_projection;
uniform float u_parallel;
uniform vec3 u_background;
uniform vec3 u_fog;   // depth in Angstrom where it begins, where it ends, and its strength there
uniform float u_dark;

void ray(vec3 at, out vec3 origin, out vec3 direction) {
    if (u_parallel > 0.5) { origin = vec3(at.xy, 0.0); direction = vec3(0.0, 0.0, -1.0); }
    else { origin = vec3(0.0); direction = normalize(at); }
}

float depth_of(vec3 at) {
    vec4 clip = u_projection * vec4(at, 1.0);
    return 0.5 + 0.5 * clip.z / clip.w;
}

vec3 fogged(vec3 colour, float z) {
    float amount = clamp((-z - u_fog.x) / max(u_fog.y - u_fog.x, 1e-4), 0.0, 1.0);
    return mix(colour, u_background, amount * u_fog.z);
}

// A soft key light from the upper left, a weak fill from the lower right, sky above, and a broad highlight.
vec3 lit(vec3 colour, vec3 normal, vec3 direction, float gloss) {
    vec3 key = normalize(vec3(-0.45, 0.65, 0.75));
    vec3 fill = normalize(vec3(0.7, -0.25, 0.45));
    vec3 base = colour * colour;   // near enough to linear light
    float facing = max(dot(normal, -direction), 0.0);
    float diffuse = max(dot(normal, key), 0.0);
    float sky = 0.5 + 0.5 * normal.y;
    vec3 light = base * (0.20 + 0.14 * sky + 0.72 * diffuse + 0.14 * max(dot(normal, fill), 0.0));
    vec3 halfway = normalize(key - direction);
    float shine = max(dot(normal, halfway), 0.0);
    light += gloss * (0.22 * pow(shine, 60.0) + 0.05 * pow(shine, 12.0));
    vec3 shown = sqrt(clamp(light, 0.0, 1.0));
    // The rim darkens on light ground and stays off it on dark ground, so that pale and black atoms keep their outline.
    float rim = 1.0 - smoothstep(0.0, 0.55, facing);
    return u_dark > 0.5 ? mix(shown, max(shown, vec3(0.27, 0.30, 0.35)), 0.55 * rim) : shown * (1.0 - 0.42 * rim * rim);
}
"""

SPHERE_VERTEX = (
    _COMMON
    + """
attribute vec3 a_centre;
attribute float a_radius;
attribute vec3 a_colour;
attribute vec2 a_corner;
attribute float a_flat;
varying vec3 v_at;
varying vec3 v_centre;
varying float v_radius;
varying vec3 v_colour;
varying float v_flat;
void main() {
    vec3 centre = (u_view * vec4(a_centre, 1.0)).xyz;
    vec3 right = vec3(1.0, 0.0, 0.0);
    vec3 up = vec3(0.0, 1.0, 0.0);
    float size = a_radius;
    if (u_parallel < 0.5) {
        // The silhouette of a sphere seen from nearby is larger than its equator.
        float distance = length(centre);
        vec3 to_centre = centre / distance;
        right = normalize(cross(to_centre, vec3(0.0, 1.0, 0.0)));
        up = cross(right, to_centre);
        size = a_radius * distance / sqrt(max(distance * distance - a_radius * a_radius, 1e-4));
    }
    size *= 1.02;
    v_at = centre + size * (a_corner.x * right + a_corner.y * up);
    v_centre = centre;
    v_radius = a_radius;
    v_colour = a_colour;
    v_flat = a_flat;
    gl_Position = u_projection * vec4(v_at, 1.0);
}
"""
)

SPHERE_FRAGMENT = (
    _SHADE
    + """
varying vec3 v_at;
varying vec3 v_centre;
varying float v_radius;
varying vec3 v_colour;
varying float v_flat;
void main() {
    vec3 origin, direction;
    ray(v_at, origin, direction);
    vec3 to_centre = v_centre - origin;
    float along = dot(to_centre, direction);
    vec3 off = to_centre - along * direction;
    float inside = v_radius * v_radius - dot(off, off);
    if (inside < 0.0) discard;
    if (v_flat > 0.5) {   // the ring around a chosen atom: a disc behind it
        gl_FragColor = vec4(v_colour, 1.0);
        gl_FragDepth = depth_of(v_centre);
        return;
    }
    vec3 hit = origin + (along - sqrt(inside)) * direction;
    gl_FragColor = vec4(fogged(lit(v_colour, (hit - v_centre) / v_radius, direction, 1.0), hit.z), 1.0);
    gl_FragDepth = depth_of(hit);
}
"""
)

CYLINDER_VERTEX = (
    _COMMON
    + """
uniform float u_pixel;   // Angstrom of one pixel at the target, for lines
attribute vec3 a_start;
attribute vec3 a_end;
attribute float a_radius;    // Angstrom, or pixels where a_line is 1
attribute float a_split;
attribute vec3 a_colour_start;
attribute vec3 a_colour_end;
attribute vec3 a_corner;
attribute float a_line;
varying vec3 v_at;
varying vec3 v_start;
varying vec3 v_axis;
varying float v_length;
varying float v_radius;
varying float v_split;
varying vec3 v_colour_start;
varying vec3 v_colour_end;
varying float v_line;
void main() {
    vec3 start = (u_view * vec4(a_start, 1.0)).xyz;
    vec3 end = (u_view * vec4(a_end, 1.0)).xyz;
    float size = a_line > 0.5 ? a_radius * u_pixel : a_radius;
    v_length = max(length(end - start), 1e-5);
    v_axis = (end - start) / v_length;
    vec3 other = abs(v_axis.z) < 0.9 ? vec3(0.0, 0.0, 1.0) : vec3(1.0, 0.0, 0.0);
    vec3 u = normalize(cross(v_axis, other));
    vec3 v = cross(v_axis, u);
    v_at = start + v_axis * v_length * a_corner.z + 1.02 * size * (a_corner.x * u + a_corner.y * v);
    v_start = start;
    v_radius = size;
    v_split = a_split * v_length;
    v_colour_start = a_colour_start;
    v_colour_end = a_colour_end;
    v_line = a_line;
    gl_Position = u_projection * vec4(v_at, 1.0);
}
"""
)

CYLINDER_FRAGMENT = (
    _SHADE
    + """
varying vec3 v_at;
varying vec3 v_start;
varying vec3 v_axis;
varying float v_length;
varying float v_radius;
varying float v_split;
varying vec3 v_colour_start;
varying vec3 v_colour_end;
varying float v_line;
void main() {
    vec3 origin, direction;
    ray(v_at, origin, direction);
    vec3 from = origin - v_start;
    vec3 d = direction - dot(direction, v_axis) * v_axis;
    vec3 m = from - dot(from, v_axis) * v_axis;
    float a = max(dot(d, d), 1e-9);
    float b = dot(d, m);
    float c = dot(m, m) - v_radius * v_radius;
    float root = b * b - a * c;
    if (root < 0.0) discard;
    vec3 hit = origin + ((-b - sqrt(root)) / a) * direction;
    float along = dot(hit - v_start, v_axis);
    if (along < 0.0 || along > v_length) discard;
    vec3 colour = along < v_split ? v_colour_start : v_colour_end;
    vec3 normal = (hit - v_start - along * v_axis) / v_radius;
    vec3 shown = v_line > 0.5 ? colour : lit(colour, normal, direction, 0.6);
    gl_FragColor = vec4(v_line > 1.5 ? shown : fogged(shown, hit.z), 1.0);
    gl_FragDepth = depth_of(hit);
}
"""
)

FACE_VERTEX = (
    _COMMON
    + """
attribute vec3 a_position;
attribute vec3 a_normal;
attribute vec3 a_colour;
varying vec3 v_at;
varying vec3 v_normal;
varying vec3 v_colour;
void main() {
    v_at = (u_view * vec4(a_position, 1.0)).xyz;
    v_normal = (u_view * vec4(a_normal, 0.0)).xyz;
    v_colour = a_colour;
    gl_Position = u_projection * vec4(v_at, 1.0);
}
"""
)

FACE_FRAGMENT = (
    _SHADE
    + """
uniform float u_alpha;
varying vec3 v_at;
varying vec3 v_normal;
varying vec3 v_colour;
void main() {
    vec3 origin, direction;
    ray(v_at, origin, direction);
    vec3 normal = normalize(v_normal);
    if (dot(normal, direction) > 0.0) normal = -normal;
    vec3 shown = fogged(lit(v_colour, normal, direction, 0.3), v_at.z);
    gl_FragColor = vec4(shown * u_alpha, u_alpha);   // premultiplied
}
"""
)

BLIT_VERTEX = """
attribute vec2 a_position;
varying vec2 v_at;
void main() {
    v_at = 0.5 + 0.5 * a_position;
    gl_Position = vec4(a_position, 0.0, 1.0);
}
"""

BLIT_FRAGMENT = """
uniform sampler2D u_picture;
varying vec2 v_at;
void main() { gl_FragColor = vec4(texture2D(u_picture, v_at).rgb, 1.0); }
"""
