/* batch_books.c: what is known about every row, and told. */
#define _GNU_SOURCE
#include "fusion/batch_books.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/table.h"
#include "fusion/key.h"

enum { SWEPT = 4 }; /* folders deep */

/* ---- opening ---- */

static bool read_source(struct dio_books *b, dio_error *err)
{
    const dio_batch_options *o = b->options;
    size_t length;
    const char *text = dio_file_read(b->arena, o->pipeline, DIO_PIPELINE_BYTES, &length, err);
    if (!text)
        return false;
    b->ground = (dio_batch_ground){.options = o, .source = text, .length = length};
    b->pipeline = dio_pipeline_parse(o->pipeline, text, length, o->assets, err);
    return b->pipeline != NULL;
}

/* What all rows' keys share. */
static bool make_common(struct dio_books *b, dio_error *err)
{
    const dio_batch_options *o = b->options;
    const char *epoch = dio_epoch(b->pipeline->studio, err);
    dio_str text = {0};
    if (!epoch)
        return false;
    dio_str_printf(&text, "%s %s %d %llu %s", epoch, b->pipeline->hash, o->has_seed,
                   (unsigned long long)o->seed, o->device ? o->device : "");
    for (int i = 0; i < o->set_count; i++)
        dio_str_printf(&text, "\n%s", o->sets[i]);
    bool ok = !text.failed ? dio_hash_bytes(text.text, text.length, b->common, err)
                           : dio_fail_memory(err, "a batch");
    dio_str_deinit(&text);
    return ok;
}

static void tell(struct dio_books *b, dio_batch_event e)
{
    if (!b->options->event)
        return;
    double work = (double)(b->count.done + b->count.failed + b->count.retry + b->count.review);
    e.count = b->count;
    e.total = b->total;
    e.elapsed = dio_run_clock() - b->started;
    e.rate = e.elapsed > 0 ? work / e.elapsed : 0;
    double rest = (double)(b->total - b->count.before) - work;
    e.left = e.rate > 0 && b->total ? (rest > 0 ? rest : 0) / e.rate : -1;
    b->options->event(b->options->user, &e);
}

static bool open_ledger(struct dio_books *b, dio_error *err)
{
    const dio_batch_options *o = b->options;
    const char *warning;
    b->ledger = dio_ledger_open(o->out, b->arena, &warning, err);
    if (!b->ledger)
        return false;
    if (warning)
        tell(b, (dio_batch_event){.what = DIO_BATCH_WARNING, .text = warning});
    const char *dir = dio_path_join(b->arena, o->out, ".diorama");
    b->locks = dio_locks_open(dio_path_join(b->arena, dir, "locks"), err);
    if (!b->locks)
        return false;
    b->ground.run = dio_ledger_begin(
        b->ledger,
        &(dio_ledger_run){.kind = "batch",
                          .name = b->pipeline->name,
                          .file = o->pipeline,
                          .sha256 = b->pipeline->hash,
                          .source = b->ground.source,
                          .seed = dio_arena_printf(b->arena, "%llu", (unsigned long long)o->seed),
                          .inputs = o->rows,
                          .version = DIO_VERSION});
    b->report = dio_writer_open(dio_path_join(b->arena, o->out, "batch.jsonl"), err);
    return b->report != NULL;
}

bool dio_books_open(struct dio_books *b, const dio_batch_options *options, dio_error *err)
{
    *b = (struct dio_books){.options = options, .started = dio_run_clock()};
    b->arena = dio_arena_create();
    if (!b->arena)
        return dio_fail_memory(err, "a batch");
    const char *memory = NULL;
    if (options->cache) {
        dio_error ignored = {0};
        if (dio_dir_make(options->cache, &ignored))
            memory = dio_path_join(b->arena, options->cache, "hashes.db");
    }
    b->hashes = dio_hashes_open(memory, err);
    if (!b->hashes || !read_source(b, err))
        return false;
    dio_studio_remember(b->pipeline->studio, b->hashes);
    return make_common(b, err);
}

/* ---- the pipeline and the columns ---- */

static const dio_pipeline_input *input_of(const struct dio_books *b, const char *name)
{
    for (int i = 0; i < b->pipeline->input_count; i++)
        if (strcmp(b->pipeline->inputs[i].name, name) == 0)
            return &b->pipeline->inputs[i];
    return NULL;
}

