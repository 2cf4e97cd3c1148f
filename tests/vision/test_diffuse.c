/* test_diffuse.c: the loop from noise to latents, on models with a closed form: one that knows the
 * one picture there is for each prompt, so that every schedule must end there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/worst.h"
#include "vision/diffuse.h"

enum { C = 4, H = 6, W = 5, PLANE = H * W, SIZE = C * PLANE, MOST = 3 };

static void must(bool ok, const dio_error *err)
{
    char text[2048];
    if (!ok)
        fail_msg("%s", dio_error_text(err, text, sizeof text));
}

static dio_schedule *schedule_of(dio_arena *a, const char *name, int steps, double strength)
{
    static const char config[] =
        "{\"beta_start\": 0.00085, \"beta_end\": 0.012, \"beta_schedule\": "
        "\"scaled_linear\", \"steps_offset\": 1, \"clip_sample\": false, "
        "\"set_alpha_to_one\": false, \"skip_prk_steps\": true}";
    dio_error err = {0};
    const dio_scheduler *scheduler = dio_scheduler_find(name, &err);
    const dio_value *json = dio_json_parse(a, "config", config, sizeof config - 1, &err);
    must(scheduler && json, &err);
    dio_schedule *s = dio_schedule_create(
        scheduler, json, &(dio_schedule_options){.steps = steps, .strength = strength}, &err);
    must(s != NULL, &err);
    return s;
}

/* --- a world of one picture a prompt --- */

struct world {
    const dio_schedule *s;
    bool guided;
    float beside; /* what must stand in the first channel beside the sample; 0: there is none */
    int calls;
};

/* The picture under the prompt, and under the negative one. */
static float target(bool prompt, size_t i)
{
    return prompt ? sinf((float)i * 0.7f) : 0.25f * cosf((float)i);
}

static const dio_schedule_row *row_at(const dio_schedule *s, double timestep)
{
    for (int i = s->first; i < s->count; i++)
        if (s->rows[i].timestep == timestep)
            return &s->rows[i];
    fail_msg("no row has timestep %g", timestep);
    return NULL;
}

/* sample = signal * picture + noise * normal, solved for the normal. */
static bool answer(void *user, const float *input, int rows, double timestep, float *output,
                   dio_error *err)
{
    struct world *w = user;
    const dio_schedule_row *r = row_at(w->s, timestep);
    size_t stride = SIZE + (w->beside != 0 ? PLANE : 0);
    (void)err;
    w->calls++;
    for (int k = 0; k < rows; k++) {
        bool prompt = !w->guided || k >= rows / 2;
        const float *x = input + (size_t)k * stride;
        for (size_t i = 0; i < SIZE; i++) {
            double sample = (double)x[i] / r->input;
            output[(size_t)k * SIZE + i] =
                (float)((sample - r->signal * (double)target(prompt, i)) / r->noise);
        }
        for (size_t i = SIZE; i < stride; i++)
            assert_true(x[i] == w->beside);
    }
    return true;
}

struct job {
    const char *scheduler;
    int steps, batch;
    double strength, guidance, rescale;
    uint64_t seed;
    const float *picture, *mask;
    bool from_noise;
    float beside;
};

static void paint(const struct job *j, float *out)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_schedule *s = schedule_of(a, j->scheduler, j->steps, j->strength);
    uint64_t seeds[MOST] = {j->seed, j->seed + 1, j->seed + 2};
    float normals[MOST * SIZE], beside[MOST * PLANE];
    dio_noise *noise = dio_noise_create(seeds, j->batch, &err);
    must(noise != NULL, &err);
    dio_noise_draw(noise, normals, SIZE);
    for (int i = 0; i < MOST * PLANE; i++)
        beside[i] = j->beside;
    struct world world = {.s = s, .guided = j->guidance > 1, .beside = j->beside};
    dio_diffuse d = {
        .schedule = s,
        .batch = j->batch,
        .channels = C,
        .height = H,
        .width = W,
        .guided = world.guided,
        .guidance = j->guidance,
        .rescale = j->rescale,
        .normals = normals,
        .picture = j->picture,
        .from_noise = j->from_noise,
        .mask = j->mask,
        .beside = beside,
        .beside_channels = j->beside != 0,
    };
    must(dio_diffuse_run(&d, &(dio_diffuse_model){&world, answer}, noise, out, &err), &err);
    assert_int_equal(world.calls, s->count - s->first);
    dio_noise_destroy(noise);
    dio_schedule_destroy(s);
    dio_arena_destroy(a);
}

