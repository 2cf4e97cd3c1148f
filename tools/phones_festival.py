#!/usr/bin/env python3
"""Compares our phones with those of festival's cmu_us_slt_arctic_hts, the house voice's teacher.

    python3 tools/phones_festival.py build/dev/tools/phones tests/audio/sentences.txt

Needs Debian's festival and festvox-us-slt-hts. Both read the same sentences; words are aligned,
and every word that is spoken otherwise is printed once, with how often it was."""
import collections
import difflib
import subprocess
import sys
import tempfile

SCHEME = """(voice_cmu_us_slt_arctic_hts)
(define (show_word w)
  (format out "%s" (item.name w))
  (mapcar (lambda (syl)
    (mapcar (lambda (seg)
      (format out " %s%s" (item.name seg)
        (if (string-equal (item.feat seg "ph_vc") "+") (item.feat syl "stress") "")))
      (item.daughters (item.relation syl "SylStructure"))))
    (item.daughters (item.relation w "SylStructure")))
  (format out " | "))
(define (show text)
  (let ((u (eval (list 'Utterance 'Text text))))
    (utt.synth u)
    (mapcar show_word (utt.relation.items u "Word"))
    (format out "\\n")))
(set! out (fopen "%s" "w"))
"""


def festival(sentences):
    with tempfile.TemporaryDirectory() as folder:
        result = folder + "/words.txt"
        with open(folder + "/show.scm", "w") as f:
            f.write(SCHEME.replace("%s\" \"w", result + "\" \"w"))
            for s in sentences:
                f.write('(show "%s")\n' % s.replace('"', ""))
            f.write("(fclose out)\n")
        subprocess.run(["festival", "-b", folder + "/show.scm"], check=True)
        return [words_of(line) for line in open(result)]


def ours(program, sentences):
    text = subprocess.run([program], input="\n".join(sentences) + "\n", check=True,
                          capture_output=True, text=True).stdout
    return [words_of(line) for line in text.splitlines()]


def words_of(line):
    """[(word, phones)]; festival's words 's and n't join the word before."""
    words = []
    for part in line.split("|"):
        fields = part.split()
        if not fields:
            continue
        if fields[0] in ("'s", "'") and words:
            words[-1] = (words[-1][0] + fields[0], words[-1][1] + fields[1:])
        else:
            words.append((fields[0].lower(), fields[1:]))
    return words


def bare(phones):
    return [p.rstrip("012") for p in phones]


def main():
    sentences = [s.strip() for s in open(sys.argv[2]) if s.strip() and s[0] != "#"]
    total = agree = stressed = phones = wrong = same_sentence = 0
    other = collections.Counter()
    for text, a, b in zip(sentences, ours(sys.argv[1], sentences), festival(sentences)):
        ours_all = [p for _, w in a for p in bare(w)]
        theirs_all = [p for _, w in b for p in bare(w)]
        same_sentence += ours_all == theirs_all
        phones += len(theirs_all)
        matches = difflib.SequenceMatcher(None, ours_all, theirs_all, autojunk=False)
        for op, i, j, k, m in matches.get_opcodes():
            if op != "equal":
                wrong += max(j - i, m - k)
        if len(a) != len(b):
            print("words differ:", text, [w for w, _ in a], [w for w, _ in b])
        for (word, x), (_, y) in zip(a, b):
            total += 1
            agree += bare(x) == bare(y)
            stressed += x == y
            if bare(x) != bare(y):
                other["%s: ours %s, festival's %s" % (word, " ".join(x), " ".join(y))] += 1
    for line, count in other.most_common():
        print("%3d  %s" % (count, line))
    print("%d sentences: %d alike; %d words: %.2f %% alike, %.2f %% with stress; "
          "%d phones: %.2f %% alike" % (len(sentences), same_sentence, total, 100 * agree / total,
                                        100 * stressed / total, phones,
                                        100 * (1 - wrong / phones)))


main()
