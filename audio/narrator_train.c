/* narrator_train.c: reading a recipe of the narrator's, its speech, and the run from weights to a
 * folder. */
#include "audio/narrator_train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"

/* Logarithms of mels lie within -16.2 and 10; 16 bits hold them to a thousandth. */
const float dio_narrator_unit = 1.0f / 1024;

bool dio_narrator_recipe_read(dio_narrator_job *j, const dio_field *fields, dio_error *err)
{
    const dio_recipe_run *run = j->run;
    dio_narrator_recipe *r = &j->recipe;
    if (!dio_fields_read(fields, r, run->recipe, "recipe", DIO_FIELDS_STRICT, run->a, NULL, NULL,
                         err))
        return false;
    if (!r->model || r->model->kind != DIO_MAP)
        return dio_value_fail(run->recipe, err, "model: a recipe says what config.json will hold");
    if (strcmp(r->save, "f16") != 0 && strcmp(r->save, "f32") != 0)
        return dio_value_fail(dio_map_get(run->recipe, "save"), err, "save: f16 or f32, not \"%s\"",
                              r->save);
    if (!r->train || r->train->kind != DIO_MAP)
        return dio_value_fail(run->recipe, err,
                              "train: a recipe says how many steps, as in "
                              "`train: {steps: 4000}`");
    return dio_fields_read(dio_train_fields, &j->options, r->train, "train", DIO_FIELDS_STRICT,
                           run->a, NULL, NULL, err);
}

/* --- the speech --- */

static bool listen(const dio_narrator_job *j, const dio_recording *u, int16_t **out, dio_error *err)
{
    size_t numbers = (size_t)u->n_frames * DIO_NARRATOR_MELS;
    float *x = malloc((size_t)u->n_samples * sizeof *x), *mel = malloc(numbers * sizeof *mel);
    *out = malloc(numbers * sizeof **out);
    bool ok = (x && mel && *out) || dio_fail_memory(err, "the corpus's mels");
    if (ok) {
        dio_recording_samples(u, 0, u->n_samples, 1, x);
        ok = dio_mel_run(j->mel, x, u->n_samples, mel, err);
    }
    for (size_t i = 0; ok && i < numbers; i++)
        (*out)[i] = (int16_t)lrintf(mel[i] / dio_narrator_unit);
    free(x);
    free(mel);
    return ok;
}

static bool listen_to_all(dio_narrator_job *j, dio_error *err)
{
    j->mel = dio_mel_create(dio_mel_dialect_find("vocos"), err);
    bool ok = j->mel != NULL;
    for (int s = DIO_SPLIT_TRAIN; ok && s <= DIO_SPLIT_VALID; s++) {
        int n = dio_speech_count(j->corpus, (dio_split)s);
        j->mels[s] = calloc((size_t)n + 1, sizeof *j->mels[s]);
        ok = j->mels[s] || dio_fail_memory(err, "the corpus's mels");
        for (int i = 0; ok && i < n; i++)
            ok = listen(j, dio_speech_item(j->corpus, (dio_split)s, i), &j->mels[s][i], err);
    }
    return ok;
}

static const char *text_of(const dio_value *model, const char *key, const char *otherwise)
{
    const dio_value *v = dio_map_get(model, key);
    return v && v->kind == DIO_STRING ? v->string.text : otherwise;
}

static bool open_corpus(dio_narrator_job *j, dio_error *err)
{
    const dio_narrator_recipe *r = &j->recipe;
    dio_arena *a = j->run->a;
    const char *dir = r->corpus;
    if (dir[0] != '/')
        dir = dio_path_join(a, dio_path_dir(a, j->run->path), dir);
    dio_recipe_say(j->run, "listening to %s", r->corpus);
    j->corpus = dio_speech_corpus_open(dir, text_of(r->model, "phones", r->phones),
                                       text_of(r->model, "speakers", r->speakers), err);
    if (!j->corpus)
        return false;
    if (!dio_speech_count(j->corpus, DIO_SPLIT_VALID))
        return dio_fail(err, "%s: nothing in it is for validation", r->corpus);
    return listen_to_all(j, err);
}

void dio_narrator_mels(const dio_narrator_job *j, dio_split split, int index, int64_t first,
                       int64_t n, float gain, float *out)
{
    const float least = logf(1e-7f);
    const int64_t frames = dio_speech_item(j->corpus, split, index)->n_frames;
    for (int64_t f = 0; f < n; f++) {
        int64_t at = first + f < 0 ? 0 : first + f < frames ? first + f : frames - 1;
        const int16_t *from = j->mels[split][index] + at * DIO_NARRATOR_MELS;
        for (int m = 0; m < DIO_NARRATOR_MELS; m++)
            out[f * DIO_NARRATOR_MELS + m] =
                fmaxf((float)from[m] * dio_narrator_unit + gain, least);
    }
}

/* --- the run --- */

/* The recipe and how much speech there is: a checkpoint goes on with the same only. */
static bool identify(dio_narrator_job *j, dio_error *err)
{
    dio_arena *a = j->run->a;
    char *recipe = dio_json_write(a, j->run->recipe, 0);
    if (!recipe)
        return dio_fail_memory(err, "the recipe");
    char *text =
        dio_arena_printf(a, "%s %d %.9f", recipe, dio_speech_count(j->corpus, DIO_SPLIT_TRAIN),
                         dio_speech_hours(j->corpus));
    return dio_hash_bytes(text, strlen(text), j->identity, err);
}

