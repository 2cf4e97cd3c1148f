#!/usr/bin/env python3
"""What narrator_gate wrote, heard: words by pocketsphinx, pitch by praat, where words begin and end,
a buzz at the frame rate, clicks and clipping.

    gate.py CORPUS OUT [COUNT [KIND]]

CORPUS holds utterances.jsonl (or part-*/utterances.jsonl), OUT what narrator_gate wrote. Needs numpy,
Debian's pocketsphinx, pocketsphinx-en-us, praat, sox and the Python package pocketsphinx.

Two word error rates for the narrator and for its teacher: `closed`, where any word of twenty
sentences may follow any other, each pronounced as the teacher pronounces it; `open`, with the
model of general English. KIND (.forced, .copy) hears other files in the narrator's place. Their 95 %
interval is a bootstrap over sentences, and that of the difference is of the same sentences in pairs.

Words' starts and ends as the narrator says them to be are held against where they are heard, in two
ways (align.py), each with its own error beside it: pocketsphinx on the teacher, whose times are
known; warping onto the narrator when it speaks at the teacher's times.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile
import wave

import align
import numpy as np

MODEL = "/usr/share/pocketsphinx/model/en-us"
GROUP = 20
HOP = 256
RATE = 24000


def read_corpus(folder):
    utterances = {}
    paths = glob.glob(f"{folder}/utterances.jsonl") + glob.glob(f"{folder}/part-*/utterances.jsonl")
    for path in paths:
        with open(path) as lines:
            for line in lines:
                if '"split":"test"' in line and line.endswith("\n"):
                    u = json.loads(line)
                    utterances[u["id"]] = u
    return utterances


def words_of(u):
    return ["".join(c for c in w[0].lower() if c.isalnum() or c == "'") for w in u["words"] if w[3] >= 0]


def pronunciations(u):
    phones = u["phones"].split()
    for w, text in zip([w for w in u["words"] if w[3] >= 0], words_of(u)):
        yield text, " ".join("AH" if p == "ax" else p.upper() for p in phones[w[3] : w[4]] if p != "pau")


def read_wave(path):
    with wave.open(path) as f:
        return np.frombuffer(f.readframes(f.getnframes()), "<i2").astype(float) / 32768


# --- words ---


def errors(said, heard):
    """Substitutions, insertions and deletions between two lists of words."""
    row = list(range(len(heard) + 1))
    for i, a in enumerate(said, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(heard, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]


def hear(paths, options, folder):
    """What pocketsphinx hears in each file."""
    control, result = f"{folder}/control", f"{folder}/heard"
    with open(control, "w") as f:
        for i, path in enumerate(paths):
            subprocess.run(["sox", "-D", path, "-r", "16000", f"{folder}/{i}.wav"], check=True)
            f.write(f"{i}\n")
    subprocess.run(
        ["pocketsphinx_batch", "-adcin", "yes", "-adchdr", "44", "-cepdir", folder, "-cepext", ".wav", "-ctl", control,
         "-hyp", result, "-hmm", f"{MODEL}/en-us", "-logfn", "/dev/null", *options],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    heard = [[] for _ in paths]
    with open(result) as f:
        for line in f:
            text, _, tail = line.rpartition("(")
            heard[int(tail.split()[0])] = [w.split("(")[0] for w in text.split() if w[0] not in "<["]
    return heard


def closed(utterances, out, kind):
    heard = []
    for i in range(0, len(utterances), GROUP):
        group = utterances[i : i + GROUP]
        entries = {}
        for u in group:
            for text, phones in pronunciations(u):
                if text and phones:
                    entries.setdefault(text, set()).add(phones)
        with tempfile.TemporaryDirectory() as folder:
            with open(f"{folder}/words", "w") as f:
                for text, ways in sorted(entries.items()):
                    for k, phones in enumerate(sorted(ways)):
                        f.write(f"{text}{f'({k + 1})' if k else ''} {phones}\n")
            with open(f"{folder}/loop", "w") as f:
                f.write("#JSGF V1.0;\ngrammar loop;\npublic <all> = ( " + " | ".join(sorted(entries)) + " )+ ;\n")
            paths = [f"{out}/{u['id']}{kind}.wav" for u in group]
            heard += hear(paths, ["-dict", f"{folder}/words", "-jsgf", f"{folder}/loop"], folder)
    return heard


def open_words(utterances, out, kind):
    with tempfile.TemporaryDirectory() as folder:
        paths = [f"{out}/{u['id']}{kind}.wav" for u in utterances]
        return hear(paths, ["-dict", f"{MODEL}/cmudict-en-us.dict", "-lm", f"{MODEL}/en-us.lm.bin"], folder)


def interval(values):
    return f"{np.percentile(values, 2.5):.1f} to {np.percentile(values, 97.5):.1f}"


def word_errors(name, test, utterances, out, mine):
    said = [words_of(u) for u in utterances]
    counts = np.array([len(s) for s in said], float)
    wrong = {}
    for kind in (mine, ".teacher"):
        heard = test(utterances, out, kind)
        wrong[kind] = np.array([errors(s, h) for s, h in zip(said, heard)], float)
    rng = np.random.default_rng(1)
    picks = rng.integers(0, len(said), (2000, len(said)))
    rate = {kind: 100 * w[picks].sum(1) / counts[picks].sum(1) for kind, w in wrong.items()}
    for kind, label in ((mine, "narrator"), (".teacher", "teacher")):
        print(f"{name} {label} {100 * wrong[kind].sum() / counts.sum():.1f} % ({interval(rate[kind])})")
    off = 100 * (wrong[mine].sum() - wrong[".teacher"].sum()) / counts.sum()
    print(f"{name} difference {off:+.1f} points ({interval(rate[mine] - rate['.teacher'])})", flush=True)


# --- pitch ---

PRAAT = """form Pitch
  text path
