"""Losses: scalars, means over what counts."""

import torch
import torch.nn.functional as F


def cross_entropy(f):
    def case(name, shape, ignore=-100, smoothing=0.0, dropped=()):
        target = f.randint(shape[-1], *shape[:-1])
        for at in dropped:
            target.view(-1)[at] = ignore
        inputs = {"logits": 3 * f.randn(*shape), "target": target}

        def function(logits, target):
            loss = F.cross_entropy(logits.flatten(0, -2), target.flatten().long(),
                                   ignore_index=ignore, label_smoothing=smoothing)
            return loss.reshape(())

        f.case(name, "cross_entropy", inputs, function, ignore=ignore, smoothing=smoothing)

    case("plain", (5, 7))
    case("batch", (2, 4, 9))
    case("ignore", (2, 4, 9), dropped=(0, 3, 7))
    case("ignore_pad", (6, 5), ignore=0, dropped=(1, 2))
    case("smoothing", (5, 7), smoothing=0.1)
    case("smoothing_ignore", (6, 8), smoothing=0.2, dropped=(0, 5))


def losses(f):
    shape = (3, 4, 5)

    def case(name, op, function, target=None, scale=2.0, **attrs):
        names = ("logits", "target") if op == "bce_logits_loss" else ("a", "b")
        target = f.randn(*shape) if target is None else target
        f.case(name, op, dict(zip(names, (scale * f.randn(*shape), target))), function,
               fixed=("target",), **attrs)

    case("mse", "mse_loss", F.mse_loss)
    case("l1", "l1_loss", F.l1_loss)
    case("smooth_l1", "smooth_l1_loss", lambda a, b: F.smooth_l1_loss(a, b, beta=1.0), beta=1.0)
    case("smooth_l1_narrow", "smooth_l1_loss", lambda a, b: F.smooth_l1_loss(a, b, beta=0.25),
         beta=0.25)
    soft = torch.linspace(0, 1, 60).reshape(shape)
    case("bce", "bce_logits_loss", F.binary_cross_entropy_with_logits, target=soft.round())
    case("bce_soft_far", "bce_logits_loss", F.binary_cross_entropy_with_logits, target=soft,
         scale=40.0)


FILES = {"cross_entropy": cross_entropy, "losses": losses}
