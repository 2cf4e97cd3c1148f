/* cmd_batch.c: `diorama batch PIPELINE ROWS`: a pipeline for every row of a table, unattended. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assets.h"
#include "cli/command.h"
#include "fusion/batch.h"
#include "fusion/cache.h"

enum { ROWS_FAILED = 42, TRY_AGAIN = 75 };

struct options {
    const char *pipeline, *rows, *output, *cache;
    uint64_t seed;
    int jobs, retries;
    bool fail_fast;
    dio_args_list set;
};

static const dio_field fields[] = {
    DIO_FIELD(struct options, pipeline, NULL, 0, 0, "the pipeline, a YAML file"),
    DIO_FIELD(struct options, rows, NULL, 0, 0,
              "the table: CSV whose first row names inputs, or .jsonl with an object a line"),
    DIO_FIELD(struct options, output, "out", 0, 0, "folder of the finished files"),
    DIO_FIELD(struct options, jobs, "1", 1, 64,
              "rows at a time, each in a process with models of its own"),
    DIO_FIELD(struct options, retries, "2", 0, 100,
              "how often a row is tried again after what may pass: a full disk, a crash"),
    DIO_FIELD(struct options, fail_fast, "false", 0, 0, "stop at the first row that fails"),
    DIO_FIELD(struct options, seed, "0", 0, 0, "in place of the pipeline's seed"),
    DIO_FIELD(struct options, cache, "", 0, 0,
              "folder of kept results; off: keep none; else $DIORAMA_CACHE or ~/.cache/diorama"),
    {0},
};

static const dio_args_repeat repeats[] = {
    {"set", offsetof(struct options, set), "NAME=VALUE", "an input, the same for all rows"},
    {0},
};

static void put_int(dio_arena *a, dio_value *v, const char *key, int64_t n)
{
    dio_map_set(a, v, key, dio_value_int(a, n));
}

/* In an arena of its own: there may be a million. */
static void machine_event(const dio_batch_event *e)
{
    static const char *const names[] = {"warning", "row", "done"};
    dio_arena *a = dio_arena_create();
    dio_value *v = a ? dio_value_map(a) : NULL;
    if (!v)
        return;
    dio_map_set(a, v, "event", dio_value_string(a, names[e->what]));
    if (e->row)
        put_int(a, v, "row", e->row);
    if (e->state)
        dio_map_set(a, v, "state", dio_value_string(a, e->state));
    if (e->text)
        dio_map_set(a, v, "text", dio_value_string(a, e->text));
    if (e->what != DIO_BATCH_WARNING) {
        put_int(a, v, "done", e->count.done);
        put_int(a, v, "before", e->count.before);
        put_int(a, v, "failed", e->count.failed);
        put_int(a, v, "retry", e->count.retry);
        put_int(a, v, "review", e->count.review);
        put_int(a, v, "total", e->total);
        dio_map_set(a, v, "seconds", dio_value_real(a, e->seconds));
        dio_map_set(a, v, "elapsed", dio_value_real(a, e->elapsed));
        dio_map_set(a, v, "rate", dio_value_real(a, e->rate));
        if (e->left >= 0)
            dio_map_set(a, v, "left", dio_value_real(a, e->left));
    }
    char *line = dio_json_write(a, v, 0);
    if (line) {
        puts(line);
        fflush(stdout);
    }
    dio_arena_destroy(a);
}

static void progress(const dio_batch_event *e)
{
    const dio_batch_count *c = &e->count;
    fprintf(stderr, "\r\033[K%lld of %lld rows, %.2f a second",
            (long long)(c->done + c->before + c->failed + c->retry + c->review),
            (long long)e->total, e->rate);
    if (c->failed + c->retry)
        fprintf(stderr, ", %lld failed", (long long)(c->failed + c->retry));
    if (e->left >= 0)
        fprintf(stderr, ", %.0f s left", e->left);
    fflush(stderr);
}

