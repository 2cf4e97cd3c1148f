#pragma once
/* image_files.h: the files of `diorama image`, and what it says meanwhile. A run that fails leaves
 * none of them behind. */
#include "cli/command.h"
#include "vision/image.h"

struct image_files {
    dio_cli *cli;
    const char *output, *preview; /* preview: folder, or NULL */
    bool made_folder;
    const char **written; /* paths, in the cli's arena */
    int count, cap;
    double began;
    bool barred; /* a bar stands on the terminal */
};

/* Fails when the output cannot be written where it is meant to be. */
bool image_files_init(struct image_files *f, dio_cli *cli, const char *output, const char *preview,
                      dio_error *err);
void image_files_progress(struct image_files *f, int done, int total);
bool image_files_preview(struct image_files *f, int index, int step, dio_image *image,
                         dio_error *err);
bool image_files_write(struct image_files *f, dio_image *const *pictures, int count, uint64_t seed,
                       dio_error *err);
void image_files_end(struct image_files *f, bool keep);
