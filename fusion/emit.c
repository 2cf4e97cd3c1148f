/* emit.c: results get their names.
 * Whole files lie in the cache; a copy under a temporary name beside the final one is synced and
 * renamed, so a name never stands for half a file. What stands there with the same content already
 * is left alone. A run that keeps to itself moves its files instead. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fusion/ledger_rows.h"
#include "fusion/record.h"

/* Of a file that was a draft, or of a folder: the rename itself must survive a power cut. */
static void sync_path(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool has_content(dio_run *run, const char *path, const char *hash)
{
    char now[DIO_HASH_TEXT];
    dio_error ignored = {0};
    return dio_file_exists(path) &&
           dio_hashes_file(dio_cache_hashes(run->cache), path, now, &ignored) &&
           strcmp(now, hash) == 0;
}

static bool copy(const char *from, const char *path, dio_error *err)
{
    dio_map_file *m = dio_map_open(from, err);
    if (!m)
        return false;
    bool ok = dio_file_write(path, dio_map_data(m), dio_map_size(m), err);
    dio_map_unref(m);
    return ok;
}

/* `from` gets the name `path`. Its content is known by `hash`, "" when it is not. */
static bool place_file(dio_run *run, const char *from, const char *path, const char *hash,
                       dio_error *err)
{
    if (is_folder(path))
        return dio_fail(err, "%s is a folder; a file was to be written there", path);
    if (*hash && has_content(run, path, hash))
        return true;
    if (!dio_cache_is_own(run->cache))
        return copy(from, path, err);
    sync_path(from);
    if (rename(from, path) < 0)
        return dio_fail_retry(err, "cannot write %s: %s", path, strerror(errno));
    sync_path(dio_path_dir(run->arena, path));
    return true;
}

bool dio_run_copy_out(dio_run *run, const dio_result *r, const char *path, dio_error *err)
{
    if (!dio_dir_make(dio_path_dir(run->arena, path), err))
        return false;
    return (*r->hash && has_content(run, path, r->hash)) || copy(r->text, path, err);
}

static bool place(dio_run *run, dio_result *r, const char *path, dio_error *err)
{
    if (!dio_dir_make(dio_path_dir(run->arena, path), err))
        return false;
    if (!r->is_file) {
        const char *line = dio_arena_printf(run->arena, "%s\n", r->text);
        return line ? dio_file_write(path, line, strlen(line), err) : dio_fail_memory(err, path);
    }
    if (r->moved) /* by another output of the same result */
        return copy(r->text, path, err);
    if (!place_file(run, r->text, path, r->hash, err))
        return false;
    r->moved = dio_cache_is_own(run->cache);
    r->text = r->moved ? path : r->text;
    return true;
}

/* The path from the output folder on. */
static const char *within(const dio_run *run, const char *path)
{
    size_t root = strlen(run->options->out);
    return path + root + strspn(path + root, "/");
}

static bool note(dio_run *run, const dio_output *o, const dio_record *record, const char *path,
                 dio_error *err)
{
    struct stat st;
    if (!dio_arena_grow(run->arena, &run->finals, run->final_count, &run->final_cap,
                        sizeof *run->finals))
        return dio_fail_memory(err, "run.json");
    dio_final *f = &run->finals[run->final_count];
    *f = (dio_final){.output = o->name,
                     .label = record->label,
                     .media = o->port->media,
                     .path = within(run, path)};
    if (stat(path, &st) < 0 || !dio_hashes_file(dio_cache_hashes(run->cache), path, f->hash, err))
        return dio_fail_retry(err, "%s was written, but cannot be read", path);
    f->bytes = (size_t)st.st_size;
    run->final_count++;
    dio_ledger_file_add(run->ledger, &(dio_ledger_file){.run = run->run_id,
                                                        .row = run->row,
                                                        .path = f->path,
                                                        .sha256 = f->hash,
                                                        .media = dio_media_name(f->media),
                                                        .output = f->output,
                                                        .label = f->label,
                                                        .bytes = f->bytes});
    dio_run_tell(
        run,
        (dio_run_event){.what = DIO_RUN_FILE, .step = record->label, .name = o->name, .text = path},
        1);
    return true;
}

static int is_result(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

/* The files of a folder, each under its name there; files of other names stay where they are. */
static bool place_folder(dio_run *run, const dio_output *o, const dio_record *record, dio_result *r,
                         const char *path, dio_error *err)
{
    struct dirent **list = NULL;
    int n = dio_dir_make(path, err) ? scandir(r->text, &list, is_result, alphasort) : 0;
    bool ok = err->kind == DIO_ERROR_NONE;
    if (n < 0)
        ok = dio_fail_retry(err, "cannot read %s: %s", r->text, strerror(errno));
    for (int i = 0; i < n; i++) {
        const char *to = ok ? dio_path_join(run->arena, path, list[i]->d_name) : NULL;
        const char *from = ok ? dio_path_join(run->arena, r->text, list[i]->d_name) : NULL;
        if (ok && dio_arena_failed(run->arena))
            ok = dio_fail_memory(err, path);
        ok = ok && place_file(run, from, to, "", err) && note(run, o, record, to, err);
        free(list[i]);
    }
    free(list);
    return ok;
}

/* Of outputs that come in several formats, the file's own says which names it may have: one that
 * was written must fit, one that was made of the output's name is made to. */
static const char *fit_suffix(dio_run *run, const dio_output *o, const dio_result *r,
                              const char *path, dio_error *err)
{
    const char *is = strrchr(r->text, '.'), *named = strrchr(path, '.');
    if (!*path || !o->port->suffix || !strchr(o->port->suffix, '|') || !r->is_file || !is ||
        !named || strcasecmp(is, named) == 0)
        return path;
    if (o->unnamed)
        return dio_arena_printf(run->arena, "%.*s%s", (int)(named - path), path, is);
    dio_fail(err, "output %s: its format makes a file that ends in %s, not %s", o->name, is, named);
    return NULL;
}

static bool emit_one(dio_run *run, const dio_output *o, dio_record *record, dio_error *err)
{
    dio_result *found = NULL;
    for (int i = 0; i < record->made.results; i++) {
        if (strcmp(record->made.result[i].port, o->port->name) == 0)
            found = &record->made.result[i];
    }
    if (record->state == DIO_OUTCOME_DONE && !found)
        return dio_fail(err, "output %s: step \"%s\" made no \"%s\" with these parameters", o->name,
                        record->label, o->port->name);
    if (!found)
        return true; /* skipped, or its step has failed and said why */
    dio_map_set(run->arena, run->scope, "matrix",
                dio_matrix_pick(record->node, record->instance, run->arena));
    const char *path = dio_output_path(run->p, o, run->scope, run->options->out, run->arena, err);
    path = path ? fit_suffix(run, o, found, path, err) : NULL;
    if (!path ||
        (*path && !dio_ledger_claim(run->ledger, run->run_id, run->row, within(run, path), err)))
        return false;
    if (dio_arena_failed(run->arena)) /* two paths may be one */
        return dio_fail_memory(err, o->name);
    if (*path && o->port->media == DIO_MEDIA_FOLDER)
        return place_folder(run, o, record, found, path, err);
    return !*path || (place(run, found, path, err) && note(run, o, record, path, err));
}

bool dio_run_emit(dio_run *run, dio_error *err)
{
    dio_error first = {0};
    for (int i = 0; i < run->p->output_count; i++) {
        const dio_output *o = &run->p->outputs[i];
        for (int k = 0; k < run->record_count; k++) {
            dio_error e = {0};
            dio_record *r = &run->records[k];
            if (r->node == &run->p->nodes[o->node] && !emit_one(run, o, r, &e) &&
                first.kind == DIO_ERROR_NONE)
                first = e;
        }
    }
    if (first.kind == DIO_ERROR_NONE)
        return true;
    if (err->kind == DIO_ERROR_NONE)
        *err = first;
    return false;
}
