/* cmd_review.c: `diorama review ls|show|approve|reject`: a person's choice among candidates. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/command.h"
#include "fusion/ledger.h"
#include "fusion/review.h"

enum { LS, SHOW, APPROVE, REJECT };
static const char *const verbs[] = {"ls", "show", "approve", "reject", NULL};

struct options {
    int verb, id, pick;
    const char *output, *note;
    bool all, change;
};

static const dio_field fields[] = {
    DIO_FIELD_WORDS(struct options, verb, "ls", verbs,
                    "ls: what waits; show: one of them; approve: its result goes on; reject: the "
                    "next round is tried"),
    DIO_FIELD(struct options, id, "0", 0, 2000000000, "number of the review, as ls tells"),
    DIO_FIELD(struct options, pick, "0", 0, 1000, "with approve: which candidate; 0: the best"),
    DIO_FIELD(struct options, note, "", 0, 300, "why; it is kept"),
    DIO_FIELD(struct options, output, "out", 0, 0, "folder that was run into"),
    DIO_FIELD(struct options, all, "false", 0, 0, "with ls: those that are decided, too"),
    DIO_FIELD(struct options, change, "false", 0, 0, "decide anew what is decided already"),
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

/* What came from a pipeline, fit for a terminal. */
static const char *shown(dio_cli *cli, const char *s)
{
    char *copy = dio_arena_strdup(cli->arena, s);
    if (copy)
        dio_str_show(copy);
    return copy ? copy : "";
}

static void print_head(dio_cli *cli, const dio_value *v)
{
    const dio_value *candidates = dio_map_get(v, "candidates");
    double row = number(v, "row"), picked = number(v, "picked");
    printf("%4.0f  %-10s %s  %s: %s", number(v, "id"), text(v, "state"), text(v, "asked"),
           shown(cli, text(v, "pipeline")), shown(cli, text(v, "step")));
    if (row > 0)
        printf(" (row %.0f)", row);
    printf(", round %.0f of %.0f, %d candidate%s", number(v, "round"), number(v, "rounds"),
           candidates ? candidates->list.count : 0,
           candidates && candidates->list.count == 1 ? "" : "s");
    if (picked > 0)
        printf(", candidate %.0f", picked);
    if (*text(v, "who"))
        printf(", by %s", shown(cli, text(v, "who")));
    if (*text(v, "note"))
        printf(": %s", shown(cli, text(v, "note")));
    printf("\n");
}

static void print_candidate(const dio_value *c, bool best)
{
    const dio_value *scores = dio_map_get(c, "scores");
    printf("  %2.0f%s  seed %s", number(c, "candidate"), best ? " best" : "     ", text(c, "seed"));
    if (scores && scores->map.count)
        printf("  %+.3f", number(c, "total"));
    if (number(c, "faults") > 0)
        printf("  %.0f fault%s", number(c, "faults"), number(c, "faults") > 1 ? "s" : "");
    for (int i = 0; scores && i < scores->map.count; i++)
        printf("  %s %.4g", scores->map.keys[i]->string.text,
               number(scores, scores->map.keys[i]->string.text));
    printf("\n");
}

static bool list(dio_cli *cli, dio_ledger *l, const struct options *o)
{
    const dio_value *v = dio_review_list(l, cli->arena, o->all, &cli->error);
    if (v && cli->common.json)
        dio_cli_event(cli, v);
    for (int i = 0; v && !cli->common.json && i < v->list.count; i++)
        print_head(cli, v->list.items[i]);
    if (v && !v->list.count)
        dio_cli_say(cli, "nothing waits for review in %s", o->output);
    return v != NULL;
}

static bool show(dio_cli *cli, dio_ledger *l, const struct options *o)
{
    const dio_value *v = dio_review_show(l, cli->arena, o->id, &cli->error);
    const dio_value *candidates = v ? dio_map_get(v, "candidates") : NULL;
    if (v && cli->common.json) {
        dio_cli_event(cli, v);
        return true;
    }
    if (v)
        print_head(cli, v);
    for (int i = 0; candidates && i < candidates->list.count; i++)
        print_candidate(candidates->list.items[i], i + 1 == (int)number(v, "best"));
    if (v)
        printf("page: %s/review/%d/index.html\n", o->output, o->id);
    return v != NULL;
}

static const char *user_name(void)
{
    const struct passwd *p = getpwuid(geteuid());
    const char *name = getenv("LOGNAME");
    return name && *name ? name : p ? p->pw_name : "someone";
}

static bool decide(dio_cli *cli, dio_ledger *l, const struct options *o)
{
    const dio_review_answer answer = {.id = o->id,
                                      .approve = o->verb == APPROVE,
                                      .pick = o->pick,
                                      .note = o->note,
                                      .who = user_name(),
                                      .change = o->change};
    if (o->verb == REJECT && o->pick)
        return dio_fail(&cli->error, "pick: reject takes none of them");
    if (!dio_review_decide(l, cli->arena, &answer, &cli->error))
        return false;
    dio_cli_say(cli, "review %d %s; run the same render or batch again", o->id,
                o->verb == APPROVE ? "approved" : "rejected");
    return true;
}

static bool run(dio_cli *cli, void *options)
{
    const struct options *o = options;
    if (o->verb != LS && !o->id)
        return dio_fail(&cli->error, "%s what? Give the number that `diorama review ls` tells",
                        verbs[o->verb]);
    dio_ledger *l = dio_ledger_open_existing(o->output, &cli->error);
    bool ok = l && (o->verb == LS     ? list(cli, l, o)
                    : o->verb == SHOW ? show(cli, l, o)
                                      : decide(cli, l, o));
    dio_ledger_close(l);
    return ok;
}

const dio_command dio_command_review = {
    .name = "review",
    .doc = "choose among candidates that wait for a person",
    .options = fields,
    .aliases = (const dio_args_alias[]){{'o', "output"}, {0}},
    .operands = (const char *const[]){"verb", "id", NULL},
    .size = sizeof(struct options),
    .run = run,
};
