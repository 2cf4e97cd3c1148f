"""Prints tests/audio/resample_golden.h: a sound at another rate, as libsoxr makes it.

    .venv/bin/python tools/golden/resample.py > tests/audio/resample_golden.h

libsoxr's "very high quality" works in doubles and passes 0.91 of the slower rate's half; the sound
ends in silence on both sides and keeps below that.
"""
import numpy
import soxr

CASES = [(24000, 48000), (32000, 24000), (44100, 48000), (48000, 22050)]
LENGTH = 1600


def source(rate):
    """The test makes the same: three tones under a bell, all within 8 kHz."""
    i = numpy.arange(LENGTH) - LENGTH / 2
    bell = numpy.exp(-(i / 160) ** 2)
    tones = sum(numpy.sin(2 * numpy.pi * f / rate * i + f) for f in (440.0, 2950.0, 7800.0))
    return bell * tones / 3


print(f"/* Made by tools/golden/resample.py with soxr {soxr.__version__}. */")
print("/* clang-format off */")
rows = []
for old, new in CASES:
    out = soxr.resample(source(old), old, new, quality="VHQ")
    middle = round(LENGTH / 2 * new / old)
    values = out[middle - 40:middle + 40]
    print(f"static const double soxr_{old}_{new}[80] = {{" + ", ".join(f"{v:.10g}" for v in values) + "};")
    rows.append(f"    {{{old}, {new}, {middle - 40}, soxr_{old}_{new}}},")
print("static const struct golden goldens[] = {")
print("\n".join(rows))
print("};")
