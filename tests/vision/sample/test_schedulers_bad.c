/* test_schedulers_bad.c: configs and options that contradict themselves, each with its message;
 * and what a config may hold without harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vision/sample/sampling.h"

#define CLASS(name) "{\"_class_name\": \"" name "Scheduler\""
#define ALL_CLASSES                                                                                \
    "(there are DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler, "              \
    "EulerAncestralDiscreteScheduler, FlowMatchEulerDiscreteScheduler, HeunDiscreteScheduler, "    \
    "LCMScheduler, PNDMScheduler)"

static const double rising[] = {100, 200}, beyond[] = {1000}, half[] = {20.5}, lone[] = {14.0};
static const double falling[] = {900, 500, 100};

struct bad {
    const char *config;
    dio_schedule_options options;
    const char *message;
};

/* Places are of the text, in a file called config.json. */
static const struct bad bads[] = {
    {"{}",
     {.steps = 5, .strength = 1},
     "config.json:1:1: a scheduler_config.json needs a \"_class_name\" that is a string"},
    {"{\"_class_name\": 7}",
     {.steps = 5, .strength = 1},
     "config.json:1:17: a scheduler_config.json needs a \"_class_name\" that is a string"},
    {CLASS("UniPCMultistep") "}",
     {.steps = 5, .strength = 1},
     "config.json:1:17: _class_name \"UniPCMultistepScheduler\" is not supported " ALL_CLASSES},
    {CLASS("EulerDiscrte") "}",
     {.steps = 5, .strength = 1},
     "config.json:1:17: _class_name \"EulerDiscrteScheduler\" is not supported; did you mean "
     "\"EulerDiscreteScheduler\"? " ALL_CLASSES},
    {CLASS("DDIM") ",\n \"beta_schedule\": \"sigmoid\"}",
     {.steps = 5, .strength = 1},
     "config.json:2:19: beta_schedule: \"sigmoid\" is not one of linear, scaled_linear, "
     "squaredcos_cap_v2"},
    {CLASS("DDIM") ",\n \"beta_start\": 0.02, \"beta_end\": 0.01}",
     {.steps = 5, .strength = 1},
     "config.json:2:34: beta_end: 0.01 is below beta_start, 0.02: noise must grow"},
    {CLASS("DDIM") ",\n \"num_train_timesteps\": 1}",
     {.steps = 1, .strength = 1},
     "config.json:2:25: num_train_timesteps: 1 is below 2"},
    {CLASS("DDIM") ",\n \"num_train_timesteps\": 2000000000}",
     {.steps = 1, .strength = 1},
     "config.json:2:25: num_train_timesteps: 2000000000 is above 100000"},
    {CLASS("DDIM") ",\n \"trained_betas\": [0.1, 0.2]}",
     {.steps = 1, .strength = 1},
     "config.json:2:19: trained_betas: expected a list of as many numbers as "
     "num_train_timesteps says, 1000"},
    {CLASS("DDIM") ", \"num_train_timesteps\": 2,\n \"trained_betas\": [0.1, 1]}",
     {.steps = 1, .strength = 1},
     "config.json:2:25: trained_betas: expected a number between 0 and 1"},
    {CLASS("DDIM") ",\n \"steps_offset\": 1}",
     {.steps = 1000, .strength = 1},
     "config.json:2:18: 1000 steps with steps_offset 1 ask for timestep 1000; the model knows 0 to "
     "999: take fewer steps"},
    {CLASS("DDIM") ", \"timestep_spacing\": \"trailing\",\n \"rescale_betas_zero_snr\": true}",
     {.steps = 5, .strength = 1},
     "config.json:1:1: the settings give call 1 of 5, at timestep 999, no finite weights: "
     "rescale_betas_zero_snr needs another prediction_type than epsilon, for pure noise tells "
     "nothing of the picture"},
    {CLASS("EulerDiscrete") ", \"use_karras_sigmas\": true,\n \"use_beta_sigmas\": true}",
     {.steps = 5, .strength = 1},
     "config.json:2:21: use_beta_sigmas contradicts use_karras_sigmas: at most one may be true"},
    {CLASS("EulerDiscrete") ",\n \"use_karras_sigmas\": true}",
     {.timesteps = falling, .n_timesteps = 3, .strength = 1},
     "config.json:2:23: use_karras_sigmas contradicts the timesteps that were given: set it to "
     "false, or give a number of steps"},
    {CLASS("EulerDiscrete") ",\n \"sigma_min\": 3, \"sigma_max\": 2}",
     {.steps = 5, .strength = 1},
     "config.json:2:15: sigma_min: 3 is not below sigma_max, 2"},
    {CLASS("EulerAncestralDiscrete") ",\n \"prediction_type\": \"sample\"}",
     {.steps = 5, .strength = 1},
     "config.json:2:21: prediction_type: euler_ancestral takes epsilon and v_prediction, not "
     "sample"},
    {CLASS("DPMSolverMultistep") ",\n \"algorithm_type\": \"dpmsolver\"}",
     {.steps = 5, .strength = 1},
     "config.json:2:20: algorithm_type: \"dpmsolver\" is not one of dpmsolver++, sde-dpmsolver++: "
     "did you mean \"dpmsolver++\"?"},
    {CLASS("DPMSolverMultistep") ",\n \"variance_type\": \"learned\"}",
     {.steps = 5, .strength = 1},
     "config.json:2:19: variance_type: \"learned\" is not supported: the model must answer without "
     "a variance"},
    {CLASS("DPMSolverMultistep") ",\n \"use_flow_sigmas\": true}",
     {.steps = 5, .strength = 1},
     "config.json:2:21: use_flow_sigmas: not supported by dpmpp_2m: flow matching models run with "
     "flow_euler"},
    {CLASS("DPMSolverMultistep") ",\n \"lambda_min_clipped\": \"low\"}",
     {.steps = 5, .strength = 1},
     "config.json:2:24: lambda_min_clipped: expected a number, found a string"},
    {CLASS("DPMSolverMultistep") ", \"timestep_spacing\": \"leading\"}",
     {.steps = 1000, .strength = 1},
     "config.json:1:1: the settings give call 2 of 1000, at timestep 0, no finite weights: two "
     "levels of noise are the same, or one is infinite"},
    {CLASS("LCM") ",\n \"original_inference_steps\": 2000}",
     {.steps = 5, .strength = 1},
     "config.json:2:30: original_inference_steps: 2000 is outside 1 to 1000, num_train_timesteps"},
    {CLASS("LCM") "}",
     {.steps = 51, .strength = 1},
     "steps: 51 is above 50, the original_inference_steps that lcm selects from"},
    {CLASS("PNDM") "}",
     {.steps = 5, .strength = 1},
     "config.json:1:1: skip_prk_steps: pndm is supported without Runge-Kutta steps only: set it to "
     "true, as Stable Diffusion does"},
    {CLASS("FlowMatchEulerDiscrete") ", \"use_dynamic_shifting\": true,\n"
                                     " \"max_image_seq_len\": 256}",
     {.steps = 5, .strength = 1},
     "config.json:2:23: max_image_seq_len: 256 is not above base_image_seq_len, 256"},
    {CLASS("FlowMatchEulerDiscrete") "}",
     {.sigmas = lone, .n_sigmas = 1, .strength = 1},
     "sigmas: 14 is not above 0 and at most 1"},
    {CLASS("DDIM") "}", {.steps = 0, .strength = 1}, "give one of steps, timesteps and sigmas"},
    {CLASS("DDIM") "}",
     {.steps = 1001, .strength = 1},
     "steps: 1001 is outside 1 to 1000, num_train_timesteps of the model"},
    {CLASS("DDIM") "}", {.steps = 5, .strength = 0}, "strength: 0 is not above 0 and at most 1"},
    {CLASS("DDIM") "}",
     {.steps = 5, .strength = NAN},
     "strength: nan is not above 0 and at most 1"},
    {CLASS("DDIM") "}",
     {.steps = 5, .strength = 0.1},
     "strength: 0.1 of 5 steps leaves none to take: raise strength, or the number of steps"},
    {CLASS("DDIM") "}", {.steps = 5, .strength = 1, .eta = 2}, "eta: 2 is outside 0 to 1"},
    {CLASS("EulerDiscrete") "}",
     {.steps = 5, .strength = 1, .eta = 1},
     "eta: euler has no such setting"},
    {CLASS("EulerDiscrete") "}",
     {.steps = 5, .strength = 1, .original_steps = 50},
     "original_steps: euler has no such setting"},
    {CLASS("DDIM") "}",
     {.timesteps = falling, .n_timesteps = 3, .strength = 1},
     "timesteps: ddim takes none: give a number of steps"},
    {CLASS("HeunDiscrete") "}",
     {.sigmas = falling, .n_sigmas = 3, .strength = 1},
     "sigmas: heun takes none: give a number of steps"},
    {CLASS("EulerDiscrete") "}",
     {.timesteps = rising, .n_timesteps = 2, .strength = 1},
     "timesteps: 200 does not lie below 100, the one before it"},
    {CLASS("EulerDiscrete") "}",
     {.timesteps = beyond, .n_timesteps = 1, .strength = 1},
     "timesteps: 1000 is outside 0 to 999, which the model knows"},
    {CLASS("DPMSolverMultistep") "}",
     {.timesteps = half, .n_timesteps = 1, .strength = 1},
     "timesteps: dpmpp_2m takes whole ones only, not 20.5"},
    {CLASS("EulerDiscrete") "}",
     {.sigmas = rising, .n_sigmas = 2, .strength = 1},
     "sigmas: 200 is not a number from 0 to 1e6 below the one before it"},
    {CLASS("EulerDiscrete") "}",
     {.sigmas = lone, .n_sigmas = 1, .strength = 1},
     "sigmas: one level alone is no step: give where it ends, too"},
};

