#!/bin/sh
# teach.sh: writes the corpus from which the house narrator learns: sentences, labels, speech.
#
#     teach.sh BIN DIR [COUNT [SEED [PROCESSES]]]
#
# BIN holds the built programs `sentences` and `teacher`. DIR/part-0, part-1, ... are made side by
# side, each by a process of its own; what they say together does not depend on how many there are.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=$1 dir=$2 count=${3:-8300} seed=${4:-1} processes=${5:-1}
festival=/usr/share/festival
voice=$festival/voices/us/cmu_us_slt_arctic_hts/hts/cmu_us_slt_arctic_hts.htsvoice
lexicon=$festival/dicts/cmu/cmudict-0.4.out

mkdir -p "$dir"
"$bin/sentences" "$here/sentences.yaml" "$here/../../assets/corpus" "$lexicon" "$seed" "$count" >"$dir/sentences.tsv"
part=0 all=
while [ "$part" -lt "$processes" ]; do
    awk -F '\t' -v n="$processes" -v part="$part" \
        '$1 % n == part { printf "(say \"%s\" \"%s\")\n", $1, $4 }' "$dir/sentences.tsv" >"$dir/say-$part.scm"
    festival -b "$here/labels.scm" "$dir/say-$part.scm" |
        "$bin/teacher" "$voice" "$dir/sentences.tsv" "$seed" "$dir/part-$part" &
    all="$all $!"
    part=$((part + 1))
done
for one in $all; do wait "$one"; done