/* The name that was nearly written; NULL: none. */
static const char *near_input(const struct dio_books *b, const char *name)
{
    const char *names[256];
    int n = 0;
    for (; n < b->pipeline->input_count && n < 256; n++)
        names[n] = b->pipeline->inputs[n].name;
    return dio_nearest(name, names, n);
}

/* Tables have columns of their own, for notes; but one that is nearly an input is a mistake. */
static bool check_column(struct dio_books *b, const dio_value *column, const dio_value *columns,
                         dio_error *err)
{
    const char *near = near_input(b, column->string.text);
    for (int i = 0; near && i < columns->list.count; i++)
        if (strcmp(columns->list.items[i]->string.text, near) == 0)
            near = NULL;
    if (near)
        return dio_value_fail(column, err,
                              "column \"%.60s\" is no input of the pipeline: did you mean \"%s\"?",
                              column->string.text, near);
    char text[160];
    snprintf(text, sizeof text, "column \"%.60s\" is no input of the pipeline; it is not used",
             column->string.text);
    tell(b, (dio_batch_event){.what = DIO_BATCH_WARNING, .text = text});
    return true;
}

static bool fail_with_problems(struct dio_books *b, dio_error *err)
{
    int count;
    if (dio_pipeline_starved(b->pipeline))
        return dio_fail_memory(err, b->options->pipeline);
    const char *text = dio_pipeline_problems(b->pipeline, &count);
    tell(b, (dio_batch_event){.what = DIO_BATCH_WARNING, .text = text});
    return dio_fail(err, "%s: %d problem%s; nothing was rendered", b->options->pipeline, count,
                    count == 1 ? "" : "s");
}

bool dio_books_check(struct dio_books *b, const dio_value *columns, dio_error *err)
{
    const dio_batch_options *o = b->options;
    dio_pipeline *p = b->pipeline;
    dio_error ignored = {0};
    for (int i = 0; i < columns->list.count; i++) {
        const dio_value *c = columns->list.items[i];
        if (input_of(b, c->string.text))
            dio_pipeline_expect(p, c->string.text);
        else if (!check_column(b, c, columns, err))
            return false;
    }
    b->csv = columns->list.count > 0;
    /* Rows of JSON name their own: any input may come. */
    for (int i = 0; !b->csv && i < p->input_count; i++)
        dio_pipeline_expect(p, p->inputs[i].name);
    for (int i = 0; i < o->set_count; i++)
        dio_pipeline_set(p, o->sets[i]);
    if (!dio_pipeline_check(
            p, &(dio_check_options){.has_seed = o->has_seed, .seed = o->seed, .out = o->out}))
        return fail_with_problems(b, err);
    if (!dio_table_count(o->rows, &b->total, &ignored))
        b->total = 0;
    if (!dio_dir_make(o->out, err))
        return false;
    dio_writer_sweep(o->out, SWEPT); /* what a killed batch has left */
    return open_ledger(b, err);
}

/* ---- a row ---- */

/* A file that the value names, so that the key follows its content; NULL: none. */
static const char *file_of(struct dio_books *b, const dio_pipeline_input *in, const dio_value *v,
                           dio_arena *a)
{
    dio_error ignored = {0};
    if (!in || in->row.type < DIO_INPUT_IMAGE || v->kind != DIO_STRING)
        return NULL;
    const char *path = dio_path_confine(a, b->pipeline->dir, v->string.text, &ignored);
    return path && dio_file_exists(path) ? path : NULL;
}

static void put_text(struct dio_job *j, dio_value *map, const char *key, const char *text)
{
    dio_map_set(j->arena, map, key, dio_value_string(j->arena, text));
}

static bool check_key(const struct dio_books *b, const dio_value *key, dio_error *err)
{
    const char *near = near_input(b, key->string.text);
    return !near ||
           dio_value_fail(key, err, "\"%.60s\" is no input of the pipeline: did you mean \"%s\"?",
                          key->string.text, near);
}