static dio_schedule *create(const char *text, const dio_schedule_options *o, dio_arena *a,
                            dio_error *err)
{
    dio_value *config = dio_json_parse(a, "config.json", text, strlen(text), err);
    return config ? dio_schedule_create(NULL, config, o, err) : NULL;
}

static void test_refusals(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
        char text[2048];
        dio_error err = {0};
        dio_arena *a = dio_arena_create();
        dio_schedule *s = create(bads[i].config, &bads[i].options, a, &err);
        if (s)
            fail_msg("%s was accepted", bads[i].config);
        if (strcmp(dio_error_text(&err, text, sizeof text), bads[i].message) != 0) {
            print_error("%s\nwas refused with %s\nnot with        %s\n", bads[i].config, text,
                        bads[i].message);
            wrong++;
        }
        dio_arena_destroy(a);
    }
    assert_int_equal(wrong, 0);
}

/* What published folders hold: other schedulers' keys, nulls, and Python's -Infinity. */
static void test_published(void **state)
{
    (void)state;
    static const char text[] =
        CLASS("DPMSolverMultistep") ", \"_diffusers_version\": \"0.29.2\", \"lambda_min_clipped\": "
                                    "-Infinity,\n"
                                    " \"note\": \"-Infinity\", \"trained_betas\": null, "
                                    "\"variance_type\": null,\n"
                                    " \"skip_prk_steps\": true, \"clip_sample\": false, "
                                    "\"solver_p\": 3, \"steps_offset\": x}";
    char path[] = "/tmp/dio_scheduler_XXXXXX", shown[2048];
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    size_t end = strlen(text) - strlen(" \"steps_offset\": x}") - 1;
    assert_int_equal(write(fd, text, end), end);
    assert_int_equal(write(fd, "}", 1), 1);
    dio_value *config = dio_schedule_config(a, path, &err);
    if (!config)
        fail_msg("%s", dio_error_text(&err, shown, sizeof shown));
    assert_string_equal(dio_map_get(config, "note")->string.text, "-Infinity");
    dio_schedule *s = dio_schedule_create(
        NULL, config, &(dio_schedule_options){.steps = 20, .strength = 1}, &err);
    assert_non_null(s);
    assert_int_equal(s->count, 20);
    dio_schedule_destroy(s);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0); /* the blanked word moves no place */
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_null(dio_schedule_config(a, path, &err));
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 79);
    close(fd);
    unlink(path);
    dio_arena_destroy(a);
}