endform
Read from file: path$
To Pitch: 0.005, 60, 500
n = Get number of frames
for i to n
  t = Get time from frame number: i
  v = Get value in frame: i, "Hertz"
  appendInfoLine: fixed$(t, 4), " ", v
endfor
"""


def pitch(path, script):
    lines = subprocess.run(["praat", "--run", script, os.path.abspath(path)], capture_output=True, text=True,
                           check=True).stdout.split("\n")
    return {round(float(t) / 0.005): 0.0 if "undef" in v else float(v) for t, v in (x.split() for x in lines if x)}


def pitches(utterances, out):
    off, both, only, neither = [], 0, 0, 0
    with tempfile.NamedTemporaryFile("w", suffix=".praat", delete=False) as f:
        f.write(PRAAT)
    for u in utterances:
        a = pitch(f"{out}/{u['id']}.forced.wav", f.name)
        b = pitch(f"{out}/{u['id']}.teacher.wav", f.name)
        for t in a.keys() & b.keys():
            both += a[t] > 0 and b[t] > 0
            only += (a[t] > 0) != (b[t] > 0)
            if a[t] > 0 and b[t] > 0:
                off.append(a[t] - b[t])
    os.unlink(f.name)
    off = np.array(off)
    # An estimator's octave errors are not the narrator's: told apart, not left out in silence.
    octave = np.abs(off) > 60
    print(f"pitch rmse {np.sqrt(np.mean(off**2)):.1f} Hz, without {100 * octave.mean():.1f} % of jumps "
          f"{np.sqrt(np.mean(off[~octave] ** 2)):.1f} Hz, mean {off.mean():+.1f} Hz")
    print(f"voicing f1 {2 * both / (2 * both + only):.3f}", flush=True)


# --- where words begin and end ---


def times(u, ends):
    """Of each word (start, end) in seconds, when the phones end before these samples."""
    at = [0, *ends]
    return [(at[w[3]] / RATE, at[w[4]] / RATE) for w in u["words"] if w[3] >= 0]


def heard_words(utterances, path, ends):
    off, lost = [], 0
    for u in utterances:
        words = [[way] for _, way in pronunciations(u)]
        found = align.phones(path(u), words) or [None] * len(words)
        lost += found.count(None)
        off += [(h[0] - t[0], h[1] - t[1]) for h, t in zip(found, times(u, ends(u))) if h]
    return off, lost


def warped_words(utterances, path, ends, out):
    off = []
    for u in utterances:
        way = align.warp(read_wave(f"{out}/{u['id']}.teacher.wav"), read_wave(path(u)))
        if way is None:
            continue
        for known, told in zip(times(u, u["ends"]), times(u, ends(u))):
            off.append([align.moved(way, k) - t for k, t in zip(known, told)])
    return off


def boundaries(utterances, out, own):
    def mine(u):
        return own[u["id"]]

    def known(u):
        return u["ends"]

    def file(kind):
        return lambda u: f"{out}/{u['id']}{kind}.wav"

    for name, kind, ends in (("teacher", ".teacher", known), ("narrator", "", mine)):
        off, lost = heard_words(utterances, file(kind), ends)
        align.report(f"boundaries pocketsphinx {name}", off)
        if lost:
            print(f"boundaries pocketsphinx {name}: {lost} words not found")
    for name, kind, ends in (("at the teacher's times", ".forced", known), ("narrator", "", mine)):
        align.report(f"boundaries warped {name}", warped_words(utterances, file(kind), ends, out))


# --- a buzz at the frame rate, clicks, clipping ---


def line_at_hop(x):
    """How far the envelope's line at 24000 / 256 Hz stands over its neighbours, dB."""
    envelope = np.abs(x)
    n = len(envelope)
    power = np.abs(np.fft.rfft(envelope * np.hanning(n))) ** 2
    at, width = 24000 / HOP * n / 24000, max(2, n // 24000)
    k = int(round(at))
    near = np.r_[power[k - 12 * width : k - 3 * width], power[k + 3 * width : k + 12 * width]]
    return 10 * np.log10(power[k - width : k + width + 1].max() / np.median(near))


def jump(x):
    """The largest step from a sample to the next, against how loud 10 ms around it are: a click is a
    step that nothing around it announces."""
    step = np.abs(np.diff(x))
    power = np.convolve(np.diff(x) ** 2, np.ones(RATE // 100) / (RATE // 100), "same")
    return (step / np.sqrt(power + 1e-7)).max()


def buzz(utterances, out):
    kinds = {"narrator": "", "forced": ".forced", "teacher": ".teacher"}
    waves = {name: [read_wave(f"{out}/{u['id']}{kind}.wav") for u in utterances] for name, kind in kinds.items()}
    line = {name: np.mean([line_at_hop(x) for x in xs]) for name, xs in waves.items()}
    print(f"line at {RATE / HOP:.2f} Hz narrator {line['forced']:.1f} dB, teacher {line['teacher']:.1f} dB")
    for name in ("narrator", "teacher"):
        xs = waves[name]
        steps, jumps = [np.abs(np.diff(x)).max() for x in xs], [jump(x) for x in xs]
        print(f"steps {name} at most {max(steps):.3f}; over their surroundings at most {max(jumps):.1f}, "
              f"median {np.median(jumps):.1f}; loudest sample {max(np.abs(x).max() for x in xs):.3f}, "
              f"{sum((np.abs(x) > 0.9999).sum() for x in xs)} clipped", flush=True)


def main():
    corpus, out = sys.argv[1:3]
    known = read_corpus(corpus)
    with open(f"{out}/list.tsv") as f:
        lines = [line.rstrip("\n").split("\t") for line in f]
    utterances = [known[int(line[0])] for line in lines]
    own = {int(line[0]): [int(end) for end in line[2].split()] for line in lines}
    if len(sys.argv) > 3:
        utterances = utterances[: int(sys.argv[3])]
    print(f"{len(utterances)} sentences, {sum(len(words_of(u)) for u in utterances)} words")
    kind = sys.argv[4] if len(sys.argv) > 4 else ""
    if not kind:
        pitches(utterances, out)
        buzz(utterances, out)
        boundaries(utterances, out, own)
    word_errors("closed", closed, utterances, out, kind)
    word_errors("open", open_words, utterances, out, kind)


main()
