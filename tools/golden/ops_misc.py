"""Tables, scans, matrices."""

import torch
import torch.nn.functional as F


def tables(f):
    f.case("embedding", "embedding", {"table": f.randn(7, 4), "ids": f.randint(7, 2, 5)},
           lambda table, ids: F.embedding(ids.long(), table))

    def gather(name, x, ids, axis):
        f.case(name, "gather", {"x": f.randn(*x), "ids": f.randint(x[axis], *ids)},
               lambda x, ids: torch.gather(x, axis, ids.long()), axis=axis)

    def scatter(name, x, ids, axis):
        inputs = {"x": f.randn(*x), "ids": f.randint(x[axis], *ids), "src": f.randn(*ids)}
        f.case(name, "scatter_add", inputs,
               lambda x, ids, src: torch.scatter_add(x, axis, ids.long(), src), axis=axis)

    gather("gather_rows", (5, 4), (7, 4), 0)
    gather("gather_last", (2, 3, 6), (2, 3, 4), 2)
    gather("gather_middle", (2, 5, 3), (2, 2, 3), 1)
    scatter("scatter_rows", (5, 4), (7, 4), 0)
    scatter("scatter_last", (2, 3, 6), (2, 3, 9), 2)
    scatter("scatter_middle", (2, 5, 3), (2, 8, 3), 1)


def scans(f):
    for axis in range(3):
        f.case(f"cumsum_{axis}", "cumsum", {"x": f.randn(3, 4, 5)},
               lambda x: torch.cumsum(x, axis), axis=axis)
    ties = torch.tensor([[1.0, 3.0, 3.0, 2.0], [5.0, 5.0, 5.0, 5.0]])
    f.case("argmax_ties", "argmax", {"x": ties}, lambda x: torch.argmax(x, 1), axis=1,
           fixed=("x",))
    f.case("argmax_rows", "argmax", {"x": f.randn(4, 3, 2)}, lambda x: torch.argmax(x, 0), axis=0,
           fixed=("x",))
    f.case("max", "max", {"x": f.randn(3, 4, 5)}, lambda x: x.max(1).values, axis=1)
    f.case("sum", "sum", {"x": f.randn(3, 4, 5)}, lambda x: x.sum((0, 2)), axes=[0, 2])
    f.case("mean", "mean", {"x": f.randn(3, 4, 5)}, lambda x: x.mean((1,)), axes=[1])


def matrices(f):
    def matmul(name, a, b, ta=False, tb=False):
        f.case(name, "matmul", {"a": f.randn(*a), "b": f.randn(*b)},
               lambda a, b: (a.mT if ta else a) @ (b.mT if tb else b), transpose_a=ta,
               transpose_b=tb)

    acts = {"none": lambda x: x, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
            "silu": F.silu, "relu": F.relu}

    def linear(name, x, w, bias=True, act="none", kn=False):
        inputs = {"x": f.randn(*x), "w": f.randn(*w),
                  "b": f.randn(w[1] if kn else w[0]) if bias else None}
        f.case(name, "linear_kn" if kn else "linear", inputs,
               lambda x, w, b: acts[act](F.linear(x, w.T if kn else w, b)), act=act)

    matmul("matmul", (3, 4), (4, 5))
    matmul("matmul_ta", (4, 3), (4, 5), ta=True)
    matmul("matmul_tb", (3, 4), (5, 4), tb=True)
    matmul("matmul_tatb", (2, 4, 3), (2, 5, 4), ta=True, tb=True)
    matmul("matmul_broadcast", (2, 1, 3, 4), (3, 4, 5))
    matmul("matmul_shared", (2, 3, 4), (4, 5))
    matmul("matmul_row", (1, 40), (40, 33))
    linear("linear", (2, 3, 6), (5, 6))
    linear("linear_no_bias", (4, 6), (5, 6), bias=False)
    linear("linear_gelu", (2, 3, 6), (5, 6), act="gelu_tanh")
    linear("linear_silu", (2, 3, 6), (5, 6), act="silu")
    linear("linear_kn", (2, 3, 6), (6, 5), kn=True)
    linear("linear_kn_gelu", (3, 6), (6, 5), kn=True, act="gelu_tanh")


FILES = {"tables": tables, "scans": scans, "matrices": matrices}
