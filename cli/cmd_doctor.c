/* cmd_doctor.c: what this machine offers, and what is missing. */
#include <stdio.h>

#include "base/assets.h"
#include "base/gang.h"
#include "cli/command.h"

static void line(dio_cli *cli, const char *what, bool good, const char *text)
{
    if (cli->common.json) {
        dio_value *v = dio_value_map(cli->arena);
        dio_map_set(cli->arena, v, "check", dio_value_string(cli->arena, what));
        dio_map_set(cli->arena, v, "ok", dio_value_bool(cli->arena, good));
        dio_map_set(cli->arena, v, "text", dio_value_string(cli->arena, text));
        dio_cli_event(cli, v);
    } else {
        printf("%-10s %-4s %s\n", what, good ? "yes" : "no", text);
    }
}

static void check_device(dio_cli *cli, const char *kind)
{
    dio_error err = {0};
    dio_device *d = dio_device_open(kind, &err);
    line(cli, kind, d != NULL, d ? d->name : err.message);
    if (d)
        line(cli, "math", true, d->math);
    dio_device_close(d);
}

static bool run(dio_cli *cli, void *options)
{
    (void)options;
    dio_error err = {0};
    int n = 0;
    check_device(cli, "cpu");
    check_device(cli, "cuda");
    line(cli, "threads", true, dio_arena_printf(cli->arena, "%d", dio_gang_size()));
    const char *assets = dio_assets_dir(cli->arena, &err);
    line(cli, "assets", assets != NULL, assets ? assets : err.message);
    const char *const *names = assets ? dio_assets_models(cli->arena, &n, &err) : NULL;
    for (int i = 0; i < n; i++)
        line(cli, "model", true, names[i]);
    return true;
}

const dio_command dio_command_doctor = {
    .name = "doctor",
    .doc = "say what this machine offers and what is missing",
    .run = run,
};
