#!/usr/bin/env python3
"""How far captions are from the words that are heard under them.

    captions.py DIORAMA FILM CAPTIONS

FILM is a film or a track, CAPTIONS what was written with it: words with their times (.json or the
karaoke of .ass), or cues (.srt, .vtt), of which the first word's start is compared, and whether the
cue stays until its last word has ended. DIORAMA is the program: it knows how "$5" is said. What is
heard is found by forced alignment, which is itself off by 30 ms for one boundary in eight on speech
whose times are known (gate.py says how much), so single words prove nothing.

Needs numpy, ffmpeg, sox and the Python package pocketsphinx.
"""
import json
import re
import subprocess
import sys
import tempfile

import align
import numpy as np


def seconds(text):
    parts = [float(p) for p in text.replace(",", ".").split(":")]
    return sum(p * 60**k for k, p in enumerate(reversed(parts)))


# --- captions: [(start, end, text)] ---


def read_json(text):
    return [(w["start"], w["end"], w["text"]) for w in json.loads(text)["words"]]


def read_ass(text):
    words = []
    for line in text.splitlines():
        if not line.startswith("Dialogue:"):
            continue
        fields = line.split(",", 9)
        at = seconds(fields[1])
        for share, word in re.findall(r"\{\\k(\d+)\}([^{]*)", fields[9]):
            word = word.replace("\\N", " ").strip()
            if word:
                words.append((at, at + int(share) / 100, word))
            at += int(share) / 100
    return words


def read_cues(text):
    cues = []
    for block in re.split(r"\n\s*\n", text.replace("\r", "")):
        lines = block.strip().split("\n")
        for i, line in enumerate(lines):
            if "-->" in line:
                start, end = line.split("-->")
                said = re.sub(r"<[^>]*>", "", " ".join(lines[i + 1 :]))
                for name, sign in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
                    said = said.replace(name, sign)
                cues.append((seconds(start.strip()), seconds(end.split()[0]), said))
                break
    return cues


READERS = {"json": read_json, "ass": read_ass, "srt": read_cues, "vtt": read_cues}


# --- what is said ---


def spoken(diorama, text):
    """The pronunciation of each word that is said for a text."""
    said = subprocess.run([diorama, "speak", "--explain", text], check=True, capture_output=True, text=True).stdout
    words = []
    for line in said.splitlines():
        # the columns before the phones are two spaces or more apart; the last says where they are from
        found = re.search(r"\s((?:[a-z]{1,2}[0-2]?|\.)(?: (?:[a-z]{1,2}[0-2]?|\.))*)\s+\[[a-z ]+\]$", line)
        if found:
            phones = [re.sub(r"\d", "", p) for p in found.group(1).split() if p != "."]
            words.append(" ".join("AH" if p == "ax" else p.upper() for p in phones))
    return words


def hear(film, words):
    with tempfile.NamedTemporaryFile(suffix=".wav") as f:
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", film, "-vn", "-ac", "1", "-ar", "16000", f.name], check=True)
        return align.phones(f.name, [[w] for w in words])


# --- the report ---


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__.split("\n\n")[1].strip())
    diorama, film, captions = sys.argv[1:]
    kind = captions.rsplit(".", 1)[-1]
    if kind not in READERS:
        sys.exit(f"{captions}: one of .{', .'.join(READERS)}")
    with open(captions, encoding="utf-8") as f:
        told = READERS[kind](f.read())
    said = [spoken(diorama, text) for _, _, text in told]
    heard = hear(film, [w for words in said for w in words])
    if heard is None:
        sys.exit(f"{film}: these words are not heard in it")
    at, off, lost, early = 0, [], 0, []
    for (start, end, text), words in zip(told, said):
        mine = heard[at : at + len(words)]
        at += len(words)
        if not words or mine[0] is None or mine[-1] is None:
            lost += bool(words)
            continue
        off.append((start - mine[0][0], end - mine[-1][1]))
        if abs(off[-1][0]) > 0.1:
            early.append(f"{text!r} {1000 * off[-1][0]:+.0f} ms at {start:.2f} s")
    if not off:
        sys.exit(f"{film}: none of {len(told)} found")
    what = "words" if kind in ("json", "ass") else "cues"
    starts, ends = np.array(off).T
    print(f"{len(off)} {what}, {lost} not found")
    print(f"starts {100 * (np.abs(starts) <= 0.03).mean():.1f} % within 30 ms, "
          f"{100 * (np.abs(starts) <= 0.1).mean():.1f} % within 100 ms, median {1000 * np.median(starts):+.0f} ms, "
          f"at most {1000 * np.abs(starts).max():.0f} ms")
    if what == "words":
        print(f"ends {100 * (np.abs(ends) <= 0.03).mean():.1f} % within 30 ms, "
              f"{100 * (np.abs(ends) <= 0.1).mean():.1f} % within 100 ms, median {1000 * np.median(ends):+.0f} ms")
    else:
        print(f"gone before the last word is said: {(ends < -0.05).sum()}")
    for line in early:
        print(f"more than 100 ms off: {line}")


main()
