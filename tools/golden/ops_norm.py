"""Normalisation, activations, gated units, softmax."""

import torch
import torch.nn.functional as F


def layer_norm(f):
    def case(name, x, w=True, b=True, eps=1e-5):
        c = x[-1]
        inputs = {"x": 2 * f.randn(*x) + 1, "w": f.randn(c) if w else None,
                  "b": f.randn(c) if b else None}
        f.case(name, "layer_norm", inputs, lambda x, w, b: F.layer_norm(x, (c,), w, b, eps),
               eps=eps)

    case("affine", (2, 3, 8))
    case("no_bias", (3, 7), b=False)
    case("plain", (2, 2, 5), w=False, b=False)
    case("big_eps", (4, 6), eps=0.5)
    case("long", (2, 100))


def rms_norm(f):
    def case(name, x, w=True, eps=1e-6):
        c = x[-1]
        inputs = {"x": 2 * f.randn(*x), "w": f.randn(c) if w else None}
        f.case(name, "rms_norm", inputs, lambda x, w: F.rms_norm(x, (c,), w, eps), eps=eps)

    case("weight", (2, 3, 8))
    case("plain", (3, 7), w=False)
    case("big_eps", (4, 6), eps=0.5)
    case("long", (2, 100), eps=1e-5)


def group_norm(f):
    def case(name, x, groups, affine=True, eps=1e-5):
        c = x[1]
        inputs = {"x": 2 * f.randn(*x) + 1, "w": f.randn(c) if affine else None,
                  "b": f.randn(c) if affine else None}
        f.case(name, "group_norm", inputs, lambda x, w, b: F.group_norm(x, groups, w, b, eps),
               groups=groups, eps=eps)

    case("2d", (2, 6, 3, 4), 3)
    case("instance", (2, 4, 3, 3), 4, affine=False)
    case("one_group", (2, 6, 5), 1)
    case("flat", (3, 8), 2, eps=1e-6)


def batch_norm(f):
    def train(name, x, eps=1e-5):
        c = x[1]
        axes = [0, *range(2, len(x))]

        def function(x, w, b):
            return {"y": F.batch_norm(x, None, None, w, b, True, 0.0, eps),
                    "mean": x.mean(axes), "var_biased": x.var(axes, unbiased=False),
                    "var_unbiased": x.var(axes, unbiased=True)}

        inputs = {"x": 2 * f.randn(*x) + 1, "w": f.randn(c), "b": f.randn(c)}
        f.case(name, "batch_norm", inputs, function, eps=eps,
               constant=("mean", "var_biased", "var_unbiased"))

    def evaluate(name, x, eps=1e-5):
        c = x[1]
        inputs = {"x": f.randn(*x), "w": f.randn(c), "b": f.randn(c), "mean": f.randn(c),
                  "var": f.rand(c, lo=0.2, hi=2.0)}
        f.case(name, "batch_norm_eval", inputs,
               lambda x, w, b, mean, var: F.batch_norm(x, mean, var, w, b, False, 0.0, eps),
               fixed=("mean", "var"), eps=eps)

    train("train_2d", (3, 4, 2, 3))
    train("train_1d", (4, 3, 5), eps=1e-3)
    train("train_flat", (6, 5))
    evaluate("eval_2d", (2, 4, 2, 3))
    evaluate("eval_flat", (3, 5), eps=1e-3)


def unary(f):
    """One case for each operator, over a range wide enough to reach the tails."""
    wide = torch.cat([torch.linspace(-12, 12, 49), torch.tensor([-30.0, 30.0, 0.0, 1e-6, -1e-6])])
    above = torch.cat([torch.linspace(0.05, 8, 24), torch.tensor([1e-3, 50.0])])

    def case(op, function, x=wide, **attrs):
        name = attrs.pop("name", op)
        f.case(name, op, {"x": x.clone()}, function, **attrs)

    case("gelu", lambda x: F.gelu(x))
    case("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"))
    case("gelu_quick", lambda x: x * torch.sigmoid(1.702 * x))
    case("silu", F.silu)
    case("softplus", lambda x: F.softplus(x, threshold=100))
    case("mish", F.mish)
    case("hardswish", F.hardswish, x=wide + 0.01)
    case("elu", lambda x: F.elu(x, 0.7), x=wide + 0.01, alpha=0.7)
    case("leaky_relu", lambda x: F.leaky_relu(x, 0.1), x=wide + 0.01, slope=0.1)
    case("relu", F.relu, x=wide + 0.01)
    case("sigmoid", torch.sigmoid)
    case("tanh", torch.tanh)
    case("exp", torch.exp, x=wide[:49])
    case("sin", torch.sin)
    case("cos", torch.cos)
    case("abs", torch.abs, x=wide + 0.01)
    case("square", torch.square)
    case("log", torch.log, x=above)
    case("sqrt", torch.sqrt, x=above)
    case("rsqrt", torch.rsqrt, x=above)
    case("reciprocal", torch.reciprocal, x=above)
    case("clamp", lambda x: x.clamp(-2.2, 3.3), lo=-2.2, hi=3.3)


def snake(f):
    def function(x, alpha):
        a = alpha[None, :, None]
        return x + torch.sin(a * x) ** 2 / a

    inputs = {"x": 2 * f.randn(2, 3, 7), "alpha": f.rand(3, lo=0.3, hi=3.0)}
    f.case("snake", "snake", inputs, function)


def glu(f):
    acts = {"silu": F.silu, "gelu": F.gelu, "sigmoid": torch.sigmoid, "relu": F.relu,
            "gelu_tanh": lambda x: F.gelu(x, approximate="tanh")}
    for name, act in acts.items():
        f.case(name, "glu", {"a": 2 * f.randn(2, 3, 5), "b": f.randn(2, 3, 5)},
               lambda a, b, act=act: act(a) * b, act=name)


def softmax(f):
    f.case("softmax", "softmax", {"x": 5 * f.randn(2, 3, 9)}, lambda x: F.softmax(x, -1))
    f.case("softmax_far", "softmax", {"x": 1000 + 30 * f.randn(2, 6)}, lambda x: F.softmax(x, -1))
    f.case("log_softmax", "log_softmax", {"x": 5 * f.randn(2, 3, 9)},
           lambda x: F.log_softmax(x, -1))


FILES = {"layer_norm": layer_norm, "rms_norm": rms_norm, "group_norm": group_norm,
         "batch_norm": batch_norm, "unary": unary, "snake": snake, "glu": glu, "softmax": softmax}
