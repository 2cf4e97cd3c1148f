/* common.c: what commands share: the device, lines for people, lines for machines. */
#include <stdarg.h>
#include <stdio.h>

#include "cli/command.h"

dio_device *dio_cli_device(dio_cli *cli)
{
    return dio_device_open(cli->common.device, &cli->error);
}

void dio_cli_event(dio_cli *cli, const dio_value *v)
{
    char *line = dio_json_write(cli->arena, v, 0);
    if (line) {
        puts(line);
        fflush(stdout);
    }
}

void dio_cli_say(dio_cli *cli, const char *format, ...)
{
    if (cli->common.quiet || cli->common.json)
        return;
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}
