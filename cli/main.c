/* main.c: finds the command, reads its options, runs it, turns a failure into one sentence and an
 * exit code: 0 done, 1 not ready, 2 invalid input, 42 rows failed, 75 try again, 130 interrupted.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gang.h"
#include "base/str.h"
#include "cli/command.h"

enum { EXIT_DONE = 0, EXIT_INVALID = 2, EXIT_RETRY = 75 };

#define DIO_COMMAND(name) extern const dio_command dio_command_##name;
#include "cli/commands.def"
#ifdef DIORAMA_MEDIA
#include "cli/commands_media.def"
#endif
#undef DIO_COMMAND

const dio_command *const dio_commands[] = {
#define DIO_COMMAND(name) &dio_command_##name,
#ifdef DIORAMA_MEDIA
#include "cli/commands_media.def"
#endif
#include "cli/commands.def"
#undef DIO_COMMAND
};
const int dio_commands_count = (int)(sizeof dio_commands / sizeof dio_commands[0]);

typedef dio_common dc;
const dio_field dio_common_fields[] = {
    DIO_FIELD(dc, threads, "0", 0, 1024, "threads to use; 0: OMP_NUM_THREADS, or all cores"),
    DIO_FIELD(dc, device, "auto", 0, 0, "auto, cpu or cuda"),
    DIO_FIELD(dc, verbose, "false", 0, 0, "say more"),
    DIO_FIELD(dc, quiet, "false", 0, 0, "say nothing but errors"),
    DIO_FIELD(dc, json, "false", 0, 0, "events as JSON, one object a line, on standard output"),
    {0},
};

/* The one thing that a signal handler may write. */
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

static void usage(FILE *to)
{
    fputs("diorama: from a brief to finished ad assets\n\nUsage: diorama COMMAND [OPTIONS]\n\n",
          to);
    for (int i = 0; i < dio_commands_count; i++)
        fprintf(to, "  %-10s %s\n", dio_commands[i]->name, dio_commands[i]->doc);
    fputs("\n`diorama COMMAND --help` explains one command.\n", to);
}

static const dio_command *find(const char *name)
{
    for (int i = 0; i < dio_commands_count; i++)
        if (strcmp(dio_commands[i]->name, name) == 0)
            return dio_commands[i];
    return NULL;
}

static int fail(const dio_error *err)
{
    char text[DIO_ERROR_MESSAGE + DIO_ERROR_FILE + 64];
    fprintf(stderr, "diorama: %s\n", dio_error_text(err, text, sizeof text));
    return err->kind == DIO_ERROR_RETRY ? EXIT_RETRY : EXIT_INVALID;
}

/* What was said counts only when it has arrived. Who listens to a pipe may stop when he likes. */
static int finish(void)
{
    dio_error err = {0};
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_DONE;
    if (errno == EPIPE)
        return EXIT_RETRY;
    dio_fail_retry(&err, "cannot write standard output: %s",
                   errno ? strerror(errno) : "it was cut short");
    return fail(&err);
}

static int unknown(const char *name)
{
    dio_error err = {0};
    const char *names[64];
    int n = 0;
    for (; n < dio_commands_count && n < 64; n++)
        names[n] = dio_commands[n]->name;
    const char *near = dio_nearest(name, names, n);
    dio_fail(&err, "there is no command \"%.80s\"%s%s%s", name, near ? ", did you mean \"" : "",
             near ? near : "", near ? "\"?" : " (see diorama --help)");
    return fail(&err);
}

static int run(const dio_command *c, int argc, char **argv, dio_arena *a)
{
    static const dio_args_alias common_letters[] = {{'v', "verbose"}, {'q', "quiet"}, {0}};
    dio_cli cli = {.arena = a, .cancel = &interrupted};
    void *options = dio_arena_alloc(a, c->size ? c->size : 1);
    const dio_args_group groups[] = {
        {"Options", c->options, c->repeats, options},
        {"Common options", dio_common_fields, NULL, &cli.common},
        {0},
    };
    dio_args_alias letters[32] = {{0}};
    int n = 0;
    for (const dio_args_alias *l = c->aliases; l && l->letter && n < 28; l++)
        letters[n++] = *l;
    for (const dio_args_alias *l = common_letters; l->letter; l++)
        letters[n++] = *l;
    dio_args args = {.command = dio_arena_printf(a, "diorama %s", c->name),
                     .doc = c->doc,
                     .groups = groups,
                     .aliases = letters,
                     .operands = c->operands};
    if (!dio_args_parse(&args, argc, argv, a, &cli.given, &cli.error))
        return fail(&cli.error);
    if (cli.given.help) {
        fputs(dio_args_help(&args, a), stdout);
        return finish();
    }
    if (cli.common.threads > 0)
        dio_gang_resize(cli.common.threads);
    if (!c->run(&cli, options))
        return interrupted ? 130 : fail(&cli.error);
    int code = finish();
    return code ? code : cli.verdict;
}

int main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        usage(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_INVALID : finish();
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("diorama " DIORAMA_VERSION);
        return finish();
    }
    const dio_command *c = find(argv[1]);
    if (!c)
        return unknown(argv[1]);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file beyond the user's limit is a failed write */
    dio_arena *a = dio_arena_create();
    if (!a) {
        fputs("diorama: out of memory\n", stderr);
        return EXIT_RETRY;
    }
    int code = run(c, argc - 2, argv + 2, a);
    dio_arena_destroy(a);
    return code;
}
