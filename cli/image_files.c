/* image_files.c: names, previews, progress, and taking back what was written. */
#include "cli/image_files.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "vision/image_io.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bool image_files_init(struct image_files *f, dio_cli *cli, const char *output, const char *preview,
                      dio_error *err)
{
    *f = (struct image_files){.cli = cli, .output = output, .preview = preview, .began = now()};
    /* Minutes of work are not begun for a place that does not take the result. */
    dio_writer *trial = dio_writer_open(output, err);
    dio_writer_abort(trial);
    if (!trial || !preview)
        return trial != NULL;
    f->made_folder = access(preview, F_OK) != 0;
    return dio_dir_make(preview, err) || dio_error_prefix(err, "--preview");
}

/* "dir/name.png" with "-k" before the suffix. */
static const char *numbered(const struct image_files *f, int k)
{
    const char *dot = strrchr(dio_path_base(f->output), '.');
    return dio_arena_printf(f->cli->arena, "%.*s-%d%s", (int)(dot - f->output), f->output, k, dot);
}

static bool put(struct image_files *f, dio_image *image, const char *path, dio_error *err)
{
    if (!dio_arena_grow(f->cli->arena, &f->written, f->count, &f->cap, sizeof *f->written))
        return dio_fail_memory(err, "names of files");
    if (!dio_image_write(image, path, NULL, err))
        return false;
    f->written[f->count++] = path;
    return true;
}

static void set_text(dio_cli *cli, dio_value *v, const char *key, const char *text)
{
    dio_map_set(cli->arena, v, key, dio_value_string(cli->arena, text));
}

/* --- what it says --- */

static void event_progress(struct image_files *f, int done, int total, double left)
{
    dio_cli *cli = f->cli;
    dio_value *v = dio_value_map(cli->arena);
    set_text(cli, v, "event", "progress");
    dio_map_set(cli->arena, v, "done", dio_value_int(cli->arena, done));
    dio_map_set(cli->arena, v, "total", dio_value_int(cli->arena, total));
    dio_map_set(cli->arena, v, "elapsed", dio_value_real(cli->arena, now() - f->began));
    dio_map_set(cli->arena, v, "left", dio_value_real(cli->arena, left));
    dio_cli_event(cli, v);
}

static void bar(int done, int total, double left)
{
    enum { WIDTH = 28 };
    fputs("\r\033[K[", stderr);
    for (int i = 0; i < WIDTH; i++)
        fputc(i < WIDTH * done / total ? '#' : '.', stderr);
    fprintf(stderr, "] %d of %d  %.0f s left", done, total, left);
    fflush(stderr);
}

void image_files_progress(struct image_files *f, int done, int total)
{
    double left = (now() - f->began) * (double)(total - done) / (double)(done ? done : 1);
    if (f->cli->common.json) {
        if (total > 1)
            event_progress(f, done, total, left);
    } else if (done == total && f->barred) {
        fputs("\r\033[K", stderr);
        f->barred = false;
    } else if (done < total && isatty(2) && !f->cli->common.quiet) {
        bar(done, total, left);
        f->barred = true;
    } else if (done < total && f->cli->common.verbose) {
        dio_cli_say(f->cli, "call %d of %d, %.1f s left", done, total, left);
    }
}

static void say_file(struct image_files *f, const char *path, uint64_t seed)
{
    dio_cli *cli = f->cli;
    if (!cli->common.json) {
        printf("%s\n", path);
        return;
    }
    dio_value *v = dio_value_map(cli->arena);
    set_text(cli, v, "event", "file");
    set_text(cli, v, "path", path);
    /* as text: a seed may be beyond what JSON's numbers hold exactly */
    set_text(cli, v, "seed", dio_arena_printf(cli->arena, "%llu", (unsigned long long)seed));
    dio_map_set(cli->arena, v, "elapsed", dio_value_real(cli->arena, now() - f->began));
    dio_cli_event(cli, v);
}

/* --- files --- */

bool image_files_preview(struct image_files *f, int index, int step, dio_image *image,
                         dio_error *err)
{
    const char *name = dio_arena_printf(f->cli->arena, "%d-%03d.png", index + 1, step);
    return put(f, image, dio_path_join(f->cli->arena, f->preview, name), err);
}

bool image_files_write(struct image_files *f, dio_image *const *pictures, int count, uint64_t seed,
                       dio_error *err)
{
    int first = f->count;
    for (int i = 0; i < count; i++)
        if (!put(f, pictures[i], count == 1 ? f->output : numbered(f, i + 1), err))
            return false;
    for (int i = 0; i < count; i++)
        say_file(f, f->written[first + i], seed + (uint64_t)i);
    return true;
}

void image_files_end(struct image_files *f, bool keep)
{
    if (!f->cli)
        return; /* it never began */
    if (f->barred)
        fputs("\r\033[K", stderr);
    for (int i = 0; !keep && i < f->count; i++)
        unlink(f->written[i]);
    if (!keep && f->made_folder)
        rmdir(f->preview);
}
