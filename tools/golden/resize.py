"""Prints tests/vision/resize_golden.h: pictures in other sizes, as Pillow makes them.

    .venv/bin/python tools/golden/resize.py > tests/vision/resize_golden.h

Pillow resamples 32-bit floats ("F") with double sums, so that its weights are seen unrounded; the
8-bit modes round between the passes. Colours are resampled one channel at a time: linear light and
alpha are numpy's doing here, by IEC 61966-2-1 and by multiplying and dividing. Pillow's BOX is the
mean of the area only where sizes divide; only such sizes are asked of it.
"""
import numpy
import PIL
from PIL import Image

CASES = [  # name, filter, channels, from, to, linear
    ("lanczos_up", "LANCZOS", 1, (5, 4), (13, 11), False),
    ("lanczos_down", "LANCZOS", 1, (23, 19), (6, 5), False),
    ("lanczos_mixed", "LANCZOS", 3, (7, 20), (15, 3), False),
    ("lanczos_light", "LANCZOS", 3, (12, 9), (7, 14), True),
    ("lanczos_alpha", "LANCZOS", 4, (11, 10), (5, 7), True),
    ("lanczos_one", "LANCZOS", 1, (9, 9), (1, 1), False),
    ("area_down", "BOX", 1, (24, 15), (6, 5), False),
    ("area_light", "BOX", 4, (12, 12), (4, 3), True),
]


def source(width, height, channels):
    """Bytes by formula; the test makes the same. Alpha has clear and solid pixels."""
    y, x, c = numpy.mgrid[0:height, 0:width, 0:channels]
    v = (x * 37 + y * 71 + c * 101 + x * y * 13) % 256
    if channels == 4:
        v[:, :, 3] = numpy.clip(v[:, :, 3] * 2 - 128, 0, 255)
    return v.astype(numpy.float64) / 255


def to_light(v):
    return numpy.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def from_light(v):
    return numpy.where(v <= 0.0031308, v * 12.92,
                       1.055 * numpy.maximum(v, 0.0031308) ** (1 / 2.4) - 0.055)


def resample(plane, size, name):
    image = Image.fromarray(plane.astype(numpy.float32), mode="F")
    return numpy.asarray(image.resize(size, getattr(Image.Resampling, name)), dtype=numpy.float64)


def run(name, channels, old, new, linear):
    v = source(*old, channels)
    colours = 3 if channels == 4 else channels
    if linear:
        v[:, :, :colours] = to_light(v[:, :, :colours])
    if channels == 4:
        v[:, :, :3] *= v[:, :, 3:]
    out = numpy.stack([resample(v[:, :, c], new, name) for c in range(channels)], axis=2)
    if channels == 4:
        alpha = out[:, :, 3:]
        assert (numpy.abs(alpha) > 1e-3).all(), "a quotient of nothing proves nothing"
        out[:, :, :3] /= alpha
    if linear:
        out[:, :, :colours] = from_light(out[:, :, :colours])
    return out.reshape(-1)


print("/* Made by tools/golden/resize.py with Pillow", PIL.__version__ + ". */")
print("/* clang-format off */")
rows = []
for case, name, channels, old, new, linear in CASES:
    values = run(name, channels, old, new, linear)
    print(f"static const float {case}[] = {{" + ", ".join(f"{v:.9g}f" if "." in f"{v:.9g}" or "e" in f"{v:.9g}"
                                                     else f"{v:.9g}.0f" for v in values) + "};")
    kind = "DIO_FILTER_AREA" if name == "BOX" else "DIO_FILTER_LANCZOS"
    rows.append(f'    {{"{case}", {kind}, {channels}, {old[0]}, {old[1]}, {new[0]}, {new[1]}, '
                f"{'false' if linear else 'true'}, {case}}},")
print("static const struct golden goldens[] = {")
print("\n".join(rows))
print("};")