bool dio_narrator_job_open(dio_narrator_job *j, const dio_network_kind *kind, dio_error *err)
{
    if (!dio_train_may_begin(j->run->dir, j->run->resume, err))
        return false;
    j->net = dio_network_create(kind, j->recipe.model, j->recipe.seed, DIO_F32, err);
    if (!j->net || !open_corpus(j, err) || !identify(j, err))
        return false;
    const dio_walk *w = &j->net->walk;
    j->weights = dio_arena_try(j->run->a, (size_t)(w->count + 1) * sizeof *j->weights);
    if (!j->weights)
        return dio_fail_memory(err, "the list of weights");
    for (int i = 0; i < w->count; i++)
        j->weights[j->n_weights++] = (dio_train_weight){w->items[i].name, *w->items[i].slot,
                                                        !(w->items[i].flags & DIO_WEIGHT_NO_DECAY)};
    return dio_dir_make(j->run->dir, err);
}

static bool test(const dio_narrator_job *j, const dio_train_task *task, double *out, dio_error *err)
{
    *out = NAN;
    if (!j->recipe.test_batches)
        return true;
    dio_graph *g = dio_graph_create();
    if (!g)
        return dio_fail_memory(err, "the test");
    dio_val v = task->loss(task->user, g, false);
    dio_plan_options o = {.train = true};
    dio_plan *p = dio_plan_create(g, &v, 1, false, j->run->device, &o, err);
    bool ok = p != NULL;
    double sum = 0;
    for (int i = 0; ok && i < j->recipe.test_batches; i++) {
        ok = task->fill(task->user, p, j->options.eval_batches + i, false, err) &&
             dio_plan_run(p, err);
        sum += ok ? *(const float *)dio_plan_output(p, 0, NULL) : 0;
    }
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    *out = sum / j->recipe.test_batches;
    return ok;
}

static bool save(const dio_narrator_job *j, const dio_recipe_report *report, dio_error *err)
{
    dio_arena *a = j->run->a;
    dio_value *v = dio_value_map(a);
    dio_map_set(a, v, "name", dio_value_string(a, j->recipe.name));
    dio_map_set(a, v, "doc", dio_value_string(a, j->recipe.doc));
    dio_map_set(a, v, "licence", dio_value_string(a, j->recipe.licence));
    dio_map_set(a, v, "hours_of_speech", dio_value_real(a, dio_speech_hours(j->corpus)));
    dio_map_set(a, v, "parameters", dio_value_int(a, report->parameters));
    dio_map_set(a, v, "steps", dio_value_int(a, report->run.steps));
    dio_map_set(a, v, "best_step", dio_value_int(a, report->run.best_step));
    dio_map_set(a, v, "frames_per_step", dio_value_int(a, report->items_per_step));
    dio_map_set(a, v, "validation_loss", dio_value_real(a, report->run.best));
    if (isfinite(report->test_loss))
        dio_map_set(a, v, "test_loss", dio_value_real(a, report->test_loss));
    dio_map_set(a, v, "identity", dio_value_string(a, j->identity));
    char *text = dio_json_write(a, v, 2);
    dio_dtype dtype = strcmp(j->recipe.save, "f32") == 0 ? DIO_F32 : DIO_F16;
    return dio_network_save(j->net, j->run->dir, dtype, err) &&
           (text ? dio_file_write(dio_path_join(a, j->run->dir, "training.json"), text,
                                  strlen(text), err)
                 : dio_fail_memory(err, "training.json"));
}

bool dio_narrator_job_run(dio_narrator_job *j, dio_train_task *task, dio_recipe_report *report,
                          dio_error *err)
{
    const dio_recipe_run *run = j->run;
    struct timespec start, end;
    task->user = j;
    task->weights = j->weights;
    task->n_weights = j->n_weights;
    task->items = (int64_t)j->recipe.batch * j->recipe.frames;
    task->item_name = "frames";
    task->identity = j->identity;
    report->parameters = dio_walk_parameters(&j->net->walk);
    report->items_per_step = task->items;
    dio_recipe_say(run, "%s: %.2f M parameters, %.2f hours of speech, %lld frames a step, on %s",
                   j->recipe.name, (double)report->parameters / 1e6, dio_speech_hours(j->corpus),
                   (long long)task->items, run->device->name);
    clock_gettime(CLOCK_MONOTONIC, &start);
    bool ok = dio_train(task, &j->options, run->device, run->dir, run->resume, run->hooks->cancel,
                        run->hooks->progress, run->hooks->user, &report->run, err);
    clock_gettime(CLOCK_MONOTONIC, &end);
    report->seconds = (double)(end.tv_sec - start.tv_sec);
    if (!ok || report->run.cancelled)
        return ok;
    return test(j, task, &report->test_loss, err) && save(j, report, err);
}

void dio_narrator_job_close(dio_narrator_job *j)
{
    for (int s = 0; s < 3; s++) {
        int n = j->mels[s] ? dio_speech_count(j->corpus, (dio_split)s) : 0;
        for (int i = 0; i < n; i++)
            free(j->mels[s][i]);
        free(j->mels[s]);
    }
    dio_mel_destroy(j->mel);
    dio_speech_corpus_close(j->corpus);
    dio_network_close(j->net);
}
