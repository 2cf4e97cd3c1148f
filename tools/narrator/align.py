"""Where words lie in a sound: by pocketsphinx, which knows English, or against the same words said at
known times.

Neither is the truth. pocketsphinx hears in steps of 10 ms, and where speech fades into a pause it
is late: on a teacher whose times are known it is the measure of itself. Warping one utterance onto
another of the same voice is far sharper, but says only where the same sound is.

Needs numpy, sox and the Python package pocketsphinx.
"""
import subprocess
import tempfile

import numpy as np

RATE = 24000
STEP = 120  # samples between spectra that are warped: 5 ms


def phones(path, words):
    """[(start, end)] in seconds of words in a sound file, None where one was not found. `words` holds
    what each is made of: one or more pronunciations in the model's phones ("HH AH L OW"). None when
    the sound is not these words."""
    import pocketsphinx

    sound = subprocess.run(["sox", "-D", path, "-r", "16000", "-c", "1", "-b", "16", "-e", "signed", "-t", "raw", "-"],
                           check=True, capture_output=True).stdout
    names = [f"w{i}" for i in range(len(words))]
    with tempfile.NamedTemporaryFile("w", suffix=".dict") as f:
        for name, ways in zip(names, words):
            for k, way in enumerate(ways):
                f.write(f"{name}{f'({k + 1})' if k else ''} {way}\n")
        f.flush()
        decoder = pocketsphinx.Decoder(dict=f.name, lm=None, loglevel="FATAL")
        decoder.set_align_text(" ".join(names))
        found = {}
        try:
            for again in (False, True):  # words first, then their states
                if again:
                    decoder.set_alignment()
                decoder.start_utt()
                decoder.process_raw(sound, full_utt=True)
                decoder.end_utt()
                if again:
                    segments = [(w.name, w.start, w.start + w.duration) for w in decoder.get_alignment()]
                else:
                    segments = [(w.word, w.start_frame, w.end_frame + 1) for w in decoder.seg()]
                found = {name.split("(")[0]: (start / 100, end / 100) for name, start, end in segments}
        except RuntimeError:
            if not found:
                return None
            # a pause between words that the second pass does not allow for: the first pass stands
    return [found.get(name) for name in names]


# --- warping ---


def spectra(x, bands=40, size=600, fft=1024):
    """Logarithms of mel bands and how they change, every STEP samples: [T, 2 bands]."""
    mel = lambda hz: 2595 * np.log10(1 + hz / 700)
    at, edges = mel(np.linspace(0, RATE / 2, fft // 2 + 1)), np.linspace(mel(60), mel(11000), bands + 2)
    up = (at[None] - edges[:-2, None]) / np.diff(edges)[:-1, None]
    down = (edges[2:, None] - at[None]) / np.diff(edges)[1:, None]
    x = np.r_[np.zeros(size // 2), x, np.zeros(size)]
    pieces = np.lib.stride_tricks.sliding_window_view(x, size)[::STEP] * np.hanning(size)
    power = np.abs(np.fft.rfft(pieces, fft)) ** 2
    y = np.log(power @ np.maximum(0, np.minimum(up, down)).T + 1e-5)
    change = np.zeros_like(y)
    change[2:-2] = (y[4:] - y[:-4]) / 2
    return np.c_[y, change]


def warp(known, other, ends=20):
    """Pairs of places in both at which they sound alike, as seconds [N, 2]: the cheapest path that
    runs at half to twice the speed. A path may begin and end `ends` steps off."""
    a, b = spectra(known), spectra(other)
    cost = np.sqrt(np.maximum((a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T, 0))
    n, m = cost.shape
    best, came = np.full((n, m), np.inf), np.zeros((n, m), int)
    best[0, :ends] = cost[0, :ends]
    for i in range(1, n):
        ways = np.full((3, m), np.inf)
        ways[0, 1:] = best[i - 1, :-1] + cost[i, 1:]
        ways[1, 2:] = best[i - 1, :-2] + 0.75 * (cost[i, 1:-1] + cost[i, 2:])
        if i > 1:
            ways[2, 1:] = best[i - 2, :-1] + 0.75 * (cost[i - 1, 1:] + cost[i, 1:])
        came[i], best[i] = ways.argmin(0), ways.min(0)
    i, j = n - 1, m - ends + int(best[-1, -ends:].argmin())
    if not np.isfinite(best[i, j]):
        return None  # more than twice as long, or less than half
    path = [(i, j)]
    while i > 0:
        back = ((1, 1), (1, 2), (2, 1))[came[i, j]]
        i, j = i - back[0], j - back[1]
        path.append((i, j))
    return np.array(path[::-1]) * (STEP / RATE)


def moved(path, t):
    """Where the other is when the known one is at t."""
    return float(np.interp(t, path[:, 0], path[:, 1]))


def report(name, off, limit=0.03):
    """How far off starts and ends of words are: off [(start, end)] in seconds."""
    off = np.array(off)
    if not len(off):
        print(f"{name} none found")
        return
    near = np.abs(off) <= limit
    middle = 1000 * np.median(off, axis=0)
    print(f"{name} {100 * near.mean():.1f} % of {off.size} within {1000 * limit:.0f} ms "
          f"(starts {100 * near[:, 0].mean():.1f}, ends {100 * near[:, 1].mean():.1f}), "
          f"median {middle[0]:+.1f} and {middle[1]:+.1f} ms", flush=True)
