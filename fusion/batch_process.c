/* batch_process.c: workers as processes: a row that crashes takes one of them with it. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/gang.h"
#include "fusion/batch_books.h"

/* In the child: never returns. When the parent is killed the kernel ends it too, so that its row
 * can be taken up by whoever comes next. */
static void live(const dio_batch_ground *ground, int fd)
{
    const dio_batch_options *o = ground->options;
    int threads = o->threads > 0 ? o->threads : dio_gang_size();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    dio_gang_resize(threads / o->jobs > 0 ? threads / o->jobs : 1);
    dio_batch_work(ground, fd);
    _exit(0);
}

bool dio_worker_start(struct dio_worker *w, const dio_batch_ground *ground,
                      const struct dio_worker *all, int count, dio_error *err)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return dio_fail_retry(err, "cannot talk to a worker: %s", strerror(errno));
    fflush(NULL); /* what stands in buffers would be written twice */
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        for (int i = 0; i < count; i++)
            if (all[i].pid)
                close(all[i].fd);
        live(ground, ends[1]);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return dio_fail_retry(err, "cannot start a worker: %s", strerror(errno));
    }
    *w = (struct dio_worker){.pid = pid, .fd = ends[0]};
    return true;
}

void dio_worker_bury(struct dio_worker *w, char *why, size_t size)
{
    int status = 0;
    close(w->fd);
    while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED(status))
        snprintf(why, size, "the worker was ended by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(why, size, "the worker ended with code %d", WEXITSTATUS(status));
    *w = (struct dio_worker){0};
}

void dio_worker_stop(struct dio_worker *w)
{
    char why[128];
    if (w->pid)
        dio_worker_bury(w, why, sizeof why);
}
