/* replay.c: runs a fuzz target's function on the files of a folder, without a fuzzer: what was
 * found once stays fixed. Usage: replay FOLDER. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Also every beginning of the file, cut at each of the first 256 bytes: hostile by halves. */
static int replay(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return 0;
    static uint8_t text[1 << 20];
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    for (size_t cut = 0; cut <= n && cut <= 256; cut++) {
        uint8_t *exact = malloc(cut ? cut : 1); /* so that a sanitizer sees its end */
        for (size_t i = 0; exact && i < cut; i++)
            exact[i] = text[i];
        if (exact)
            LLVMFuzzerTestOneInput(exact, cut);
        free(exact);
    }
    LLVMFuzzerTestOneInput(text, n);
    return 1;
}

int main(int argc, char **argv)
{
    DIR *d = argc == 2 ? opendir(argv[1]) : NULL;
    if (!d) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    int count = 0;
    for (struct dirent *e; (e = readdir(d));) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
        if (e->d_name[0] != '.')
            count += replay(path);
    }
    closedir(d);
    printf("%d files of %s\n", count, argv[1]);
    return count ? 0 : 1;
}
