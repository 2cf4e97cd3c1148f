/* schedule.c: from a config and options to rows. */
#include "vision/sample/schedule.h"

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "vision/sample/build.h"

enum { CONFIG_LIMIT = 1 << 20 };

/* Writes null over -Infinity outside strings, to the same length: places stay true. */
static void blank_infinities(char *text)
{
    static const char word[] = "-Infinity", blank[] = "null     ";
    bool quoted = false;
    for (char *p = text; *p; p++) {
        if (quoted && *p == '\\' && p[1])
            p++;
        else if (*p == '"')
            quoted = !quoted;
        else if (!quoted && strncmp(p, word, sizeof word - 1) == 0)
            memcpy(p, blank, sizeof blank - 1);
    }
}

dio_value *dio_schedule_config(dio_arena *a, const char *path, dio_error *err)
{
    size_t length;
    char *text = dio_file_read(a, path, CONFIG_LIMIT, &length, err);
    const char *name = text ? dio_arena_strdup(a, path) : NULL;
    if (!name) {
        if (text)
            dio_fail_memory(err, path);
        return NULL;
    }
    blank_infinities(text);
    return dio_json_parse(a, name, text, length, err);
}

/* --- options --- */

static bool check_given(const dio_scheduler *s, const dio_schedule_options *o, dio_error *err)
{
    if (o->n_timesteps && !(s->takes & DIO_TAKES_TIMESTEPS))
        return dio_fail(err, "timesteps: %s takes none: give a number of steps", s->name);
    if (o->n_sigmas && !(s->takes & DIO_TAKES_SIGMAS))
        return dio_fail(err, "sigmas: %s takes none: give a number of steps", s->name);
    if ((o->n_timesteps != 0) + (o->n_sigmas != 0) + (o->steps != 0) != 1)
        return dio_fail(err, "give one of steps, timesteps and sigmas");
    if (o->n_timesteps < 0 || o->n_timesteps > MAX_GIVEN || o->n_sigmas < 0 ||
        o->n_sigmas > MAX_GIVEN)
        return dio_fail(err, "timesteps or sigmas: more than %d", MAX_GIVEN);
    for (int i = 0; i < o->n_sigmas; i++)
        if (!(o->sigmas[i] >= 0 && o->sigmas[i] <= 1e6) ||
            (i > 0 && o->sigmas[i] >= o->sigmas[i - 1]))
            return dio_fail(err, "sigmas: %g is not a number from 0 to 1e6 below the one before it",
                            o->sigmas[i]);
    return true;
}

static bool check_options(const dio_scheduler *s, const struct scheduler_config *c,
                          const dio_schedule_options *o, dio_error *err)
{
    if (!check_given(s, o, err))
        return false;
    if (o->steps < 0 || o->steps > c->num_train_timesteps)
        return dio_fail(err, "steps: %d is outside 1 to %d, num_train_timesteps of the model",
                        o->steps, c->num_train_timesteps);
    if (!(o->strength > 0 && o->strength <= 1))
        return dio_fail(err, "strength: %g is not above 0 and at most 1", o->strength);
    if (!(o->eta >= 0 && o->eta <= 1))
        return dio_fail(err, "eta: %g is outside 0 to 1", o->eta);
    if (o->eta > 0 && !(s->takes & DIO_TAKES_ETA))
        return dio_fail(err, "eta: %s has no such setting", s->name);
    if (o->original_steps != 0 && !(s->takes & DIO_TAKES_ORIGINAL))
        return dio_fail(err, "original_steps: %s has no such setting", s->name);
    return true;
}

/* --- rows --- */

static bool finite_row(const dio_schedule_row *r)
{
    double sum = r->timestep + r->input + r->signal + r->noise + r->clean[0] + r->clean[1];
    for (int i = 0; i < DIO_TERMS; i++)
        sum += r->next[i] + r->keep[0][i] + r->keep[1][i];
    return isfinite(sum);
}

static bool check_rows(struct dio_schedule_build *b, dio_error *err)
{
    const dio_schedule *s = b->s;
    for (int i = s->first; i < s->count; i++)
        if (!finite_row(&s->rows[i]))
            return dio_value_fail(b->json, err,
                                  "the settings give call %d of %d, at timestep %g, no finite "
                                  "weights: %s",
                                  i + 1, s->count, s->rows[i].timestep,
                                  b->c->rescale_betas_zero_snr && b->c->prediction_type == 0
                                      ? "rescale_betas_zero_snr needs another prediction_type "
                                        "than epsilon, for pure noise tells nothing of the picture"
                                      : "two levels of noise are the same, or one is infinite");
    return true;
}

static bool build(struct dio_schedule_build *b, dio_error *err)
{
    const dio_scheduler *scheduler = b->s->scheduler;
    struct scheduler_config *c = dio_arena_alloc(b->arena, sizeof *c);
    b->c = c;
    if (!dio_fields_read(scheduler->config, c, b->json, scheduler->class_name, 0, b->arena, NULL,
                         NULL, err) ||
        !check_options(scheduler, c, b->o, err) || !check_spread(b, err))
        return false;
    b->n = b->o->steps + b->o->n_timesteps + b->o->n_sigmas;
    if (c->beta_end > 0 && !build_alphas(b, err)) /* flow matching has no betas */
        return false;
    if (!scheduler->build(b, err) || !check_rows(b, err))
        return false;
    return !dio_arena_failed(b->arena) || dio_fail_memory(err, "a schedule");
}

dio_schedule *dio_schedule_create(const dio_scheduler *scheduler, const dio_value *config,
                                  const dio_schedule_options *options, dio_error *err)
{
    if (!scheduler)
        scheduler = dio_scheduler_of(config, err);
    dio_arena *arena = scheduler ? dio_arena_create() : NULL;
    if (!arena) {
        if (scheduler)
            dio_fail_memory(err, "a schedule");
        return NULL;
    }
    dio_schedule *s = dio_arena_alloc(arena, sizeof *s);
    s->scheduler = scheduler;
    s->arena = arena;
    struct dio_schedule_build b = {.s = s, .arena = arena, .json = config, .o = options};
    if (build(&b, err))
        return s;
    dio_schedule_destroy(s);
    return NULL;
}

void dio_schedule_destroy(dio_schedule *s)
{
    if (s)
        dio_arena_destroy(s->arena);
}

void dio_schedule_mix(const dio_schedule *s, int i, const float *picture, const float *normal,
                      float *out, size_t n)
{
    double signal = i < s->count ? s->rows[i].signal : 1;
    double noise = i < s->count ? s->rows[i].noise : 0;
    for (size_t k = 0; k < n; k++)
        out[k] = (float)(signal * (double)picture[k] + noise * (double)normal[k]);
}
