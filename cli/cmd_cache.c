/* cmd_cache.c: `diorama cache ls|verify|gc`: results kept from run to run. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "fusion/cache.h"

enum { LS, VERIFY, GC };
static const char *const verbs[] = {"ls", "verify", "gc", NULL};

struct options {
    int verb;
    const char *cache;
    double limit;
};

static const dio_field fields[] = {
    DIO_FIELD_WORDS(
        struct options, verb, "ls", verbs,
        "ls: what there is; verify: read all and remove what is damaged; gc: remove the "
        "least recently used"),
    DIO_FIELD(struct options, cache, "", 0, 0,
              "the folder, in place of $DIORAMA_CACHE or ~/.cache/diorama"),
    DIO_FIELD(struct options, limit, "0", 0, 1e6,
              "gigabytes that gc leaves; 0: what $DIORAMA_CACHE_LIMIT says, or 8"),
    {0},
};

struct seen {
    dio_cli *cli;
    uint64_t bytes;
    int entries, damaged;
    bool list;
};

static bool visit(void *user, const dio_cache_item *item)
{
    struct seen *s = user;
    s->bytes += item->bytes;
    s->entries++;
    s->damaged += item->damaged;
    if (!s->list && !item->damaged)
        return !*s->cli->cancel;
    if (s->cli->common.json) {
        dio_arena *a = dio_arena_create();
        dio_value *v = a ? dio_value_map(a) : NULL;
        if (!v)
            return false;
        dio_map_set(a, v, "key", dio_value_string(a, item->key));
        dio_map_set(a, v, "uses", dio_value_string(a, item->uses));
        dio_map_set(a, v, "step", dio_value_string(a, item->label));
        dio_map_set(a, v, "used", dio_value_string(a, item->used));
        dio_map_set(a, v, "bytes", dio_value_int(a, (int64_t)item->bytes));
        dio_map_set(a, v, "damaged", dio_value_bool(a, item->damaged));
        char *line = dio_json_write(a, v, 0);
        printf("%s\n", line ? line : "{}");
        dio_arena_destroy(a);
    } else {
        printf("%.12s  %s  %9.1f kB  %-22s %s%s\n", item->key, item->used,
               (double)item->bytes / 1e3, item->uses, item->label,
               item->damaged ? "  damaged, removed" : "");
    }
    return !*s->cli->cancel;
}

static bool gc(dio_cli *cli, dio_cache *c, const struct options *o)
{
    uint64_t freed;
    int entries;
    uint64_t limit = o->limit > 0 ? (uint64_t)(o->limit * 1e9) : dio_cache_limit();
    if (!dio_cache_gc(c, limit, &freed, &entries, &cli->error))
        return false;
    dio_cli_say(cli, "removed %d entries, %.1f MB", entries, (double)freed / 1e6);
    return true;
}

static bool run(dio_cli *cli, void *options)
{
    const struct options *o = options;
    const char *root = o->cache[0] ? o->cache : dio_cache_folder(cli->arena);
    if (!root || strcmp(root, "off") == 0)
        return dio_fail(&cli->error, "no cache: give --cache FOLDER");
    dio_cache *c = dio_cache_open(root, false, &cli->error);
    struct seen seen = {.cli = cli, .list = o->verb == LS};
    bool ok =
        c && (o->verb == GC ? gc(cli, c, o)
                            : dio_cache_walk(c, o->verb == VERIFY, visit, &seen, &cli->error));
    if (ok && o->verb != GC)
        dio_cli_say(cli, "%s: %d entries, %.1f MB%s", root, seen.entries, (double)seen.bytes / 1e6,
                    seen.damaged ? "; damaged ones were removed" : "");
    dio_cache_close(c);
    return ok;
}

const dio_command dio_command_cache = {
    .name = "cache",
    .doc = "results kept from run to run: list, verify, tidy",
    .options = fields,
    .operands = (const char *const[]){"verb", NULL},
    .size = sizeof(struct options),
    .run = run,
};
