"""Goldens of the recurrent language models: torch.nn.LSTM and torch.nn.GRU.

    .venv/bin/python tools/golden/rnn.py [NAME ...]

Nobody publishes a config.json for these, so the folder's is ours; the weights carry the names
and the gate order of torch's state dict (LSTM: i f g o; GRU: r z n, with the reset gate applied
after the hidden product and its bias).
"""

import shutil
import sys

import torch
from torch import nn

from common import GOLDEN, dump, say, seed, write_json

BATCH, TOKENS, PROMPT, NEW = 2, 24, 8, 64
MARGIN, VARIETY = 4e-3, 16  # as in lm.py

MODELS = {
    "lstm": {"seed": 1701, "model_type": "lstm", "vocab_size": 96, "embedding_size": 24,
             "hidden_size": 32, "num_layers": 2, "tie_embeddings": False},
    "gru": {"seed": 1402, "model_type": "gru", "vocab_size": 96, "embedding_size": 24,
            "hidden_size": 32, "num_layers": 2, "tie_embeddings": False},
    "lstm-tied": {"seed": 1403, "model_type": "lstm", "vocab_size": 128, "embedding_size": 32,
                  "hidden_size": 32, "num_layers": 1, "tie_embeddings": True},
    "gru-tied": {"seed": 504, "model_type": "gru", "vocab_size": 128, "embedding_size": 32,
                 "hidden_size": 32, "num_layers": 2, "tie_embeddings": True},
}


class Model(nn.Module):
    def __init__(self, config):
        super().__init__()
        kind = {"lstm": nn.LSTM, "gru": nn.GRU}[config["model_type"]]
        self.embedding = nn.Embedding(config["vocab_size"], config["embedding_size"])
        self.rnn = kind(config["embedding_size"], config["hidden_size"], config["num_layers"],
                        batch_first=True)
        self.output = nn.Linear(config["hidden_size"], config["vocab_size"])
        if config["tie_embeddings"]:
            self.output.weight = self.embedding.weight

    def forward(self, ids, state=None):
        hidden, state = self.rnn(self.embedding(ids), state)
        return self.output(hidden), hidden, state


def randomise(model, value):
    generator = torch.Generator().manual_seed(value)
    with torch.no_grad():
        for name, p in model.named_parameters():
            scale = 1.0 if "embedding" in name else 0.3 if p.dim() == 1 else 0.5
            p.copy_(scale * torch.randn(p.shape, generator=generator))


def save(folder, model, config):
    shutil.rmtree(folder, ignore_errors=True)
    write_json(folder / "config.json", {k: v for k, v in config.items() if k != "seed"})
    tensors = dict(model.named_parameters())  # a tied output.weight appears once
    dump(folder / "model.safetensors", tensors, seed=config["seed"], script="rnn.py", format="pt")


def named_state(model, state):
    names = ["h", "c"] if isinstance(state, tuple) else ["h"]
    return {f"state.{n}": s for n, s in zip(names, state if len(names) == 2 else [state])}


@torch.no_grad()
def greedy(model, prompt):
    logits, _, state = model(prompt[None])
    ids, margin = [], float("inf")
    while len(ids) < NEW:
        best = logits[0, -1].topk(2)
        margin = min(margin, (best.values[0] - best.values[1]).item())
        ids.append(best.indices[0].item())
        logits, _, state = model(best.indices[:1][None], state)
    return torch.tensor(ids), margin


def train(model, ids):
    logits = model(ids)[0]
    loss = nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    loss.backward()
    grads = {f"grad.{k}": p.grad.clone() for k, p in model.named_parameters()}
    return {"loss": loss.reshape(1), **grads}


def golden(name, config):
    seed(config["seed"])
    model = Model(config)
    randomise(model, config["seed"])
    folder = GOLDEN / "rnn" / name
    save(folder, model, config)
    generator = torch.Generator().manual_seed(config["seed"] + 1000)
    ids = torch.randint(0, config["vocab_size"], (BATCH, TOKENS), generator=generator)
    with torch.no_grad():
        logits, hidden, state = model(ids)
    new, margin = greedy(model, ids[0, :PROMPT])
    unique = len(set(new.tolist()))
    assert margin > MARGIN and unique >= VARIETY, f"{name}: {margin:.1e}, {unique}: other seed"
    taps = {"input_ids": ids, "logits": logits, "hidden": hidden, **named_state(model, state),
            "greedy.prompt": ids[0, :PROMPT], "greedy.ids": new, **train(model, ids)}
    path = folder / "golden.safetensors"
    dump(path, taps, seed=config["seed"], script="rnn.py",
         attrs={"greedy_margin": round(margin, 6)})
    print(f"{name}: logits std {logits.std():.2f}, greedy margin {margin:.1e}, {unique} tokens",
          file=sys.stderr)
    say(path)


if __name__ == "__main__":
    for name in sys.argv[1:] or MODELS:
        golden(name, MODELS[name])
