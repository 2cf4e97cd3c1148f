"""Rotary embedding: the rotation in both layouts, and the frequency tables of every scaling."""

import torch
from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding, rotate_half


def rotate(x, start, inv_freq, interleaved, factor):
    """x [B,T,K,D] by transformers' rotate_half; interleaved pairs are sorted into halves first."""
    r = 2 * inv_freq.numel()
    at = start.double()[:, None] + torch.arange(x.shape[1])
    angle = at[..., None] * inv_freq
    angle = torch.cat([angle, angle], -1)[:, :, None]
    turn, rest = x[..., :r], x[..., r:]
    if interleaved:
        turn = torch.cat([turn[..., 0::2], turn[..., 1::2]], -1)
    turn = factor * (turn * angle.cos() + rotate_half(turn) * angle.sin())
    if interleaved:
        turn = torch.stack(turn.chunk(2, -1), -1).flatten(-2)
    return torch.cat([turn, rest], -1)


def rope(f):
    def case(name, x, r, start, interleaved=False, factor=1.0):
        inv_freq = (1.0 / (100.0 ** (torch.arange(0, r, 2).double() / r))).float()
        inputs = {"x": f.randn(*x), "start": torch.tensor(start, dtype=torch.int32),
                  "inv_freq": inv_freq}
        f.case(name, "rope", inputs,
               lambda x, s, w: rotate(x, s, w, interleaved, factor), fixed=("inv_freq",),
               interleaved=interleaved, factor=factor)

    case("half", (2, 4, 3, 8), 8, [0, 0])
    case("half_at", (2, 3, 2, 8), 8, [5, 17])
    case("interleaved", (2, 4, 2, 8), 8, [0, 3], interleaved=True)
    case("partial", (1, 5, 2, 10), 4, [2])
    case("partial_interleaved", (1, 5, 2, 10), 6, [2], interleaved=True)
    case("factor", (2, 3, 2, 8), 8, [1, 4], factor=1.2079441)


# rope_scaling as config.json has it; head size, base and context of published models.
TABLES = {
    "default": (64, 10000.0, 2048, None),
    "default_500k": (128, 500000.0, 8192, None),
    "linear": (64, 10000.0, 4096, {"rope_type": "linear", "factor": 4.0}),
    "dynamic": (64, 10000.0, 2048, {"rope_type": "dynamic", "factor": 2.0}),
    "yarn": (128, 1000000.0, 131072, {
        "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}),
    "yarn_betas": (64, 10000.0, 65536, {
        "rope_type": "yarn", "factor": 16.0, "beta_fast": 24.0, "beta_slow": 2.0,
        "original_max_position_embeddings": 4096}),
    "yarn_attention_factor": (64, 10000.0, 16384, {
        "rope_type": "yarn", "factor": 8.0, "attention_factor": 0.75,
        "original_max_position_embeddings": 2048}),
    "llama3": (128, 500000.0, 131072, {
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192}),
    "llama3_32": (64, 500000.0, 131072, {
        "rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192}),
}


def rope_tables(f):
    """Frequencies and attention factor; dynamic scaling at lengths beyond the trained one too."""
    for name, (size, theta, positions, scaling) in TABLES.items():
        config = LlamaConfig(hidden_size=size, num_attention_heads=1, head_dim=size,
                             max_position_embeddings=positions, rope_theta=theta,
                             rope_scaling=dict(scaling) if scaling else None)
        kind = scaling["rope_type"] if scaling else "default"
        make = ROPE_INIT_FUNCTIONS.get(kind, LlamaRotaryEmbedding.compute_default_rope_parameters)
        lengths = [positions, 2 * positions, 5 * positions] if kind == "dynamic" else [None]
        for length in lengths:
            options = {"seq_len": length} if length else {}
            inv_freq, factor = make(config, device=torch.device("cpu"), **options)
            f.case(name if length in (None, positions) else f"{name}_{length}", "rope_table", {},
                   lambda: {"inv_freq": inv_freq}, head_dim=size, rope_theta=theta,
                   max_position_embeddings=positions, rope_scaling=scaling,
                   length=length or positions, attention_factor=float(factor))


FILES = {"rope": rope, "rope_tables": rope_tables}
