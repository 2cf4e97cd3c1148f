"""Goldens of the diffusion schedulers: diffusers' own, on a model that is a sine.

    .venv/bin/python tools/golden/schedulers.py

The model answers sin(0.7 x + 0.001 t) + 0.05, computed in double and rounded once, so that every
difference between two programs is the scheduler's. Its slope is of the order of one: what is wrong
in one step grows in the next.
"""

import inspect
import sys
import warnings

import numpy as np
import torch

import diffusers
from common import GOLDEN, dump, say, seed

SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
COSINE = {"beta_schedule": "squaredcos_cap_v2"}
SPACINGS = ("linspace", "leading", "trailing")
ALL, FEW = list(range(1, 51)), [1, 2, 3, 5, 10, 15, 20]
STEPS = [1, 2, 3, 4, 8, 20, 50]
BRIEF = [{"steps": n} for n in (1, 2, 3, 13, 14, 15, 16, 30)]  # DPM-Solver's orders change at 15
SEEDS, SHAPE = (11, 12), (1, 4, 4)  # two pictures of 16 numbers, each with a generator

DDIM, DPM, EULER = "DDIMScheduler", "DPMSolverMultistepScheduler", "EulerDiscreteScheduler"
ANCESTRAL, FLOW = "EulerAncestralDiscreteScheduler", "FlowMatchEulerDiscreteScheduler"
HEUN, LCM, PNDM = "HeunDiscreteScheduler", "LCMScheduler", "PNDMScheduler"

CASES = []


def case(name, cls, config, tables=(), runs=None):
    """tables: step counts whose levels are kept; runs: options of whole trajectories."""
    runs = [{"steps": n} for n in STEPS] if runs is None else runs
    CASES.append({"name": name, "config": {"_class_name": cls, **config},
                  "tables": list(tables), "runs": runs})


def image_to_image(*steps):
    return [{"steps": n, "strength": s} for n in steps for s in (0.1, 0.3, 0.55, 0.8, 1.0)
            if int(n * s) >= 1]


def spaced(short, cls, extra, tables=ALL):
    for spacing in SPACINGS:
        offset = {"steps_offset": 1} if spacing == "leading" else {}
        case(f"{short}-{spacing}", cls, {**SD, **extra, "timestep_spacing": spacing, **offset},
             tables)


