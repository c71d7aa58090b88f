/* Counts the calls with which a process changes files below given folders, and strikes at one.
 *
 * Preloaded into a process (ld.so(8), LD_PRELOAD); does nothing until crash_arm() is called.
 * Python and libgit2 both go through the C library, so that both are covered. Not covered:
 * pages of a file mapped into memory, and programs that the process starts.
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
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { COUNT = 0, KILL = 1, TEAR = 2, ONCE = 3, FULL = 4 };
/* What may happen to a call: it needs room, or it only ever frees some. */
enum { GROWS = 1, FREES = 2 };

struct seen {
        _Atomic long count;
        _Atomic int struck;
        char call[32];
        char path[PATH_MAX];
};

static struct seen *seen; /* shared with the processes that are forked */
static int armed, mode, failing;
static long strike_at;
static char folders[8][PATH_MAX];
static size_t n_folders;

__attribute__((constructor)) static void share(void) {
        seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (seen == MAP_FAILED)
                abort();
}

/* below: folders with a colon between. at: which call to strike, from 1. */
void crash_arm(const char *below, long at, int how, int error) {
        n_folders = 0;
        for (const char *start = below; *start && n_folders < 8;) {
                size_t length = strcspn(start, ":");
                snprintf(folders[n_folders++], PATH_MAX, "%.*s", (int) length, start);
                start += length + (start[length] == ':');
        }
        atomic_store(&seen->count, 0);
        atomic_store(&seen->struck, 0);
        seen->call[0] = seen->path[0] = '\0';
        strike_at = at;
        mode = how;
        failing = error;
        armed = 1;
}

long crash_count(void) { return atomic_load(&seen->count); }
int crash_struck(void) { return atomic_load(&seen->struck); }
const char *crash_call(void) { return seen->call; }
const char *crash_path(void) { return seen->path; }

static int is_below(const char *path) {
        for (size_t i = 0; i < n_folders; i++) {
                size_t length = strlen(folders[i]);
                if (strncmp(path, folders[i], length) == 0 && (path[length] == '/' || !path[length]))
                        return 1;
        }
        return 0;
}

/* The path that a descriptor, or a name beside one, stands for. */
static void path_at(int folder, const char *name, char *out) {
        char link[64], base[PATH_MAX] = "";
        ssize_t length;

        if (name && name[0] == '/') {
                snprintf(out, PATH_MAX, "%s", name);
                return;
        }
        if (folder == AT_FDCWD) {
                if (!getcwd(base, sizeof base))
                        base[0] = '\0';
        } else {
                snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
                length = readlink(link, base, sizeof base - 1);
                base[length < 0 ? 0 : length] = '\0';
        }
        if (name && *name)
                snprintf(out, PATH_MAX, "%.2000s/%.2000s", base, name);
        else
                snprintf(out, PATH_MAX, "%s", base);
}

/* Whether the call is to fail; it does not come back when the process is to die. `tearing` does a
 * part of the work before that, where there are parts. */
static int strikes(const char *call, int kind, int folder, const char *name, int folder2,
                   const char *name2) {
        char path[PATH_MAX];
        int saved = errno, hit;

        if (!armed)
                return 0;
        path_at(folder, name, path);
        hit = is_below(path);
        if (!hit && name2) {
                path_at(folder2, name2, path);
                hit = is_below(path);
        }
        errno = saved;
        if (!hit || (mode == FULL && kind == FREES))
                return 0;
        long number = atomic_fetch_add(&seen->count, 1) + 1;
        if (mode == COUNT || number < strike_at || (mode != FULL && number > strike_at))
                return 0;
        if (!atomic_exchange(&seen->struck, 1)) {
                snprintf(seen->call, sizeof seen->call, "%s", call);
                snprintf(seen->path, sizeof seen->path, "%s", path);
        }
        if (mode == KILL)
                raise(SIGKILL);
        if (mode != TEAR)
                errno = failing;
        return 1;
}

#define REAL(name) ((typeof(&name)) real(&name##_real, #name))
static void *real(void **kept, const char *name) {
        if (!*kept)
                *kept = dlsym(RTLD_NEXT, name);
        return *kept;
}

