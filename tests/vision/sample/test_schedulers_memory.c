/* test_schedulers_memory.c: a schedule is made and carried out while the Nth allocation fails. */
#include "tests/fail_alloc.h"

#include <string.h>

#include "vision/sample/sampling.h"

enum { BATCH = 2, SIZE = 16 };

static bool run(const dio_schedule *s, dio_error *err)
{
    static const uint64_t seeds[BATCH] = {1, 2};
    float x[BATCH * SIZE], input[BATCH * SIZE];
    dio_noise *noise = dio_noise_create(seeds, BATCH, err);
    dio_sampling *r = noise ? dio_sampling_create(s, BATCH, SIZE, err) : NULL;
    bool ok = r != NULL;
    if (ok)
        dio_noise_draw(noise, x, SIZE);
    while (ok && !dio_sampling_done(r)) {
        dio_sampling_input(r, x, input);
        ok = dio_sampling_step(r, input, x, noise, err);
    }
    dio_sampling_destroy(r);
    dio_noise_destroy(noise);
    return ok;
}

static bool work(dio_error *err)
{
    static const char text[] = "{\"skip_prk_steps\": true}";
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "a config");
    dio_value *config = dio_json_parse(a, "config.json", text, strlen(text), err);
    bool ok = config != NULL;
    for (int i = 0; ok && i < dio_schedulers_count; i++) {
        dio_schedule *s = dio_schedule_create(
            dio_schedulers[i], config, &(dio_schedule_options){.steps = 40, .strength = 1}, err);
        ok = s && run(s, err);
        dio_schedule_destroy(s);
    }
    dio_arena_destroy(a);
    return ok;
}

static void test_memory(void **state)
{
    (void)state;
    fail_alloc_sweep("schedules", work, false, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