/* Every scheduler runs on the config of any other, as diffusers' from_config does. */
static void test_exchange(void **state)
{
    (void)state;
    static const char *const configs[] = {
        CLASS("PNDM") ", \"beta_start\": 0.00085, \"beta_end\": 0.012, \"beta_schedule\": "
                      "\"scaled_linear\", \"skip_prk_steps\": true, \"steps_offset\": 1}",
        CLASS("EulerDiscrete") ", \"skip_prk_steps\": true, \"use_karras_sigmas\": true}",
    };
    for (size_t i = 0; i < 2; i++)
        for (int k = 0; k < dio_schedulers_count; k++) {
            char text[2048];
            dio_error err = {0};
            dio_arena *a = dio_arena_create();
            dio_value *config =
                dio_json_parse(a, "config.json", configs[i], strlen(configs[i]), &err);
            dio_schedule *s =
                dio_schedule_create(dio_schedulers[k], config,
                                    &(dio_schedule_options){.steps = 10, .strength = 1}, &err);
            if (!s)
                fail_msg("%s: %s", dio_schedulers[k]->name,
                         dio_error_text(&err, text, sizeof text));
            assert_ptr_equal(s->scheduler, dio_schedulers[k]);
            dio_schedule_destroy(s);
            dio_arena_destroy(a);
        }
}

