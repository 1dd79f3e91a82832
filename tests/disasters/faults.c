/* Preloaded into a program, makes its disk fail and its clock wrong, as the shared file $FAULTS_CONTROL says.

   Only what is below $FAULTS_DIRECTORY is meant. The file is a struct of faults.py, mapped, so that a test
   can change it while the program runs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct control {
    int32_t write_errno, sync_errno, read_errno, open_errno; /* 0: no fault */
    int64_t read_from, read_to;                              /* bytes of a file that can't be read */
    int64_t clock_ns;                                        /* added to the time of day */
};

static struct control none, *control = &none;
static char directory[PATH_MAX] = "/nowhere";

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void map_control(void) {
    const char *path = getenv("FAULTS_CONTROL"), *below = getenv("FAULTS_DIRECTORY");
    if (!path || !below) return;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    void *mapped = mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped == MAP_FAILED) return;
    snprintf(directory, sizeof directory, "%s", below);
    control = mapped;
}

static int is_meant(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return !strncmp(path, directory, strlen(directory));
}

#define FAIL_IF(fault, meant) \
    do { \
        int wanted = (fault); \
        if (wanted && (meant)) { \
            errno = wanted; \
            return -1; \
        } \
    } while (0)

ssize_t write(int fd, const void *from, size_t size) {
    FAIL_IF(control->write_errno, is_meant(fd));
    REAL(write);
    return real(fd, from, size);
}

ssize_t pwrite(int fd, const void *from, size_t size, off_t at) {
    FAIL_IF(control->write_errno, is_meant(fd));
    REAL(pwrite);
    return real(fd, from, size, at);
}

ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at) {
    FAIL_IF(control->write_errno, is_meant(fd));
    REAL(pwrite64);
    return real(fd, from, size, at);
}

int fsync(int fd) {
    FAIL_IF(control->sync_errno, is_meant(fd));
    REAL(fsync);
    return real(fd);
}

int fdatasync(int fd) {
    FAIL_IF(control->sync_errno, is_meant(fd));
    REAL(fdatasync);
    return real(fd);
}

static int is_bad_place(int fd, size_t size, off64_t at) {
    return at < control->read_to && at + (off64_t)size > control->read_from && is_meant(fd);
}

ssize_t pread(int fd, void *into, size_t size, off_t at) {
    FAIL_IF(control->read_errno, is_bad_place(fd, size, at));
    REAL(pread);
    return real(fd, into, size, at);
}

ssize_t pread64(int fd, void *into, size_t size, off64_t at) {
    FAIL_IF(control->read_errno, is_bad_place(fd, size, at));
    REAL(pread64);
    return real(fd, into, size, at);
}

#define IS_FOR_WRITING(path, flags) (((flags) & O_ACCMODE) != O_RDONLY && !strncmp(path, directory, strlen(directory)))

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    FAIL_IF(control->open_errno, IS_FOR_WRITING(path, flags));
    REAL(open);
    return real(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    FAIL_IF(control->open_errno, IS_FOR_WRITING(path, flags));
    REAL(open64);
    return real(path, flags, mode);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    REAL(clock_gettime);
    int failed = real(clock, now);
    if (!failed && clock == CLOCK_REALTIME && control->clock_ns) {
        int64_t ns = now->tv_sec * 1000000000LL + now->tv_nsec + control->clock_ns;
        now->tv_sec = ns / 1000000000LL;
        now->tv_nsec = ns % 1000000000LL;
    }
    return failed;
}

time_t time(time_t *into) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (into) *into = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *into, void *zone) {
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    into->tv_sec = now.tv_sec;
    into->tv_usec = now.tv_nsec / 1000;
    return 0;
}
