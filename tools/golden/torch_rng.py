"""Prints tests/base/torch_rng_golden.h: what torch's CPU generator gives for a few seeds.

Sizes lie on both sides of 16, where torch.randn changes its method, and off its multiples, where
the last sixteen values are drawn twice. "mix" is one generator asked for 3, 20 and 2 normals.
"""
import torch

SEEDS = (0, 42, 2**32 + 7)
SIZES = (1, 5, 15, 16, 17, 40)


def row(name, values):
    words = ", ".join(f"{float(v).hex()}f" for v in values)
    return f"    {{{name}, {len(values)}, {{{words}}}}},"


def seeded(seed):
    return torch.Generator().manual_seed(seed)


torch.set_num_threads(1)
print("/* Made by tools/golden/torch_rng.py with torch", torch.__version__.split("+")[0] + ". */")
print("/* clang-format off */")
print("static const struct golden randn[] = {")
for seed in SEEDS:
    for n in SIZES:
        print(row(f"{seed}ull", torch.randn(n, generator=seeded(seed))))
print("};\nstatic const struct golden rand_[] = {")
for seed in SEEDS:
    print(row(f"{seed}ull", torch.rand(8, generator=seeded(seed))))
g = seeded(7)
mix = torch.cat([torch.randn(n, generator=g) for n in (3, 20, 2)])
print("};\nstatic const struct golden mix =")
print(row("7ull", mix).rstrip(",") + ";")
# The first words, which must be the same bits: a full-range random_ keeps 64 of them.
print("static const uint64_t words[] = {")
t = torch.empty(4, dtype=torch.int64).random_(-2**63, None, generator=seeded(42))
print("    " + ", ".join(f"0x{int(v) & (2**64 - 1):x}ull" for v in t) + ",\n};")