/* Writing: half of it goes through before a death, and before a disk is full. */
#define WRITER(name, proto, call_args, half_args, size)                                            \
        static void *name##_real;                                                                  \
        ssize_t name proto {                                                                       \
                if (strikes(#name, GROWS, fd, NULL, 0, NULL)) {                                    \
                        int first = atomic_load(&seen->count) == strike_at;                        \
                        if (first && mode != ONCE && (size) > 1) {                                 \
                                ssize_t part = REAL(name) half_args;                               \
                                if (mode == TEAR)                                                  \
                                        raise(SIGKILL);                                            \
                                return part;                                                       \
                        }                                                                          \
                        if (mode == TEAR)                                                          \
                                raise(SIGKILL);                                                    \
                        errno = failing;                                                           \
                        return -1;                                                                 \
                }                                                                                  \
                return REAL(name) call_args;                                                       \
        }

WRITER(write, (int fd, const void *buffer, size_t n), (fd, buffer, n), (fd, buffer, n / 2), n)
WRITER(pwrite, (int fd, const void *buffer, size_t n, off_t at), (fd, buffer, n, at),
       (fd, buffer, n / 2, at), n)
WRITER(pwrite64, (int fd, const void *buffer, size_t n, off64_t at), (fd, buffer, n, at),
       (fd, buffer, n / 2, at), n)
WRITER(writev, (int fd, const struct iovec *parts, int n), (fd, parts, n), (fd, parts, n / 2), n)
WRITER(pwritev, (int fd, const struct iovec *parts, int n, off_t at), (fd, parts, n, at),
       (fd, parts, n / 2, at), n)
WRITER(sendfile, (int fd, int from, off_t *at, size_t n), (fd, from, at, n), (fd, from, at, n), 0)
WRITER(sendfile64, (int fd, int from, off64_t *at, size_t n), (fd, from, at, n),
       (fd, from, at, n), 0)
WRITER(copy_file_range,
       (int from, off64_t *from_at, int fd, off64_t *at, size_t n, unsigned flags),
       (from, from_at, fd, at, n, flags), (from, from_at, fd, at, n, flags), 0)

/* All or nothing: the process dies before it, or it fails. */
#define STEP(name, kind, proto, args, folder, path, folder2, path2)                                \
        static void *name##_real;                                                                  \
        int name proto {                                                                           \
                if (strikes(#name, kind, folder, path, folder2, path2)) {                          \
                        if (mode == TEAR)                                                          \
                                raise(SIGKILL);                                                    \
                        return -1;                                                                 \
                }                                                                                  \
                return REAL(name) args;                                                            \
        }

STEP(rename, GROWS, (const char *a, const char *b), (a, b), AT_FDCWD, a, AT_FDCWD, b)
STEP(renameat, GROWS, (int d, const char *a, int e, const char *b), (d, a, e, b), d, a, e, b)
STEP(renameat2, GROWS, (int d, const char *a, int e, const char *b, unsigned f), (d, a, e, b, f),
     d, a, e, b)
STEP(link, GROWS, (const char *a, const char *b), (a, b), AT_FDCWD, b, AT_FDCWD, NULL)
STEP(linkat, GROWS, (int d, const char *a, int e, const char *b, int f), (d, a, e, b, f), e, b,
     AT_FDCWD, NULL)
STEP(symlink, GROWS, (const char *a, const char *b), (a, b), AT_FDCWD, b, AT_FDCWD, NULL)
STEP(symlinkat, GROWS, (const char *a, int d, const char *b), (a, d, b), d, b, AT_FDCWD, NULL)
STEP(unlink, FREES, (const char *a), (a), AT_FDCWD, a, AT_FDCWD, NULL)
STEP(unlinkat, FREES, (int d, const char *a, int f), (d, a, f), d, a, AT_FDCWD, NULL)
STEP(rmdir, FREES, (const char *a), (a), AT_FDCWD, a, AT_FDCWD, NULL)
STEP(mkdir, GROWS, (const char *a, mode_t m), (a, m), AT_FDCWD, a, AT_FDCWD, NULL)
STEP(mkdirat, GROWS, (int d, const char *a, mode_t m), (d, a, m), d, a, AT_FDCWD, NULL)
STEP(fsync, GROWS, (int fd), (fd), fd, NULL, AT_FDCWD, NULL)
STEP(fdatasync, GROWS, (int fd), (fd), fd, NULL, AT_FDCWD, NULL)
STEP(ftruncate, GROWS, (int fd, off_t n), (fd, n), fd, NULL, AT_FDCWD, NULL)
STEP(ftruncate64, GROWS, (int fd, off64_t n), (fd, n), fd, NULL, AT_FDCWD, NULL)
STEP(chmod, FREES, (const char *a, mode_t m), (a, m), AT_FDCWD, a, AT_FDCWD, NULL)
STEP(fchmod, FREES, (int fd, mode_t m), (fd, m), fd, NULL, AT_FDCWD, NULL)
STEP(fchmodat, FREES, (int d, const char *a, mode_t m, int f), (d, a, m, f), d, a, AT_FDCWD, NULL)

/* Opening counts when it can make or empty a file. */
#define WANTED (flags & (O_CREAT | O_TRUNC))
#define MODE                                                                                       \
        mode_t bits = 0;                                                                           \
        if (flags & (O_CREAT | O_TMPFILE)) {                                                       \
                va_list more;                                                                      \
                va_start(more, flags);                                                             \
                bits = va_arg(more, mode_t);                                                       \
                va_end(more);                                                                      \
        }
#define OPENER(name, proto, args, folder)                                                          \
        static void *name##_real;                                                                  \
        int name proto {                                                                           \
                MODE if (WANTED && strikes(#name, GROWS, folder, path, AT_FDCWD, NULL)) {          \
                        if (mode == TEAR)                                                          \
                                raise(SIGKILL);                                                    \
                        return -1;                                                                 \
                }                                                                                  \
                return REAL(name) args;                                                            \
        }

OPENER(open, (const char *path, int flags, ...), (path, flags, bits), AT_FDCWD)
OPENER(open64, (const char *path, int flags, ...), (path, flags, bits), AT_FDCWD)
OPENER(openat, (int d, const char *path, int flags, ...), (d, path, flags, bits), d)
OPENER(openat64, (int d, const char *path, int flags, ...), (d, path, flags, bits), d)
