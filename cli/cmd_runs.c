/* cmd_runs.c: `diorama runs ls|show|stats`: what was run into an output folder. */
#include <stdio.h>

#include "cli/command.h"
#include "fusion/ledger.h"

enum { LS, SHOW, STATS };
static const char *const verbs[] = {"ls", "show", "stats", NULL};

struct options {
    int verb, number, most;
    const char *output;
};

static const dio_field fields[] = {
    DIO_FIELD_WORDS(struct options, verb, "ls", verbs,
                    "ls: the latest runs; show: one of them, with steps, files and events; stats: "
                    "time by type of step"),
    DIO_FIELD(struct options, number, "0", 0, 1000000000, "of the run to show; 0: the latest"),
    DIO_FIELD(struct options, output, "out", 0, 0, "folder that was run into"),
    DIO_FIELD(struct options, most, "20", 1, 100000, "runs to list"),
    {0},
};

static const char *text(const dio_value *map, const char *key)
{
    const dio_value *v = dio_map_get(map, key);
    return v && v->kind == DIO_STRING ? v->string.text : "";
}

static double number(const dio_value *map, const char *key)
{
    const dio_value *v = dio_map_get(map, key);
    return !v ? 0 : v->kind == DIO_REAL ? v->real : v->kind == DIO_INT ? (double)v->integer : 0;
}

static void print_runs(const dio_value *list)
{
    for (int i = 0; i < list->list.count; i++) {
        const dio_value *r = list->list.items[i];
        printf("%5.0f  %s  %-8s %-7s %-20s %4.0f steps, %.0f kept, %.0f files, %.1f s\n",
               number(r, "run"), text(r, "started"), text(r, "kind"), text(r, "state"),
               text(r, "name"), number(r, "steps"), number(r, "kept"), number(r, "files"),
               number(r, "seconds"));
    }
}

static void print_run(const dio_value *r)
{
    const dio_value *steps = dio_map_get(r, "steps"), *files = dio_map_get(r, "files");
    const dio_value *events = dio_map_get(r, "events");
    printf("run %.0f: %s (%s), %s, seed %s\n%s on %s, %s, %.1f s\n", number(r, "run"),
           text(r, "name"), text(r, "file"), text(r, "state"), text(r, "seed"), text(r, "started"),
           text(r, "host"), text(r, "kind"), number(r, "seconds"));
    for (int i = 0; i < steps->list.count; i++) {
        const dio_value *s = steps->list.items[i];
        printf("  %-8s %6.2f s  %-24s %s%s%s\n",
               number(s, "cached") > 0 ||
                       (dio_map_get(s, "cached") && dio_map_get(s, "cached")->kind == DIO_BOOL)
                   ? "kept"
                   : text(s, "state"),
               number(s, "seconds"), text(s, "uses"), text(s, "step"),
               *text(s, "error") ? ": " : "", text(s, "error"));
    }
    for (int i = 0; i < files->list.count; i++) {
        const dio_value *f = files->list.items[i];
        printf("  -> %s  %.0f bytes  sha256 %.12s\n", text(f, "path"), number(f, "bytes"),
               text(f, "sha256"));
    }
    for (int i = 0; i < events->list.count; i++) {
        const dio_value *e = events->list.items[i];
        printf("  %s  %s: %s\n", text(e, "time"), text(e, "what"), text(e, "text"));
    }
}

static void print_stats(const dio_value *list)
{
    printf("%-24s %8s %8s %8s %10s %10s %10s\n", "step", "made", "kept", "failed", "mean s",
           "longest s", "all s");
    for (int i = 0; i < list->list.count; i++) {
        const dio_value *s = list->list.items[i];
        printf("%-24s %8.0f %8.0f %8.0f %10.2f %10.2f %10.1f\n", text(s, "uses"), number(s, "done"),
               number(s, "kept"), number(s, "failed"), number(s, "mean"), number(s, "longest"),
               number(s, "seconds"));
    }
}

/* The latest run's number. */
static int64_t latest(dio_cli *cli, dio_ledger *l)
{
    dio_value *list = dio_ledger_runs(l, cli->arena, 1, &cli->error);
    if (list && list->list.count)
        return (int64_t)number(list->list.items[0], "run");
    if (list)
        dio_fail(&cli->error, "nothing has been run into this folder");
    return 0;
}

static bool run(dio_cli *cli, void *options)
{
    const struct options *o = options;
    dio_ledger *l = dio_ledger_open_existing(o->output, &cli->error);
    dio_value *v = NULL;
    int64_t of = o->number;
    if (l && o->verb == SHOW && of == 0)
        of = latest(cli, l);
    if (l && o->verb == LS)
        v = dio_ledger_runs(l, cli->arena, o->most, &cli->error);
    else if (l && o->verb == STATS)
        v = dio_ledger_stats(l, cli->arena, &cli->error);
    else if (l && of)
        v = dio_ledger_show(l, cli->arena, of, &cli->error);
    if (v && cli->common.json)
        dio_cli_event(cli, v);
    else if (v && o->verb == LS)
        print_runs(v);
    else if (v && o->verb == STATS)
        print_stats(v);
    else if (v)
        print_run(v);
    dio_ledger_close(l);
    return v != NULL;
}

const dio_command dio_command_runs = {
    .name = "runs",
    .doc = "what was run into an output folder",
    .options = fields,
    .aliases = (const dio_args_alias[]){{'o', "output"}, {0}},
    .operands = (const char *const[]){"verb", "number", NULL},
    .size = sizeof(struct options),
    .run = run,
};
