/* render.c: renders a pipeline with a line of progress; Ctrl-C stops it in good order.
 *
 *     cc render.c $(pkg-config --cflags --libs diorama) -o render
 *     ./render product-ad.yaml out product="Lumo Lamp" benefit="a light without glare"
 */
#include <diorama.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* What a signal handler may write, and `cancelled` reads. Another thread would use an atomic. */
static volatile sig_atomic_t wanted_stop;

static void on_signal(int number)
{
    (void)number;
    wanted_stop = 1;
}

static int is_cancelled(void *user)
{
    (void)user;
    return wanted_stop;
}

static void on_event(void *user, const diorama_event *e)
{
    int *files = user;
    if (e->what == DIORAMA_PROGRESS)
        fprintf(stderr, "\r%3.0f %%  %s", 100 * e->done, e->step);
    else if (e->what == DIORAMA_WARNING)
        fprintf(stderr, "\nwarning: %s\n", e->text);
    else if (e->what == DIORAMA_FILE)
        printf("%s\n", e->text);
    else if (e->what == DIORAMA_FINISHED)
        fprintf(stderr, "\n%s after %.1f s\n", e->failed ? "failed" : "done", e->elapsed);
    *files += e->what == DIORAMA_FILE;
}

/* "name=value" as two texts. */
static diorama_status set(diorama *d, char *assignment)
{
    char *value = strchr(assignment, '=');
    if (value)
        *value++ = '\0';
    return diorama_set(d, assignment, value);
}

static diorama_status render(diorama *d, const char *out)
{
    int files = 0;
    diorama_check_options check = {.size = sizeof check, .out = out};
    diorama_status status = diorama_check(d, &check);
    if (status != DIORAMA_DONE) {
        fputs(diorama_problems(d, NULL), stderr);
        return status;
    }
    diorama_run_options run = {.size = sizeof run,
                               .out = out,
                               .event = on_event,
                               .cancelled = is_cancelled,
                               .user = &files};
    status = diorama_run(d, &run);
    if (status == DIORAMA_DONE)
        fprintf(stderr, "%d files\n", files);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "Usage: render PIPELINE.yaml OUT [NAME=VALUE]...   (libdiorama %s)\n",
                diorama_version());
        return DIORAMA_INVALID;
    }
    signal(SIGINT, on_signal);
    diorama *d = diorama_open(argv[1], NULL);
    diorama_status status = d ? DIORAMA_DONE : DIORAMA_RETRY;
    for (int i = 3; i < argc && status == DIORAMA_DONE; i++)
        status = set(d, argv[i]);
    if (status == DIORAMA_DONE)
        status = render(d, argv[2]);
    if (status != DIORAMA_DONE)
        fprintf(stderr, "render: %s\n", diorama_message(d));
    diorama_close(d);
    return status;
}