def cases():
    v, sample = {"prediction_type": "v_prediction"}, {"prediction_type": "sample"}
    zero_snr = {**SD, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    threshold = {"thresholding": True, "dynamic_thresholding_ratio": 0.9, "sample_max_value": 1.5}

    spaced("ddim", DDIM, {"clip_sample": False, "set_alpha_to_one": False})
    case("ddim-bare", DDIM, {})
    case("ddim-zero-snr-v", DDIM, {**zero_snr, **v, "clip_sample": False})
    case("ddim-sample", DDIM, {**SD, **sample, "clip_sample_range": 0.8})
    case("ddim-eta", DDIM, SD, runs=[{"steps": n, "eta": e} for n in (2, 20) for e in (0.3, 1)])
    case("ddim-threshold", DDIM, {**SD, **threshold})
    case("ddim-cosine", DDIM, {**COSINE, "clip_sample": False})
    case("ddim-image", DDIM, {**SD, "clip_sample": False, "steps_offset": 1},
         runs=image_to_image(4, 10, 25))

    spaced("pndm", PNDM, {"skip_prk_steps": True})
    case("pndm-v", PNDM, {**SD, **v, "skip_prk_steps": True, "set_alpha_to_one": True})
    case("pndm-image", PNDM, {**SD, "skip_prk_steps": True, "steps_offset": 1},
         runs=image_to_image(4, 10, 25))

    spaced("euler", EULER, {})
    for kind in ("karras", "exponential", "beta"):
        spaced(f"euler-{kind}", EULER, {f"use_{kind}_sigmas": True})
    case("euler-bare", EULER, {})
    case("euler-zero-snr-v", EULER, {**zero_snr, **v}, ALL)
    case("euler-sample", EULER, {**SD, **sample, "final_sigmas_type": "sigma_min"}, FEW)
    case("euler-zero-snr", EULER, zero_snr)
    case("euler-cosine", EULER, COSINE)
    case("euler-log", EULER, {**SD, "interpolation_type": "log_linear"}, FEW)
    case("euler-log-karras", EULER, {**SD, "interpolation_type": "log_linear",
                                     "use_karras_sigmas": True}, FEW)
    case("euler-ends", EULER, {**SD, "use_karras_sigmas": True, "sigma_min": 0.02,
                               "sigma_max": 12.5}, FEW)
    case("euler-continuous", EULER, {**SD, **v, "timestep_type": "continuous", "sigma_min": 0.002,
                                     "sigma_max": 700.0, "use_karras_sigmas": True}, FEW)
    case("euler-timesteps", EULER, SD, runs=[{"timesteps": [999, 749, 499, 249]},
                                             {"timesteps": [999]}, {"timesteps": [721.5, 3.25]}])
    case("euler-sigmas", EULER, SD, runs=[
        {"sigmas": [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.38, 0.234, 0.113, 0.029]},
        {"sigmas": [14.0, 3.0, 0.0]}])
    case("euler-image", EULER, {**SD, "timestep_spacing": "leading", "steps_offset": 1},
         runs=image_to_image(4, 10, 25))
    case("euler-trained", EULER, {"num_train_timesteps": 5, "timestep_spacing": "trailing",
                                  "trained_betas": [0.1, 0.25, 0.2, 0.5, 0.75]},
         [1, 2, 3, 4, 5], [{"steps": n} for n in (1, 3, 5)])

    spaced("ancestral", ANCESTRAL, {}, FEW)
    case("ancestral-zero-snr-v", ANCESTRAL, {**zero_snr, **v}, FEW)
    case("ancestral-image", ANCESTRAL, SD, runs=image_to_image(10, 25))

    spaced("heun", HEUN, {}, FEW)
    for kind in ("karras", "exponential", "beta"):
        case(f"heun-{kind}", HEUN, {**SD, f"use_{kind}_sigmas": True}, FEW)
    case("heun-bare", HEUN, {})
    case("heun-v", HEUN, {**SD, **v, "clip_sample": True, "clip_sample_range": 1.5})
    case("heun-sample", HEUN, {**SD, **sample})
    case("heun-exp", HEUN, {"beta_schedule": "exp", "num_train_timesteps": 200}, FEW)
    case("heun-timesteps", HEUN, SD, runs=[{"timesteps": [980, 500, 20.5]}])
    case("heun-image", HEUN, SD, runs=image_to_image(4, 10, 25))

    spaced("dpm", DPM, {})
    for kind in ("karras_sigmas", "exponential_sigmas", "beta_sigmas", "lu_lambdas"):
        case(f"dpm-{kind}", DPM, {**SD, f"use_{kind}": True}, ALL)
    case("dpm-karras-cosine", DPM, {**COSINE, "use_karras_sigmas": True,
                                    "lambda_min_clipped": -5.1}, FEW)
    case("dpm-bare", DPM, {})
    case("dpm-zero-snr-v", DPM, {**zero_snr, **v}, FEW)
    case("dpm-sample", DPM, {**SD, **sample, "final_sigmas_type": "sigma_min"}, FEW, BRIEF)
    for order in (1, 3):
        case(f"dpm-{order}", DPM, {**SD, "solver_order": order, "final_sigmas_type": "sigma_min"},
             runs=BRIEF)
        case(f"dpm-{order}-sde", DPM, {**SD, "solver_order": order,
                                       "algorithm_type": "sde-dpmsolver++"})
    case("dpm-heun", DPM, {**SD, "solver_type": "heun", "lower_order_final": False})
    case("dpm-sde", DPM, {**SD, "algorithm_type": "sde-dpmsolver++", "use_karras_sigmas": True})
    case("dpm-sde-heun", DPM, {**SD, "algorithm_type": "sde-dpmsolver++", "solver_type": "heun",
                               "euler_at_final": True, "final_sigmas_type": "sigma_min"})
    case("dpm-threshold", DPM, {**SD, **threshold})
    case("dpm-clipped", DPM, {**COSINE, "lambda_min_clipped": -5.1}, FEW)
    case("dpm-timesteps", DPM, SD, runs=[{"timesteps": [999, 700, 400, 100, 10]}])
    case("dpm-image", DPM, {**SD, "use_karras_sigmas": True}, runs=image_to_image(4, 10, 25))
    case("dpm-3-image", DPM, {**SD, "solver_order": 3}, runs=image_to_image(10, 25))

    case("lcm", LCM, {}, ALL, [{"steps": n} for n in (1, 2, 4, 8, 50)])
    case("lcm-100", LCM, {"original_inference_steps": 100, "clip_sample": True}, [3, 7, 60],
         [{"steps": 4}, {"steps": 4, "original_steps": 25}])
    case("lcm-zero-snr-v", LCM, {**SD, **v, "rescale_betas_zero_snr": True, "timestep_scaling": 5.0})
    case("lcm-sample", LCM, {**SD, **sample, **threshold})
    case("lcm-timesteps", LCM, {}, runs=[{"timesteps": [999, 759, 499, 259]}])
    case("lcm-image", LCM, {}, runs=image_to_image(4, 8))

    case("flow", FLOW, {}, ALL)
    case("flow-3", FLOW, {"shift": 3.0}, ALL)
    for kind in ("karras", "exponential", "beta"):
        case(f"flow-{kind}", FLOW, {"shift": 3.0, f"use_{kind}_sigmas": True}, FEW)
    moving = {"use_dynamic_shifting": True}
    case("flow-dynamic", FLOW, moving, runs=[{"steps": n, "tokens": k, "mu": mu(k)}
                                             for n in (1, 4, 20) for k in (64, 256, 4096)])
    case("flow-linear", FLOW, {**moving, "time_shift_type": "linear", "shift_terminal": 0.1},
         runs=[{"steps": n, "mu": 1.3} for n in (2, 20)])
    case("flow-inverted", FLOW, {"invert_sigmas": True}, FEW)
    case("flow-stochastic", FLOW, {"stochastic_sampling": True, "shift": 2.0})
    case("flow-given", FLOW, {"shift": 1.5}, runs=[{"sigmas": [1.0, 0.6, 0.3]},
                                                   {"timesteps": [1000, 750, 250]}])
    case("flow-image", FLOW, {"shift": 3.0}, runs=image_to_image(4, 10, 25))


def mu(tokens):
    """Of diffusers' pipelines, with the config's default ends."""
    slope = (1.15 - 0.5) / (4096 - 256)
    return tokens * slope + (0.5 - slope * 256)


def create(config):
    config = dict(config)
    return getattr(diffusers, config.pop("_class_name"))(**config)


def set_timesteps(scheduler, run):
    given = {k: run[k] for k in ("timesteps", "sigmas", "mu") if k in run}
    if "steps" in run:
        given["num_inference_steps"] = run["steps"]
    if "original_steps" in run:
        given["original_inference_steps"] = run["original_steps"]
    scheduler.set_timesteps(**given)


def model(x, t):
    return (torch.sin(0.7 * x.double() + 0.001 * float(t)) + 0.05).float()


def begin(scheduler, run, generators):
    """The first sample, and the timesteps that are left, as the pipelines have them."""
    noise = torch.cat([torch.randn((1, *SHAPE), generator=g) for g in generators])
    timesteps, strength = scheduler.timesteps, run.get("strength", 1)
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)  # else a run whose first timestep comes twice overruns its end
    if strength == 1:
        return noise * getattr(scheduler, "init_noise_sigma", 1.0), timesteps
    n = run["steps"]
    flow = hasattr(scheduler, "scale_noise")
    skip = int(n - n * strength) if flow else n - int(n * strength)
    skip *= scheduler.order
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(skip)
    image = torch.linspace(-1, 1, noise.numel()).reshape(noise.shape)
    add = scheduler.scale_noise if flow else scheduler.add_noise
    if flow:
        return add(image, timesteps[skip:skip + 1], noise), timesteps[skip:]
    return add(image, noise, timesteps[skip:skip + 1]), timesteps[skip:]


