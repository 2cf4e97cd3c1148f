/* fuzz_weights.c: any bytes as a file of weights: opened by whichever reader they look meant for,
 * walked, every tensor's bytes read. One program for each corpus: so each format is reached. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tensor/weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    dio_error err = {0};
    int fd = memfd_create("fuzz", 0);
    if (fd < 0)
        return 0;
    if (write(fd, data, size) == (ssize_t)size) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        dio_weights *w = dio_weights_open(path, &err);
        volatile unsigned char sum = 0;
        for (int i = 0; w && i < dio_weights_count(w); i++) {
            const dio_tensor *t = dio_weights_at(w, i);
            const unsigned char *bytes = dio_tensor_data(t);
            for (size_t j = 0; j < dio_type_bytes(&t->type); j++)
                sum = (unsigned char)(sum + bytes[j]);
            if (dio_weights_find(w, t->name) != t)
                __builtin_trap();
        }
        if (!w != (err.kind != DIO_ERROR_NONE))
            __builtin_trap(); /* a refusal always says why */
        dio_weights_close(w);
    }
    close(fd);
    return 0;
}
