/* A preloaded library that lets one of the calls fail by which a process changes files.

   Counted are only the calls on paths and descriptors below the folder FAULTS_FOLDER. Each of them
   is a line of the file FAULTS_LOG. The call number FAULTS_AT (from 1 on) fails with the error
   FAULTS_ERROR (a number); where FAULTS_STICKY is set all later ones fail too, as on a full disk,
   whose first failure may be half of a write. Where FAULTS_ERROR is below zero the process gets
   that signal there, before the call.
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static char folder[PATH_MAX], log_path[PATH_MAX];
static int at, error, sticky;
static atomic_int count;

static const char *setting(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

/* Begin to count, as the environment says. A process that was forked calls it once more. */
__attribute__((constructor)) void faults_begin(void) {
    snprintf(folder, sizeof folder, "%s", setting("FAULTS_FOLDER"));
    snprintf(log_path, sizeof log_path, "%s", setting("FAULTS_LOG"));
    at = atoi(setting("FAULTS_AT"));
    error = atoi(setting("FAULTS_ERROR"));
    sticky = *setting("FAULTS_STICKY") != 0;
    count = 0;
}

static int is_below(const char *path) {
    size_t length = strlen(folder);
    return length && !strncmp(path, folder, length) && (path[length] == '/' || !path[length]);
}

/* Count a call on a path; return whether it fails. */
static int fails(const char *name, const char *path) {
    if (!is_below(path))
        return 0;
    int number = ++count;
    char line[2 * PATH_MAX];
    int length = snprintf(line, sizeof line, "%d %s %s\n", number, name, path);
    int log = syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    syscall(SYS_write, log, line, length);
    syscall(SYS_close, log);
    if (!at || number < at || (number > at && !sticky))
        return 0;
    if (error < 0) {
        kill(getpid(), -error);
        return 0;
    }
    errno = error;
    return 1;
}

static void path_of(int descriptor, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    if (descriptor == AT_FDCWD)
        strcpy(link, "/proc/self/cwd");
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
}

static int fd_fails(const char *name, int descriptor) {
    char path[PATH_MAX];
    int before = errno;
    path_of(descriptor, path);
    errno = before;
    return fails(name, path);
}

static int path_fails(const char *name, int beside, const char *path) {
    char whole[2 * PATH_MAX];
    if (*path == '/')
        return fails(name, path);
    path_of(beside, whole);
    snprintf(whole + strlen(whole), PATH_MAX, "/%s", path);
    return fails(name, whole);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* The first failure on a full disk: half of the bytes find room. */
#define HALF(size) (sticky && error == ENOSPC && count == at ? (size) / 2 : 0)

#define WRITE(name, more, ...)                                                                     \
    ssize_t name(int fd, const void *bytes, size_t size more) {                                    \
        if (!fd_fails("write", fd))                                                                \
            return NEXT(name)(fd, bytes, size __VA_ARGS__);                                        \
        return HALF(size) ? NEXT(name)(fd, bytes, HALF(size) __VA_ARGS__) : -1;                    \
    }
#define COMMA ,
WRITE(write, )
WRITE(pwrite, COMMA off_t where, COMMA where)
WRITE(pwrite64, COMMA off64_t where, COMMA where)

#define FD_CALL(type, name, parameters, ...)                                                       \
    type name parameters { return fd_fails(#name, fd) ? -1 : NEXT(name)(__VA_ARGS__); }
FD_CALL(ssize_t, writev, (int fd, const struct iovec *v, int n), fd, v, n)
FD_CALL(ssize_t, pwritev, (int fd, const struct iovec *v, int n, off_t to), fd, v, n, to)
FD_CALL(ssize_t, pwritev64, (int fd, const struct iovec *v, int n, off64_t to), fd, v, n, to)
FD_CALL(int, fsync, (int fd), fd)
FD_CALL(int, fdatasync, (int fd), fd)
FD_CALL(int, ftruncate, (int fd, off_t size), fd, size)
FD_CALL(int, ftruncate64, (int fd, off64_t size), fd, size)
FD_CALL(int, fallocate, (int fd, int mode, off_t from, off_t size), fd, mode, from, size)
FD_CALL(int, fallocate64, (int fd, int mode, off64_t from, off64_t size), fd, mode, from, size)

/* These return the error. */
int posix_fallocate(int fd, off_t from, off_t size) {
    return fd_fails("posix_fallocate", fd) ? error : NEXT(posix_fallocate)(fd, from, size);
}
int posix_fallocate64(int fd, off64_t from, off64_t size) {
    return fd_fails("posix_fallocate", fd) ? error : NEXT(posix_fallocate64)(fd, from, size);
}

#define PATH_CALL(name, beside, path, parameters, ...)                                             \
    int name parameters { return path_fails(#name, beside, path) ? -1 : NEXT(name)(__VA_ARGS__); }
PATH_CALL(rename, AT_FDCWD, to, (const char *from, const char *to), from, to)
PATH_CALL(renameat, b, to, (int a, const char *from, int b, const char *to), a, from, b, to)
PATH_CALL(renameat2, b, to, (int a, const char *from, int b, const char *to, unsigned flags),
          a, from, b, to, flags)
PATH_CALL(link, AT_FDCWD, to, (const char *from, const char *to), from, to)
PATH_CALL(linkat, b, to, (int a, const char *from, int b, const char *to, int flags),
          a, from, b, to, flags)
PATH_CALL(mkdir, AT_FDCWD, path, (const char *path, mode_t mode), path, mode)
PATH_CALL(mkdirat, beside, path, (int beside, const char *path, mode_t mode), beside, path, mode)

#define OPEN(name, beside, path, parameters, ...)                                                  \
    int name parameters {                                                                          \
        mode_t mode = 0;                                                                           \
        if (flags & (O_CREAT | __O_TMPFILE)) {                                                     \
            va_list more;                                                                          \
            va_start(more, flags);                                                                 \
            mode = va_arg(more, int);                                                              \
            va_end(more);                                                                          \
            if (path_fails(#name, beside, path))                                                   \
                return -1;                                                                         \
        }                                                                                          \
        return NEXT(name)(__VA_ARGS__, mode);                                                      \
    }
OPEN(open, AT_FDCWD, path, (const char *path, int flags, ...), path, flags)
OPEN(open64, AT_FDCWD, path, (const char *path, int flags, ...), path, flags)
OPEN(openat, beside, path, (int beside, const char *path, int flags, ...), beside, path, flags)
OPEN(openat64, beside, path, (int beside, const char *path, int flags, ...), beside, path, flags)
