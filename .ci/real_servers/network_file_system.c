/* Preloaded into a program, makes locks and syncs fail as some network file systems do. Each call
   is a line of the file that FAILED_CALLS names. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(const char *call, int error) {
    int log = open(getenv("FAILED_CALLS"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log < 0 || write(log, call, strlen(call)) < 0) abort();
    close(log);
    errno = error;
    return -1;
}

int flock(int file, int operation) {
    (void)file;
    (void)operation;
    return fail("flock\n", ENOLCK);
}

int fsync(int file) {
    (void)file;
    return fail("fsync\n", EINVAL);
}

int fdatasync(int file) {
    (void)file;
    return fail("fdatasync\n", EINVAL);
}
