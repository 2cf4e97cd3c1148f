/* fuzz_ledger.c: any bytes as an output folder's ledger. Whatever is asked of it ends, with an
 * answer or with words; and a run can always go on, in a new ledger where this one is damaged. */
#define _GNU_SOURCE
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fusion/ledger_rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)s, (void)type, (void)f;
    return remove(path);
}

static void answered(const void *answer, const dio_error *err)
{
    if (!answer && !err->message[0])
        abort();
}

static void ask(dio_ledger *l, dio_arena *a, const char *out)
{
    dio_error err[4] = {{0}};
    answered(dio_ledger_runs(l, a, 20, &err[0]), &err[0]);
    answered(dio_ledger_show(l, a, 1, &err[1]), &err[1]);
    answered(dio_ledger_stats(l, a, &err[2]), &err[2]);
    answered(dio_ledger_recipe(l, a, "a.png", "00", &err[3]), &err[3]);
    dio_ledger_expect(l, "compose.image@1");
    dio_ledger_row_done(l, a, out, "key", 1, 1);
}

static void write_to(dio_ledger *l)
{
    dio_error err = {0};
    int64_t run =
        dio_ledger_begin(l, &(dio_ledger_run){.kind = "render", .name = "n", .source = ""});
    dio_ledger_task_add(l, &(dio_ledger_task){.run = run, .label = "a", .uses = "b@1"});
    dio_ledger_file_add(l, &(dio_ledger_file){.run = run, .path = "a.png", .sha256 = "00"});
    dio_ledger_row_put(l, &(dio_row_note){.key = "key", .state = "done", .number = 1, .run = run});
    if (!dio_ledger_claim(l, run, 1, "a.png", &err) && !err.message[0])
        abort();
    dio_ledger_end(l, run, "done", 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char out[32] = "/tmp/diorama-fuzz-XXXXXX", path[64];
    dio_error err = {0};
    const char *warning;
    dio_arena *a = dio_arena_create();
    if (access("/dev/shm", W_OK) == 0) /* SQLite syncs: 80 ms a ledger on a disk, 1 ms here */
        strcpy(out, "/dev/shm/diorama-XXXXXX");
    if (!a || !mkdtemp(out))
        abort();
    snprintf(path, sizeof path, "%s/.diorama", out);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/.diorama/ledger.db", out);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
        abort();
    dio_ledger *l = dio_ledger_open_existing(out, &err);
    answered(l, &err);
    if (l)
        ask(l, a, out);
    dio_ledger_close(l);
    dio_error_clear(&err);
    l = dio_ledger_open(out, a, &warning, &err);
    answered(l, &err);
    if (l) {
        write_to(l);
        ask(l, a, out);
    }
    dio_ledger_close(l);
    dio_arena_destroy(a);
    nftw(out, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}