static const char *const schedulers[] = {"ddim", "euler", "euler_ancestral", "heun", "dpmpp_2m",
                                         "lcm",  "pndm"};
enum { SCHEDULERS = sizeof schedulers / sizeof *schedulers };

/* Measured: 8.4e-7 (LCM) and less where a run ends without noise. DDIM and PNDM end at the first
 * training level, where 0.03 of the noise is left (set_alpha_to_one is false): 0.084. */
static void test_ends_at_the_picture(void **state)
{
    (void)state;
    for (int k = 0; k < SCHEDULERS; k++) {
        float out[SIZE];
        struct job j = {
            .scheduler = schedulers[k], .steps = 20, .batch = 1, .strength = 1, .seed = 7};
        paint(&j, out);
        double tolerance = k == 0 || k == 6 ? 0.15 : 3.4e-6;
        for (size_t i = 0; i < SIZE; i++)
            if (!(fabs((double)out[i] - (double)target(true, i)) < tolerance))
                fail_msg("%s: number %zu is %g, the picture has %g", schedulers[k], i,
                         (double)out[i], (double)target(true, i));
    }
}

/* The answers differ by a difference of pictures, so guidance moves the picture along the line
 * through both. */
static void test_guidance(void **state)
{
    (void)state;
    float out[SIZE];
    struct job j = {
        .scheduler = "euler", .steps = 20, .batch = 1, .strength = 1, .guidance = 3, .seed = 7};
    paint(&j, out);
    double worst = 0;
    for (size_t i = 0; i < SIZE; i++) {
        double negative = (double)target(false, i), prompt = (double)target(true, i);
        worst = worse(worst, fabs((double)out[i] - (negative + 3 * (prompt - negative))));
    }
    print_message("guidance: off by %.1e\n", worst);
    assert_true(worst < 2.4e-6); /* measured 6.0e-7 */
}

/* By hand: prompts (1, 3), negatives (0, 0), guidance 2: (2, 6), spread 2 sqrt 2 against sqrt 2. */
static void test_rescale(void **state)
{
    (void)state;
    const float answers[] = {0, 0, 1, 3};
    float out[2];
    dio_diffuse_guide(answers, 1, 2, 2, 0, out);
    assert_true(out[0] == 2 && out[1] == 6);
    dio_diffuse_guide(answers, 1, 2, 2, 1, out);
    assert_true(fabsf(out[0] - 1) < 1e-6f && fabsf(out[1] - 3) < 1e-6f);
    dio_diffuse_guide(answers, 1, 2, 2, 0.7, out);
    assert_true(fabsf(out[0] - 1.3f) < 1e-6f && fabsf(out[1] - 3.9f) < 1e-6f);
}

static void test_batch_is_single_runs(void **state)
{
    (void)state;
    for (int k = 0; k < SCHEDULERS; k++) {
        float together[MOST * SIZE], alone[SIZE];
        struct job j = {.scheduler = schedulers[k],
                        .steps = 5,
                        .batch = MOST,
                        .strength = 1,
                        .guidance = 2.5,
                        .rescale = 0.5,
                        .seed = 40};
        paint(&j, together);
        j.batch = 1;
        for (int i = 0; i < MOST; i++, j.seed++) {
            paint(&j, alone);
            assert_memory_equal(alone, together + (size_t)i * SIZE, sizeof alone);
        }
    }
}

/* --- from a picture --- */

static void given_picture(float *picture)
{
    for (int i = 0; i < MOST * SIZE; i++)
        picture[i] = 0.5f - 0.01f * (float)(i % SIZE);
}

