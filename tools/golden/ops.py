"""Goldens of operators that are easy to get wrong, computed by torch in double precision.

    .venv/bin/python tools/golden/ops.py [FILE ...]

One file for each builder of tensor/ops.h (or a group of small ones), several cases in each.
A case CASE holds CASE.in.NAME for each input, CASE.out.NAME for each output, CASE.r.NAME random
numbers of the output's shape, and CASE.grad.NAME, the gradient of sum(out * r) over all outputs
that have an r. The metadata's "attrs" is {CASE: {"op": builder, "inputs": [in order],
"outputs": [...], attributes under the names they have in ops.h}}.

Inputs are float32 numbers; torch computes in float64 and the results are rounded once.
"""

import sys

import torch

import ops_conv
import ops_loss
import ops_misc
import ops_norm
import ops_rope
import ops_sequence
from common import GOLDEN, dump, say, seed

SEED = 301
FILES = {
    **ops_conv.FILES, **ops_norm.FILES, **ops_sequence.FILES, **ops_rope.FILES,
    **ops_loss.FILES, **ops_misc.FILES,
}


class File:
    """Collects the cases of one golden file."""

    def __init__(self, value):
        self.generator = torch.Generator().manual_seed(value)
        self.tensors, self.attrs = {}, {}

    def randn(self, *shape, scale=1.0):
        return scale * torch.randn(shape, generator=self.generator)

    def rand(self, *shape, lo=0.0, hi=1.0):
        return lo + (hi - lo) * torch.rand(shape, generator=self.generator)

    def randint(self, high, *shape):
        return torch.randint(0, high, shape, generator=self.generator).to(torch.int32)

    def case(self, name, op, inputs, function, fixed=(), constant=(), **attrs):
        """Runs function(inputs...) and keeps what the tests need.

        inputs: name -> tensor or None for one that is not given; fixed: inputs without a
        gradient; constant: outputs without an r (side results that nothing differentiates).
        """
        wide = {}
        for key, x in inputs.items():
            wide[key] = x.double() if x is not None and x.is_floating_point() else x
            if wide[key] is not None and wide[key].is_floating_point() and key not in fixed:
                wide[key].requires_grad_(True)
        outputs = function(*wide.values())
        outputs = outputs if isinstance(outputs, dict) else {"y": outputs}
        total = 0.0
        for key, y in outputs.items():
            self.tensors[f"{name}.out.{key}"] = narrow(y)
            if y.requires_grad and key not in constant:
                r = self.randn(*y.shape)
                self.tensors[f"{name}.r.{key}"] = r
                total = total + (y * r).sum()
        if torch.is_tensor(total):
            total.backward()
        for key, x in wide.items():
            if x is None:
                continue
            self.tensors[f"{name}.in.{key}"] = inputs[key]
            if x.requires_grad:
                grad = torch.zeros_like(x) if x.grad is None else x.grad
                self.tensors[f"{name}.grad.{key}"] = narrow(grad)
        assert name not in self.attrs, name
        self.attrs[name] = {
            "op": op, "inputs": [k if x is not None else None for k, x in inputs.items()],
            "outputs": list(outputs), **attrs,
        }


def narrow(x):
    x = x.detach()
    return x.float() if x.is_floating_point() else x.to(torch.int32)


if __name__ == "__main__":
    for i, (name, make) in enumerate(FILES.items()):
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        seed(SEED + i)
        file = File(SEED + i)
        make(file)
        path = GOLDEN / "ops" / f"{name}.safetensors"
        dump(path, file.tensors, seed=SEED + i, script="ops.py", attrs=file.attrs)
        say(path)
