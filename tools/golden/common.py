"""What the golden scripts share: seeding, one safetensors writer, one place for the output.

A golden is a file of truth made by somebody else's implementation. It has to be the same bytes
whenever it is made again with the same versions, so this module fixes the seed, one thread and
the order of everything written. The safetensors package keeps metadata in a hash map whose order
changes from run to run; the writer here sorts it instead, and is small enough to check by eye.
"""

import json
import os
import struct
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing here may ever reach for the network
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"

NAMES = {
    torch.float32: "F32",
    torch.float64: "F64",
    torch.bfloat16: "BF16",
    torch.float16: "F16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


def seed(value):
    """The same numbers on every run: one thread, one generator, no algorithm that races."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(value)


def data(tensor):
    """The tensor's bytes, row by row, little endian."""
    flat = tensor.detach().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


def versions():
    import transformers

    return {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__}


def dump(path, tensors, seed, script, **metadata):
    """Writes `tensors` (name -> tensor, in this order) with where they come from.

    metadata values that are not text become JSON text, since safetensors allows text only.
    """
    meta = {"script": f"tools/golden/{script}", "seed": str(seed), **versions()}
    for key, value in metadata.items():
        meta[key] = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    header, blobs, at = {"__metadata__": dict(sorted(meta.items()))}, [], 0
    # The widest types first, so that every tensor starts on a multiple of its own size.
    for name, tensor in sorted(tensors.items(), key=lambda item: -item[1].element_size()):
        blob = data(tensor)
        header[name] = {
            "dtype": NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [at, at + len(blob)],
        }
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))
    check(path, tensors)


def check(path, tensors):
    """Reads the file back with the official package: it must be what we meant."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as f:
        assert set(f.keys()) == set(tensors), path
        for name, tensor in tensors.items():
            got = f.get_tensor(name)
            assert got.dtype == tensor.dtype and got.shape == tensor.shape, f"{path}: {name}"
            assert data(got) == data(tensor), f"{path}: {name}"


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def say(path):
    """One line for each file made, with its size."""
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size:,} bytes", file=sys.stderr)