static void test_outside_of_the_mask(void **state)
{
    (void)state;
    float picture[MOST * SIZE], mask[PLANE], out[MOST * SIZE];
    given_picture(picture);
    for (int i = 0; i < PLANE; i++)
        mask[i] = i % W < 2;
    for (int k = 0; k < SCHEDULERS * 2; k++) {
        struct job j = {.scheduler = schedulers[k / 2],
                        .steps = 10,
                        .batch = 2,
                        .strength = k % 2 ? 1 : 0.6,
                        .guidance = 2,
                        .seed = 3,
                        .picture = picture,
                        .mask = mask,
                        .from_noise = k % 2};
        paint(&j, out);
        for (int i = 0; i < 2 * SIZE; i++)
            assert_true(mask[i % PLANE] == 1 || out[i] == picture[i]);
    }
}

/* Where the model answers that all is noise, nothing is left of the picture; at a small strength
 * the run begins near it: the first sample is the picture at that level. */
static bool first_sample(void *user, const float *input, int rows, double timestep, float *output,
                         dio_error *err)
{
    (void)timestep, (void)rows;
    memcpy(user, input, SIZE * sizeof *input);
    memset(output, 0, SIZE * sizeof *output);
    return dio_fail(err, "seen");
}

static void test_begins_at_strength(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_schedule *s = schedule_of(a, "ddim", 10, 0.3);
    float picture[MOST * SIZE], normals[SIZE], seen[SIZE], out[SIZE];
    uint64_t seed = 9;
    given_picture(picture);
    dio_noise *noise = dio_noise_create(&seed, 1, &err);
    dio_noise_draw(noise, normals, SIZE);
    dio_diffuse d = {.schedule = s,
                     .batch = 1,
                     .channels = C,
                     .height = H,
                     .width = W,
                     .normals = normals,
                     .picture = picture};
    assert_int_equal(s->count - s->first, 3);
    assert_false(dio_diffuse_run(&d, &(dio_diffuse_model){seen, first_sample}, noise, out, &err));
    assert_string_equal(err.message, "seen");
    const dio_schedule_row *r = &s->rows[s->first];
    double worst = 0;
    for (int i = 0; i < SIZE; i++)
        worst = worse(worst, fabs((double)seen[i] - r->signal * (double)picture[i] -
                                  r->noise * (double)normals[i]));
    print_message("the first sample: off by %.1e\n", worst);
    assert_true(worst < 2.4e-7); /* measured 5.9e-8 */
    dio_noise_destroy(noise);
    dio_schedule_destroy(s);
    dio_arena_destroy(a);
}

static void test_beside(void **state)
{
    (void)state;
    float out[2 * SIZE];
    struct job j = {.scheduler = "euler",
                    .steps = 3,
                    .batch = 2,
                    .strength = 1,
                    .guidance = 2,
                    .seed = 3,
                    .beside = 0.75f};
    paint(&j, out); /* the model itself asserts what it sees */
}

/* --- stopping --- */

static bool until_two(void *user, int done, int total, const float *clean, dio_error *err)
{
    int *last = user;
    assert_int_equal(total, 5);
    assert_true(fabs((double)clean[3] - (double)target(true, 3)) < 1e-6); /* measured 2.4e-7 */
    *last = done;
    return done < 2 || dio_fail_retry(err, "stopped");
}

static void test_stops(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_schedule *s = schedule_of(a, "euler", 5, 1);
    float normals[SIZE], out[SIZE];
    int last = 0;
    for (int i = 0; i < SIZE; i++)
        normals[i] = 0.1f * (float)(i % 7);
    struct world world = {.s = s};
    dio_diffuse d = {.schedule = s,
                     .batch = 1,
                     .channels = C,
                     .height = H,
                     .width = W,
                     .normals = normals,
                     .watch = until_two,
                     .user = &last};
    assert_false(dio_diffuse_run(&d, &(dio_diffuse_model){&world, answer}, NULL, out, &err));
    assert_string_equal(err.message, "stopped");
    assert_int_equal(last, 2);
    assert_int_equal(world.calls, 2);
    dio_schedule_destroy(s);
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends_at_the_picture),
        cmocka_unit_test(test_guidance),
        cmocka_unit_test(test_rescale),
        cmocka_unit_test(test_batch_is_single_runs),
        cmocka_unit_test(test_outside_of_the_mask),
        cmocka_unit_test(test_begins_at_strength),
        cmocka_unit_test(test_beside),
        cmocka_unit_test(test_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
