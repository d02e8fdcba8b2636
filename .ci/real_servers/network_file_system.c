/* Preloaded into a program, makes locks and fsync fail as some network file systems do. */

#include <errno.h>

int flock(int file, int operation) {
    (void)file;
    (void)operation;
    errno = ENOLCK;
    return -1;
}

int fsync(int file) {
    (void)file;
    errno = EINVAL;
    return -1;
}
