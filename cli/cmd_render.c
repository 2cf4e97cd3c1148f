/* cmd_render.c: `diorama render PIPELINE.yaml`: a pipeline from its file to finished files. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assets.h"
#include "cli/command.h"
#include "fusion/cache.h"
#include "fusion/fusion.h"

struct options {
    const char *pipeline, *output, *only, *from, *cache;
    uint64_t seed;
    bool dry_run, force, locked;
    dio_args_list set;
};

static const dio_field fields[] = {
    DIO_FIELD(struct options, pipeline, NULL, 0, 0, "the pipeline, a YAML file"),
    DIO_FIELD(struct options, output, "out", 0, 0, "folder of the finished files"),
    DIO_FIELD(struct options, seed, "0", 0, 0, "in place of the pipeline's seed"),
    DIO_FIELD(struct options, only, "", 0, 0, "run this step and what it needs"),
    DIO_FIELD(struct options, from, "", 0, 0, "make this step anew, and all that needs it"),
    DIO_FIELD(struct options, force, "false", 0, 0, "make every step anew"),
    DIO_FIELD(struct options, locked, "false", 0, 0,
              "refuse other models, steps or seed than OUTPUT/diorama.lock names"),
    DIO_FIELD(struct options, dry_run, "false", 0, 0, "check and show what would run"),
    DIO_FIELD(struct options, cache, "", 0, 0,
              "folder of kept results; off: keep none; else $DIORAMA_CACHE or ~/.cache/diorama"),
    {0},
};

static const dio_args_repeat repeats[] = {
    {"set", offsetof(struct options, set), "NAME=VALUE", "an input of the pipeline"},
    {0},
};

static const char *const event_names[] = {
    [DIO_RUN_PLAN] = "plan",     [DIO_RUN_BEGIN] = "begin",     [DIO_RUN_PROGRESS] = "progress",
    [DIO_RUN_TEXT] = "text",     [DIO_RUN_END] = "end",         [DIO_RUN_FILE] = "file",
    [DIO_RUN_DONE] = "done",     [DIO_RUN_WARNING] = "warning", [DIO_RUN_CHOICE] = "choice",
    [DIO_RUN_REVIEW] = "review",
};

static void put_text(dio_cli *cli, dio_value *v, const char *key, const char *text)
{
    if (text)
        dio_map_set(cli->arena, v, key, dio_value_string(cli->arena, text));
}

static void machine_event(dio_cli *cli, const dio_run_event *e)
{
    dio_value *v = dio_value_map(cli->arena);
    put_text(cli, v, "event", event_names[e->what]);
    put_text(cli, v, "step", e->step);
    put_text(cli, v, "name", e->name);
    put_text(cli, v, e->what == DIO_RUN_FILE ? "path" : "text", e->text);
    if (e->what == DIO_RUN_END) {
        dio_map_set(cli->arena, v, "kept", dio_value_bool(cli->arena, e->kept));
        dio_map_set(cli->arena, v, "failed", dio_value_bool(cli->arena, e->failed));
        dio_map_set(cli->arena, v, "waits", dio_value_bool(cli->arena, e->waits));
    }
    if (e->total)
        dio_map_set(cli->arena, v, "total", dio_value_int(cli->arena, e->total));
    dio_map_set(cli->arena, v, "done", dio_value_real(cli->arena, e->done));
    dio_map_set(cli->arena, v, "elapsed", dio_value_real(cli->arena, e->elapsed));
    if (e->left >= 0)
        dio_map_set(cli->arena, v, "left", dio_value_real(cli->arena, e->left));
    dio_cli_event(cli, v);
}

/* A bar on a terminal, rewritten in place; nothing where nobody watches. */
static void bar(const dio_run_event *e)
{
    enum { WIDTH = 28 };
    int full = (int)(e->done * WIDTH);
    fputs("\r\033[K[", stderr);
    for (int i = 0; i < WIDTH; i++)
        fputc(i < full ? '#' : '.', stderr);
    fprintf(stderr, "] %3.0f %%", 100 * e->done);
    if (e->left >= 0)
        fprintf(stderr, "  %.0f s left", e->left);
    if (e->step)
        fprintf(stderr, "  %s", e->step);
}

static const char *verdict(const dio_run_event *e)
{
    return e->failed    ? "failed"
           : e->waits   ? "waiting:"
           : e->skipped ? "skipped"
           : e->kept    ? "kept"
                        : "done";
}

