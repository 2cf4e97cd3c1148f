/* fuzz_table.c: any bytes as a table read row by row; JSON Lines where they begin with a brace.
 * Rows that are wrong say why, those after them are read, and as many come as were counted. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_rows(dio_table *t, const char *path)
{
    dio_value *row = NULL;
    int64_t met = 0, counted = 0;
    bool read, more = true;
    while (more) {
        dio_error err = {0};
        dio_arena *a = dio_arena_create();
        if (!a)
            abort();
        read = dio_table_next(t, a, &row, &err);
        if (!read && !err.message[0])
            abort();
        if (read && row && row->kind != DIO_MAP)
            abort();
        more = !read || row;
        met += more;
        if (more && dio_table_row(t) != met)
            abort();
        dio_arena_destroy(a);
    }
    dio_error err = {0};
    if (!dio_table_count(path, &counted, &err) || counted != met)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[32] = "/tmp/diorama-fuzz-XXXXXX.jsonl";
    bool json = size > 0 && data[0] == '{';
    dio_error err = {0};
    if (!json)
        snprintf(path, sizeof path, "/tmp/diorama-fuzz-XXXXXX.csv");
    int fd = mkstemps(path, json ? 6 : 4);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    close(fd);
    dio_table *t = dio_table_open(path, &err);
    if (!t && !err.message[0])
        abort();
    if (t)
        read_rows(t, path);
    dio_table_close(t);
    unlink(path);
    return 0;
}
