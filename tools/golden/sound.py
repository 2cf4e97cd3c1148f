"""Writes tests/golden/sound/: sound files that FFmpeg made, of samples known by a formula.

    .venv/bin/python tools/golden/sound.py

tests/audio/test_clip_io.c makes the same samples. FFmpeg's writers share no code with libsndfile's.
"""
import struct
import subprocess

from common import GOLDEN, say

OUT = GOLDEN / "sound"
CASES = [  # file, channels, samples, FFmpeg's coding, further options
    ("pcm8.wav", 1, 60, "pcm_u8", []),
    ("pcm16.wav", 2, 100, "pcm_s16le", []),
    ("pcm24.wav", 3, 70, "pcm_s24le", []),
    ("pcm32.wav", 1, 50, "pcm_s32le", []),
    ("float32.wav", 2, 40, "pcm_f32le", []),
    ("float64.wav", 1, 40, "pcm_f64le", []),
    ("mulaw.wav", 1, 64, "pcm_mulaw", []),
    ("alaw.wav", 1, 64, "pcm_alaw", []),
    ("flac16.flac", 2, 5000, "flac", ["-sample_fmt", "s16"]),
    ("flac24.flac", 1, 3000, "flac", ["-sample_fmt", "s32", "-bits_per_raw_sample", "24"]),
]


def sample(channel, i):
    """Eight bits, so that every coding holds them; a slow wave with a jump now and then."""
    return ((i * (3 + channel) + 40 * channel) % 200 - 100) << 24


OUT.mkdir(parents=True, exist_ok=True)
for name, channels, length, coding, options in CASES:
    raw = b"".join(struct.pack("<i", sample(c, i)) for i in range(length) for c in range(channels))
    command = ["ffmpeg", "-v", "error", "-f", "s32le", "-ar", "24000", "-ac", str(channels),
               "-i", "-", "-c:a", coding, *options, "-fflags", "+bitexact", "-flags", "+bitexact",
               "-y", str(OUT / name)]
    subprocess.run(command, input=raw, check=True)
    say(OUT / name)