static void on_event(void *user, const dio_run_event *e)
{
    dio_cli *cli = user;
    bool terminal = isatty(2) && !cli->common.quiet;
    if (cli->common.json) {
        machine_event(cli, e);
        return;
    }
    if (terminal && e->what != DIO_RUN_PROGRESS)
        fputs("\r\033[K", stderr);
    if (e->what == DIO_RUN_PROGRESS && terminal)
        bar(e);
    else if (e->what == DIO_RUN_TEXT)
        dio_cli_say(cli, "  %s: %s", e->name, e->text);
    else if (e->what == DIO_RUN_END && e->step)
        dio_cli_say(cli, "%s %s (%d of %d, %.1f s)", verdict(e), e->step, e->number, e->total,
                    e->elapsed);
    else if (e->what == DIO_RUN_WARNING)
        dio_cli_say(cli, "warning: %s", e->text);
    else if (e->what == DIO_RUN_CHOICE)
        dio_cli_say(cli, "  %s: %s", e->step, e->text);
    else if (e->what == DIO_RUN_REVIEW)
        dio_cli_say(cli, "  %s", e->text);
    else if (e->what == DIO_RUN_FILE)
        printf("%s\n", e->text);
    else if (e->what == DIO_RUN_DONE)
        dio_cli_say(cli, "%s in %.1f s",
                    e->failed  ? "failed"
                    : e->waits ? "stopped at what waits for review"
                               : "finished",
                    e->elapsed);
}

static bool is_cancelled(void *user)
{
    return *((dio_cli *)user)->cancel;
}

/* The problems go out as they are: each has its own place, line and caret. */
static bool check(dio_cli *cli, dio_pipeline *p, const struct options *o)
{
    dio_check_options c = {.has_seed = dio_args_has(&cli->given, "seed"),
                           .seed = o->seed,
                           .only = o->only[0] ? o->only : NULL,
                           .from = o->from[0] ? o->from : NULL,
                           .out = o->output,
                           .locked = o->locked};
    int count;
    if (dio_pipeline_check(p, &c))
        return true;
    const char *problems = dio_pipeline_problems(p, &count);
    if (dio_pipeline_starved(p))
        return dio_fail_memory(&cli->error, o->pipeline);
    fputs(problems, stderr);
    return dio_fail(&cli->error, "%s: %d problem%s; nothing was rendered", o->pipeline, count,
                    count == 1 ? "" : "s");
}

static const char *cache_of(dio_cli *cli, const struct options *o)
{
    const char *folder = o->cache[0] ? o->cache : dio_cache_folder(cli->arena);
    return folder && strcmp(folder, "off") != 0 ? folder : NULL;
}

static bool foretell(dio_cli *cli, dio_pipeline *p, const dio_run_options *r)
{
    const char *text = dio_pipeline_forecast(p, r, cli->common.json, &cli->error);
    if (text)
        printf("%s%s", text, cli->common.json ? "\n" : "");
    return text != NULL;
}

static bool run(dio_cli *cli, void *options)
{
    const struct options *o = options;
    const char *assets = dio_assets_dir(cli->arena, &cli->error);
    dio_pipeline *p = assets ? dio_pipeline_open(o->pipeline, assets, &cli->error) : NULL;
    if (!p)
        return false;
    for (int i = 0; i < o->set.count; i++)
        dio_pipeline_set(p, o->set.items[i]);
    bool ok = check(cli, p, o);
    dio_run_options r = {.record = true,
                         .locked = o->locked,
                         .cache = cache_of(cli, o),
                         .again = o->force     ? ""
                                  : o->from[0] ? o->from
                                               : NULL,
                         .out = o->output,
                         .device = cli->common.device,
                         .event = on_event,
                         .cancelled = is_cancelled,
                         .user = cli};
    if (ok && o->dry_run)
        ok = foretell(cli, p, &r);
    else if (ok)
        ok = dio_pipeline_run(p, &r, &cli->error);
    dio_pipeline_close(p);
    return ok;
}

const dio_command dio_command_render = {
    .name = "render",
    .doc = "render a pipeline into finished files",
    .options = fields,
    .repeats = repeats,
    .aliases = (const dio_args_alias[]){{'o', "output"}, {0}},
    .operands = (const char *const[]){"pipeline", NULL},
    .size = sizeof(struct options),
    .run = run,
};