static void test_names(void **state)
{
    (void)state;
    dio_error err = {0};
    for (int i = 0; i < dio_schedulers_count; i++) {
        assert_ptr_equal(dio_scheduler_find(dio_schedulers[i]->name, &err), dio_schedulers[i]);
        assert_ptr_equal(dio_scheduler_find(dio_schedulers[i]->class_name, &err),
                         dio_schedulers[i]);
    }
    assert_string_equal(dio_scheduler_find("euler-ancestral", &err)->name, "euler_ancestral");
    assert_null(dio_scheduler_find("huen", &err));
    assert_string_equal(err.message, "scheduler \"huen\" is not supported; did you mean \"heun\"? "
                                     "(there are ddim, dpmpp_2m, euler, "
                                     "euler_ancestral, flow_euler, heun, lcm, pndm)");
}

/* A batch of k seeds is k single runs, byte for byte; an output that is no number stops the run. */
enum { SIZE = 48, BATCH = 3 };

static bool run(const uint64_t *seeds, int batch, float *x, float poison, dio_error *err)
{
    float input[BATCH * SIZE], output[BATCH * SIZE];
    dio_arena *a = dio_arena_create();
    dio_schedule *s = create(CLASS("EulerAncestralDiscrete") "}",
                             &(dio_schedule_options){.steps = 7, .strength = 1}, a, err);
    dio_noise *noise = dio_noise_create(seeds, batch, err);
    dio_sampling *r = s ? dio_sampling_create(s, batch, SIZE, err) : NULL;
    assert_non_null(r);
    dio_noise_draw(noise, x, SIZE);
    bool ok = true;
    while (ok && !dio_sampling_done(r)) {
        dio_sampling_input(r, x, input);
        for (int i = 0; i < batch * SIZE; i++)
            output[i] = (float)cos((double)input[i]);
        if (dio_sampling_at(r) == 3)
            output[5] += poison;
        ok = dio_sampling_step(r, output, x, noise, err);
    }
    dio_sampling_destroy(r);
    dio_noise_destroy(noise);
    dio_schedule_destroy(s);
    dio_arena_destroy(a);
    return ok;
}

static void test_batch(void **state)
{
    (void)state;
    static const uint64_t seeds[BATCH] = {7, 0, UINT64_MAX};
    float all[BATCH * SIZE], one[SIZE];
    dio_error err = {0};
    assert_true(run(seeds, BATCH, all, 0, &err));
    for (int b = 0; b < BATCH; b++) {
        assert_true(run(seeds + b, 1, one, 0, &err));
        assert_memory_equal(one, all + b * SIZE, sizeof one);
    }
    assert_false(run(seeds, 1, one, NAN, &err));
    assert_string_equal(err.message, "call 4 of 7, at timestep 499.5, gave numbers that are not "
                                     "finite: the model's output overflowed or is not a number");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_published),
        cmocka_unit_test(test_exchange), cmocka_unit_test(test_names),
        cmocka_unit_test(test_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
