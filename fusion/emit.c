/* emit.c: results get their names.
 * Steps have written and synced their files in the run's own folder, which lies in the output
 * folder: a rename is all that is left, so a name never stands for half a file. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fusion/record.h"

/* The rename itself must survive a power cut. */
static void sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

static bool move_file(const char *from, const char *path, dio_error *err)
{
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return dio_fail(err, "%s is a folder; a file was to be written there", path);
    if (rename(from, path) < 0)
        return dio_fail_retry(err, "cannot write %s: %s", path, strerror(errno));
    return true;
}

static bool move(dio_run *run, dio_result *r, const char *path, dio_error *err)
{
    if (!move_file(r->text, path, err))
        return false;
    sync_folder(dio_path_dir(run->arena, path));
    r->text = path;
    r->moved = true;
    return true;
}

/* A second output of the same result. */
static bool copy(const char *from, const char *path, dio_error *err)
{
    dio_map_file *m = dio_map_open(from, err);
    if (!m)
        return false;
    bool ok = dio_file_write(path, dio_map_data(m), dio_map_size(m), err);
    dio_map_unref(m);
    return ok;
}

static bool place(dio_run *run, dio_result *r, const char *path, dio_error *err)
{
    if (!dio_dir_make(dio_path_dir(run->arena, path), err))
        return false;
    if (!r->is_file) {
        const char *line = dio_arena_printf(run->arena, "%s\n", r->text);
        return line ? dio_file_write(path, line, strlen(line), err) : dio_fail_memory(err, path);
    }
    return r->moved ? copy(r->text, path, err) : move(run, r, path, err);
}

static bool note(dio_run *run, const dio_output *o, const dio_record *record, const char *path,
                 dio_error *err)
{
    struct stat st;
    if (!dio_arena_grow(run->arena, &run->finals, run->final_count, &run->final_cap,
                        sizeof *run->finals))
        return dio_fail_memory(err, "run.json");
    dio_final *f = &run->finals[run->final_count];
    size_t root = strlen(run->options->out);
    *f = (dio_final){.output = o->name,
                     .label = record->label,
                     .media = o->port->media,
                     .path = path + root + strspn(path + root, "/")};
    if (stat(path, &st) < 0 || !dio_hash_file(path, f->hash, err))
        return dio_fail_retry(err, "%s was written, but cannot be read", path);
    f->bytes = (size_t)st.st_size;
    run->final_count++;
    if (run->options->event)
        run->options->event(run->options->user,
                            &(dio_run_event){.what = DIO_RUN_FILE,
                                             .step = record->label,
                                             .name = o->name,
                                             .text = path,
                                             .left = -1,
                                             .done = 1,
                                             .elapsed = dio_run_clock() - run->started});
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
        ok = ok && move_file(dio_path_join(run->arena, r->text, list[i]->d_name), to, err) &&
             note(run, o, record, to, err);
        free(list[i]);
    }
    free(list);
    sync_folder(path);
    r->text = path;
    r->moved = true;
    return ok;
}

static bool emit_one(dio_run *run, const dio_output *o, dio_record *record, dio_error *err)
{
    dio_result *found = NULL;
    for (int i = 0; i < record->results; i++) {
        if (strcmp(record->result[i].port, o->port->name) == 0)
            found = &record->result[i];
    }
    if (record->state == DIO_OUTCOME_DONE && !found)
        return dio_fail(err, "output %s: step \"%s\" made no \"%s\" with these parameters", o->name,
                        record->label, o->port->name);
    if (!found)
        return true; /* skipped, or its step has failed and said why */
    dio_map_set(run->arena, run->scope, "matrix",
                dio_matrix_pick(record->node, record->instance, run->arena));
    const char *path = dio_output_path(run->p, o, run->scope, run->options->out, run->arena, err);
    if (!path)
        return false;
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