/* The value with its place; empty cells are absent, so that the input's default counts. */
static bool add_value(struct dio_books *b, struct dio_job *j, const dio_value *key,
                      const dio_value *v, dio_value *values, dio_value *inputs, dio_str *hashes,
                      dio_error *err)
{
    const char *name = key->string.text;
    const dio_pipeline_input *in = input_of(b, name);
    if (!in)
        return b->csv || check_key(b, key, err);
    if (b->csv && v->string.length == 0)
        return true;
    dio_value *told = dio_value_map(j->arena);
    dio_map_set(j->arena, told, "value", (dio_value *)(uintptr_t)v);
    dio_map_set(j->arena, told, "line", dio_value_int(j->arena, v->line));
    dio_map_set(j->arena, told, "column", dio_value_int(j->arena, v->column));
    dio_map_set(j->arena, values, name, told);
    dio_map_set(j->arena, inputs, name, (dio_value *)(uintptr_t)v);
    char hash[DIO_HASH_TEXT];
    const char *path = file_of(b, in, v, j->arena);
    if (path && !dio_hashes_file(b->hashes, path, hash, err))
        return false;
    if (path)
        dio_str_puts(hashes, hash);
    return true;
}

bool dio_books_prepare(struct dio_books *b, struct dio_job *j, const dio_value *row, dio_error *err)
{
    dio_arena *a = j->arena;
    dio_value *message = dio_value_map(a), *values = dio_value_map(a), *inputs = dio_value_map(a);
    dio_str text = {0};
    bool ok = true;
    dio_str_puts(&text, b->common);
    for (int i = 0; ok && i < row->map.count; i++)
        ok = add_value(b, j, row->map.keys[i], row->map.items[i], values, inputs, &text, err);
    j->line = row->line;
    j->inputs = dio_json_write(a, inputs, 0);
    dio_str_puts(&text, j->inputs ? j->inputs : "");
    if (ok && (!j->inputs || text.failed || dio_arena_failed(a)))
        ok = dio_fail_memory(err, "a row");
    ok = ok && dio_hash_bytes(text.text, text.length, j->key, err);
    dio_str_deinit(&text);
    if (!ok)
        return false;
    char first[17] = {0};
    memcpy(first, j->key, 16);
    j->number = strtoull(first, NULL, 16);
    dio_map_set(a, message, "row", dio_value_int(a, j->row));
    dio_map_set(a, message, "line", dio_value_int(a, j->line));
    dio_map_set(a, message, "values", values);
    j->message = message;
    return true;
}

/* A line of the report. */
static void report(struct dio_books *b, struct dio_job *j, const char *state, const char *error,
                   double seconds, const dio_value *files)
{
    dio_arena *a = j->arena;
    dio_value *v = dio_value_map(a), *names = dio_value_list(a);
    dio_error ignored = {0};
    dio_map_set(a, v, "row", dio_value_int(a, j->row));
    if (j->line)
        dio_map_set(a, v, "line", dio_value_int(a, j->line));
    put_text(j, v, "state", state);
    if (error)
        put_text(j, v, "error", error);
    if (j->attempts)
        dio_map_set(a, v, "attempts", dio_value_int(a, j->attempts));
    dio_map_set(a, v, "seconds", dio_value_real(a, seconds));
    for (int i = 0; files && i < files->list.count; i++)
        dio_list_add(a, names, files->list.items[i]->list.items[0]);
    if (files)
        dio_map_set(a, v, "files", names);
    const char *line = dio_json_write(a, v, 0);
    if (line && dio_writer_put(b->report, line, strlen(line), &ignored))
        dio_writer_put(b->report, "\n", 1, &ignored);
}

void dio_books_hold(struct dio_books *b)
{
    if (!b->held)
        dio_ledger_hold(b->ledger);
    b->held = true;
}

void dio_books_let(struct dio_books *b)
{
    if (b->held)
        dio_ledger_let(b->ledger);
    b->held = false;
}

/* ---- how far ---- */

enum { MARKED = 2 }; /* seconds from one mark to the next, at least */

static bool hash_head(const struct dio_books *b, int64_t bytes, char out[DIO_HASH_TEXT])
{
    dio_error ignored = {0};
    dio_map_file *m = bytes >= 0 ? dio_map_open(b->options->rows, &ignored) : NULL;
    bool ok = m && (uint64_t)bytes <= dio_map_size(m) &&
              dio_hash_bytes(dio_map_data(m), (size_t)bytes, out, &ignored);
    dio_map_unref(m);
    return ok;
}

