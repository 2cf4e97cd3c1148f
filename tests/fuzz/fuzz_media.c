/* fuzz_media.c: any bytes as a film: its facts, its first pictures, a jump back; and as a sound. */
#define _GNU_SOURCE
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fusion/av_sound.h"
#include "fusion/facts.h"
#include "fusion/frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 1 << 16 }; /* pixels: larger pictures only take time */

static void look(const char *path)
{
    static const double times[] = {0, 0.1, 0.5, 0};
    dio_error err = {0};
    dio_frames *f = dio_frames_open(path, &err);
    if (!f != (err.message[0] != '\0'))
        __builtin_trap();
    if (!f)
        return;
    const dio_frames_facts *facts = dio_frames_facts_of(f);
    if (!(facts->seconds > 0) || !isfinite(facts->seconds) || facts->width < 1)
        __builtin_trap();
    for (int i = 0; i < 4 && facts->width * facts->height <= MOST; i++) {
        dio_image *image = NULL;
        bool ok = dio_frames_at(f, times[i], &image, &err);
        if (ok != (image != NULL) || ok == (err.message[0] != '\0'))
            __builtin_trap();
        dio_image_unref(image);
        if (!ok)
            break;
    }
    dio_frames_close(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    char path[64];
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    look(path);
    dio_facts facts;
    dio_error err = {0};
    if (dio_facts_read(path, &facts, &err) == (err.message[0] != '\0'))
        __builtin_trap();
    dio_error_clear(&err);
    dio_clip *clip = dio_av_clip(path, &err);
    if (!clip != (err.message[0] != '\0'))
        __builtin_trap();
    dio_clip_unref(clip);
    close(fd);
    return 0;
}
