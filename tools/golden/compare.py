"""Opens a model folder with the official implementation and holds diorama's numbers to it.

    .venv/bin/python tools/golden/compare.py FOLDER TAPS.safetensors [LIMIT]

TAPS is what `diorama probe -m FOLDER --inputs IN.safetensors --taps TAPS.safetensors` wrote. Every
tensor that transformers (or, for LSTM and GRU, torch) computes under the same name is compared;
ends with status 1 when one is further away than LIMIT (1e-4), or when there is nothing to compare.
Of text encoders the distance counts in parts of a tensor's largest number.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

import clip
import rnn
from lm import forward


def recurrent(folder, config, ids):
    model = rnn.Model(config)
    weights = load_file(folder / "model.safetensors")
    if config["tie_embeddings"]:
        weights["output.weight"] = weights["embedding.weight"]
    model.load_state_dict(weights)
    with torch.no_grad():
        logits, hidden, state = model(ids)
    return {"logits": logits, "hidden": hidden, **rnn.named_state(model, state)}


def official(folder, ids):
    config = json.loads((folder / "config.json").read_text())
    if config["model_type"] in ("lstm", "gru"):
        return recurrent(folder, config, ids)
    if config["model_type"] == "clip_text_model":
        return clip.forward(clip.open_model(folder.resolve()), ids)
    model, report = AutoModelForCausalLM.from_pretrained(
        folder, attn_implementation="eager", dtype=torch.float32, output_loading_info=True
    )
    assert not any(report.values()), report
    return forward(model.eval(), ids)


def main(folder, taps, limit=1e-4):
    ours = load_file(taps)
    theirs = official(Path(folder), ours["input_ids"].long())
    names = [k for k in theirs if k in ours and k != "input_ids"]
    relative = "last_hidden_state" in theirs
    worst = 0.0
    for name in names:
        away = (ours[name].float() - theirs[name]).abs().max().item()
        if relative:
            away /= theirs[name].abs().max().item()
        worst = max(worst, away)
        print(f"{name}: {away:.2e}")
    return names and worst <= float(limit)


if __name__ == "__main__":
    sys.exit(0 if main(*sys.argv[1:]) else 1)
