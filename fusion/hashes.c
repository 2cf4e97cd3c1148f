/* hashes.c: a file that has not changed is not read again. */
#define _GNU_SOURCE
#include "fusion/hashes.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "fusion/db.h"

enum { FORM = 1, DEPTH = 8, STAMP = 128 };

struct dio_hashes {
    dio_db *db; /* NULL: nothing is remembered */
};

static const char schema[] = "create table if not exists file ("
                             " stamp text primary key, sha256 text not null) without rowid;";

static void remove_all(const char *path)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char name[4096];
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
}

dio_hashes *dio_hashes_open(const char *path, dio_error *err)
{
    dio_hashes *h = calloc(1, sizeof *h);
    bool damaged = false;
    dio_error ignored = {0};
    if (!h) {
        dio_fail_memory(err, "hashes of files");
        return NULL;
    }
    if (path && !(h->db = dio_db_open(path, schema, FORM, NULL, &damaged, &ignored)) && damaged) {
        remove_all(path);
        dio_error_clear(&ignored);
        h->db = dio_db_open(path, schema, FORM, NULL, &damaged, &ignored);
    }
    return h; /* where it cannot be written, nothing is remembered: that is slower, not wrong */
}

void dio_hashes_close(dio_hashes *h)
{
    if (!h)
        return;
    dio_db_close(h->db);
    free(h);
}

static bool take_hash(void *user, const dio_cell *cells, int count)
{
    char *out = user;
    if (count == 1 && cells[0].kind == DIO_CELL_TEXT && strlen(cells[0].text) + 1 == DIO_HASH_TEXT)
        memcpy(out, cells[0].text, DIO_HASH_TEXT);
    return false;
}

/* False when the file is too young to be remembered. */
static bool stamp_of(const struct stat *st, char out[STAMP])
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(out, STAMP, "%llx.%llx.%llx.%lld.%09ld.%lld.%09ld", (unsigned long long)st->st_dev,
             (unsigned long long)st->st_ino, (unsigned long long)st->st_size,
             (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec, (long long)st->st_ctim.tv_sec,
             st->st_ctim.tv_nsec);
    return now.tv_sec - st->st_mtim.tv_sec > 2 && now.tv_sec - st->st_ctim.tv_sec > 2;
}

bool dio_hashes_file(dio_hashes *h, const char *path, char out[DIO_HASH_TEXT], dio_error *err)
{
    struct stat st;
    char stamp[STAMP];
    dio_error ignored = {0};
    bool old = stat(path, &st) == 0 && S_ISREG(st.st_mode) && stamp_of(&st, stamp);
    *out = '\0';
    if (!h->db || !old)
        return dio_hash_file(path, out, err);
    dio_cell cell = DIO_CELL_T(stamp);
    dio_db_run(h->db, "select sha256 from file where stamp = ?", &cell, 1, take_hash, out,
               &ignored);
    if (*out)
        return true;
    if (!dio_hash_file(path, out, err))
        return false;
    DIO_DB_DO(h->db, &ignored, "insert or replace into file values (?, ?)", DIO_CELL_T(stamp),
              DIO_CELL_T(out));
    return true;
}

static bool put_folder(dio_hashes *h, dio_str *list, const char *path, const char *before,
                       int depth, dio_error *err)
{
    struct dirent **entries = NULL;
    int n = scandir(path, &entries, NULL, alphasort);
    bool ok = n >= 0 || dio_fail_retry(err, "cannot read %s: %s", path, strerror(errno));
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        dio_str full = {0}, within = {0};
        struct stat st;
        char hash[DIO_HASH_TEXT];
        dio_str_printf(&full, "%s/%s", path, name);
        dio_str_printf(&within, "%s%s", before, name);
        if (!ok || *name == '.' || full.failed || within.failed || stat(full.text, &st) < 0) {
            if (ok && (full.failed || within.failed))
                ok = dio_fail_memory(err, path);
        } else if (S_ISDIR(st.st_mode)) {
            dio_str_putc(&within, '/');
            ok = depth == 0 || put_folder(h, list, full.text, within.text, depth - 1, err);
        } else if (S_ISREG(st.st_mode)) {
            ok = dio_hashes_file(h, full.text, hash, err);
            dio_str_printf(list, "%s %s\n", hash, within.text);
        }
        dio_str_deinit(&full);
        dio_str_deinit(&within);
        free(entries[i]);
    }
    free(entries);
    return ok;
}

bool dio_hashes_path(dio_hashes *h, const char *path, char out[DIO_HASH_TEXT], dio_error *err)
{
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
        return dio_hashes_file(h, path, out, err);
    dio_str list = {0};
    dio_str_puts(&list, "");
    bool ok = put_folder(h, &list, path, "", DEPTH, err);
    if (ok && list.failed)
        ok = dio_fail_memory(err, path);
    ok = ok && dio_hash_bytes(list.text, list.length, out, err);
    dio_str_deinit(&list);
    return ok;
}