void dio_books_mark(struct dio_books *b, const dio_table *t)
{
    double now = dio_run_clock();
    dio_table_mark at = dio_table_tell(t);
    dio_row_mark m = {.offset = at.offset, .row = at.row, .line = at.line};
    if (now - b->marked < MARKED || !hash_head(b, at.offset, m.sha256))
        return;
    b->marked = now;
    dio_ledger_mark_put(b->ledger, b->common, &m);
}

bool dio_books_recall(struct dio_books *b, dio_table_mark *out)
{
    dio_row_mark m;
    char now[DIO_HASH_TEXT];
    if (!dio_ledger_mark(b->ledger, b->common, &m) || !hash_head(b, m.offset, now) ||
        strcmp(now, m.sha256) != 0)
        return false;
    *out = (dio_table_mark){.offset = m.offset, .row = m.row, .line = (int)m.line};
    return true;
}

bool dio_books_done(struct dio_books *b, struct dio_job *j)
{
    if (!dio_ledger_row_done(b->ledger, j->arena, b->options->out, j->key, b->ground.run, j->row))
        return false;
    b->count.before++;
    report(b, j, "before", NULL, 0, NULL);
    tell(b, (dio_batch_event){.what = DIO_BATCH_ROW, .row = j->row, .state = "before"});
    return true;
}

void dio_books_end(struct dio_books *b, struct dio_job *j, const char *state, const char *error,
                   const dio_value *files)
{
    double seconds = dio_run_clock() - j->begun;
    const char *list = files ? dio_json_write(j->arena, files, 0) : NULL;
    int64_t *count = strcmp(state, "done") == 0     ? &b->count.done
                     : strcmp(state, "failed") == 0 ? &b->count.failed
                     : strcmp(state, "review") == 0 ? &b->count.review
                                                    : &b->count.retry;
    ++*count;
    dio_ledger_row_put(b->ledger, &(dio_row_note){.key = j->key,
                                                  .state = state,
                                                  .error = error,
                                                  .inputs = j->inputs,
                                                  .number = j->row,
                                                  .run = b->ground.run,
                                                  .attempts = j->attempts,
                                                  .seconds = seconds,
                                                  .files = list});
    report(b, j, state, error, seconds, files);
    tell(b, (dio_batch_event){.what = DIO_BATCH_ROW,
                              .row = j->row,
                              .state = state,
                              .text = error,
                              .seconds = seconds});
}

void dio_books_again(struct dio_books *b, struct dio_job *j, const char *error)
{
    dio_ledger_event(b->ledger, b->ground.run, j->row, "again", error);
    tell(b,
         (dio_batch_event){.what = DIO_BATCH_ROW, .row = j->row, .state = "again", .text = error});
}

void dio_books_refuse(struct dio_books *b, struct dio_job *j, const dio_error *why)
{
    char text[DIO_ERROR_MESSAGE + DIO_ERROR_FILE + 64];
    dio_error_text(why, text, sizeof text);
    b->count.failed++;
    j->line = why->line;
    dio_ledger_event(b->ledger, b->ground.run, j->row, "failed", text);
    report(b, j, "failed", text, 0, NULL);
    tell(b,
         (dio_batch_event){.what = DIO_BATCH_ROW, .row = j->row, .state = "failed", .text = text});
}

/* ---- closing ---- */

bool dio_books_close(struct dio_books *b, bool ok, dio_error *err)
{
    bool written = true;
    dio_books_let(b);
    if (b->report)
        written = dio_writer_commit(b->report, err);
    if (b->ledger) {
        bool all = ok && b->count.failed + b->count.retry + b->count.review == 0;
        dio_ledger_end(b->ledger, b->ground.run,
                       all  ? "done"
                       : ok ? "failed"
                            : "stopped",
                       dio_run_clock() - b->started);
        const char *trouble = dio_ledger_trouble(b->ledger);
        if (trouble)
            tell(b, (dio_batch_event){.what = DIO_BATCH_WARNING, .text = trouble});
        tell(b, (dio_batch_event){.what = DIO_BATCH_DONE});
    }
    dio_ledger_close(b->ledger);
    dio_locks_close(b->locks);
    dio_pipeline_close(b->pipeline);
    dio_hashes_close(b->hashes);
    dio_arena_destroy(b->arena);
    return written;
}