def trajectory(config, run, nudge=0):
    """The first and the last sample. nudge: of the first one, in units of its last place."""
    scheduler = create(config)
    set_timesteps(scheduler, run)
    generators = [torch.Generator().manual_seed(s) for s in SEEDS]
    x, timesteps = begin(scheduler, run, generators)
    first = x = x * (1 + nudge * 2**-23)
    known = inspect.signature(scheduler.step).parameters
    more = {"generator": generators} if "generator" in known else {}
    if "eta" in run:
        more["eta"] = run["eta"]
    for t in timesteps:
        scaled = scheduler.scale_model_input(x, t) if hasattr(scheduler, "scale_model_input") else x
        x = scheduler.step(model(scaled, t), t, x, **more).prev_sample
    return first, x.float().flatten()


def slack(config, run, first, x):
    """What diffusers' own float32 leaves open, of the largest value: how far the end moves when the
    first sample moves by its last place, and half that last place where large samples cancel (sigma
    4096 down to 0 leaves multiples of 2^-12)."""
    moved = [(trajectory(config, run, nudge)[1] - x).abs().max() for nudge in (-2, -1, 1, 2)]
    return (4 * max(moved) + 2**-24 * first.abs().max()) / x.abs().max()


def tables(config, counts):
    """Timesteps and sigmas of all step counts, behind one another."""
    t, sigmas, first = [], [], []
    for n in counts:
        scheduler = create(config)
        scheduler.set_timesteps(n)
        t.append(scheduler.timesteps.double())
        sigmas.append(torch.as_tensor(getattr(scheduler, "sigmas", [])).float().flatten())
        first.append(float(getattr(scheduler, "init_noise_sigma", 1.0)))
    t = torch.cat(t)
    assert (t.float().double() == t).all()
    narrow = t.half() if (t.half().double() == t).all() else t.float()  # whole ones: exact
    out = {"timesteps": narrow, "init": torch.tensor(first)}
    return {**out, "sigmas": torch.cat(sigmas)} if sum(map(len, sigmas)) else out


def main():
    warnings.filterwarnings("ignore")
    diffusers.utils.logging.set_verbosity_error()
    seed(0)
    cases()
    tensors = {}
    for c in CASES:
        for key, value in (tables(c["config"], c["tables"]) if c["tables"] else {}).items():
            tensors[f"{c['name']}.{key}"] = value
        runs = [trajectory(c["config"], r) for r in c["runs"]]
        for r, (_, x) in zip(c["runs"], runs):
            assert x.isfinite().all(), (c["name"], r)
        if runs:
            tensors[f"{c['name']}.final"] = torch.stack([x for _, x in runs])
            loose = [slack(c["config"], r, *ends) for r, ends in zip(c["runs"], runs)]
            tensors[f"{c['name']}.slack"] = torch.stack(loose)
    path = GOLDEN / "sample" / "schedulers.safetensors"
    dump(path, tensors, seed=0, script="schedulers.py", diffusers=diffusers.__version__,
         numpy=np.__version__, cases=CASES)
    print(f"{len(CASES)} cases, {sum(len(c['runs']) for c in CASES)} runs", file=sys.stderr)
    say(path)


if __name__ == "__main__":
    main()