/* A line for what went wrong; for rows that went well only where no bar stands, or with -v. */
static void on_event(void *user, const dio_batch_event *e)
{
    dio_cli *cli = user;
    bool terminal = isatty(2) && !cli->common.quiet;
    if (cli->common.json) {
        machine_event(e);
        return;
    }
    bool well = e->state && (strcmp(e->state, "done") == 0 || strcmp(e->state, "before") == 0);
    if (terminal && !well)
        fputs("\r\033[K", stderr);
    if (e->what == DIO_BATCH_WARNING)
        dio_cli_say(cli, "warning: %s", e->text);
    else if (e->what == DIO_BATCH_ROW && !well)
        fprintf(stderr, "row %lld %s: %s\n", (long long)e->row,
                strcmp(e->state, "again") == 0    ? "is tried again"
                : strcmp(e->state, "review") == 0 ? "waits"
                                                  : "failed",
                e->text);
    else if (e->what == DIO_BATCH_ROW && (cli->common.verbose || !terminal) &&
             strcmp(e->state, "done") == 0)
        dio_cli_say(cli, "row %lld done in %.1f s (%lld of %lld)", (long long)e->row, e->seconds,
                    (long long)(e->count.done + e->count.before), (long long)e->total);
    if (terminal && e->what == DIO_BATCH_ROW)
        progress(e);
}

static bool is_cancelled(void *user)
{
    return *((dio_cli *)user)->cancel;
}

static void sum_up(dio_cli *cli, const struct options *o, const dio_batch_count *c)
{
    dio_cli_say(cli, "%lld rows: %lld done, %lld done before, %lld failed%s; see %s/batch.jsonl",
                (long long)c->rows, (long long)c->done, (long long)c->before,
                (long long)(c->failed + c->retry),
                c->retry ? " (some may succeed when run again)" : "", o->output);
}

static void sum_up_reviews(dio_cli *cli, const struct options *o, const dio_batch_count *c)
{
    if (c->review)
        dio_cli_say(cli, "%lld row%s for a person's choice: diorama review ls -o %s",
                    (long long)c->review, c->review > 1 ? "s wait" : " waits", o->output);
}

static bool run(dio_cli *cli, void *options)
{
    const struct options *o = options;
    const char *cache = o->cache[0] ? o->cache : dio_cache_folder(cli->arena);
    dio_batch_count count = {0};
    const dio_batch_options b = {
        .pipeline = o->pipeline,
        .rows = o->rows,
        .out = o->output,
        .assets = dio_assets_dir(cli->arena, &cli->error),
        .device = cli->common.device,
        .cache = cache && strcmp(cache, "off") != 0 ? cache : NULL,
        .sets = o->set.items,
        .set_count = o->set.count,
        .has_seed = dio_args_has(&cli->given, "seed"),
        .seed = o->seed,
        .jobs = o->jobs,
        .threads = cli->common.threads,
        .retries = o->retries,
        .fail_fast = o->fail_fast,
        .event = on_event,
        .cancelled = is_cancelled,
        .user = cli,
    };
    if (!b.assets)
        return false;
    bool ok = dio_batch_run(&b, &count, &cli->error);
    if (isatty(2) && !cli->common.quiet && !cli->common.json)
        fputs("\r\033[K", stderr);
    if (ok || count.rows)
        sum_up(cli, o, &count);
    sum_up_reviews(cli, o, &count);
    cli->verdict = count.failed ? ROWS_FAILED : count.retry || count.review ? TRY_AGAIN : 0;
    return ok;
}

const dio_command dio_command_batch = {
    .name = "batch",
    .doc = "render a pipeline for every row of a table; run again, it resumes",
    .options = fields,
    .repeats = repeats,
    .aliases = (const dio_args_alias[]){{'o', "output"}, {'j', "jobs"}, {0}},
    .operands = (const char *const[]){"pipeline", "rows", NULL},
    .size = sizeof(struct options),
    .run = run,
};
