#pragma once
/* command.h: what a command says about itself.
 *
 * A command is one file that ends in a `const dio_command`, and one line in commands.def. Its
 * options are a table of fields; parsing, --help and docs/commands.md follow from it.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/args.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "tensor/device.h"

/* Options that every command has. */
typedef struct dio_common {
    int threads;
    const char *device;
    bool verbose, quiet, json;
} dio_common;

/* What a running command is given. */
typedef struct dio_cli {
    dio_arena *arena;
    dio_common common;
    dio_args_given given;                /* options that the user wrote */
    const volatile sig_atomic_t *cancel; /* set by Ctrl-C */
    dio_error error;                     /* what run writes when it fails */
    int verdict; /* exit code where run has said all itself: 1 not ready, 42 rows failed; else 0 */
} dio_cli;

typedef struct dio_command {
    const char *name, *doc;
    const dio_field *options;
    const dio_args_repeat *repeats; /* or NULL */
    const dio_args_alias *aliases;  /* or NULL */
    const char *const *operands;    /* or NULL */
    size_t size;                    /* of the options' struct */
    /* False with cli->error. */
    bool (*run)(dio_cli *cli, void *options);
} dio_command;

extern const dio_command *const dio_commands[];
extern const int dio_commands_count;
extern const dio_field dio_common_fields[];

/* The device that --device names, with --threads applied; NULL with cli->error. */
dio_device *dio_cli_device(dio_cli *cli);

/* One JSON object as a line on stdout, at once. `v` is a map. */
void dio_cli_event(dio_cli *cli, const dio_value *v);

/* A line on stderr unless --quiet or --json. */
void dio_cli_say(dio_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
