/* SPDX-License-Identifier: ISC */

/*
 * Stands in for a tender where the point is how tenders are found and asked, see tenders.sh. What
 * it does at --version is the text that was appended to its file behind "\nDOUBLE ": "hang",
 * "chatter", "flood", "crash", or a status, a space and what to print, with "|" for a
 * newline. Otherwise it says how it was started, looks at its image, and ends with status 0, or,
 * when the guest's last argument is "stay", when it is made to: with status 1, as solo5-hvt does.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL_MAX 512

static char behaviour[TAIL_MAX + 1];

/* The end of our own file. */
static int read_behaviour(void) {
        static const char mark[] = {'\n', 'D', 'O', 'U', 'B', 'L', 'E', ' '};
        static char tail[TAIL_MAX];
        struct stat status;
        ssize_t n;
        int fd;

        fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &status) < 0)
                return -1;
        n = pread(fd, tail, sizeof(tail), status.st_size - (off_t) sizeof(tail));
        close(fd);
        for (ssize_t i = n - (ssize_t) sizeof(mark); i >= 0; i--)
                if (memcmp(tail + i, mark, sizeof(mark)) == 0) {
                        size_t length = (size_t) (n - i) - sizeof(mark);

                        memcpy(behaviour, tail + i + sizeof(mark), length);
                        return 0;
                }
        return -1;
}

static int say_version(void) {
        const char *text = strchr(behaviour, ' ');

        if (strcmp(behaviour, "hang") == 0)
                pause();
        while (strcmp(behaviour, "chatter") == 0)
                if (write(STDERR_FILENO, "ABI version 77\n", 15) < 0)
                        usleep(1000);
        if (strcmp(behaviour, "crash") == 0)
                abort();
        if (strcmp(behaviour, "flood") == 0) {
                for (unsigned i = 0; i < 1000; i++)
                        fprintf(stderr, "line %u\n", i);
                return EXIT_SUCCESS;
        }
        if (!text)
                return EXIT_FAILURE;
        for (const char *here = text + 1; *here; here++)
                fputc(*here == '|' ? '\n' : *here, stderr);
        return atoi(behaviour);
}

static void on_signal(int number) {
        _exit(EXIT_FAILURE);
}

/* Whether the image can be opened by the name that was given, as an official tender does. */
static int run(int argc, char **argv) {
        char magic[4] = "", own[512] = "";
        int fd = -1;

        if (readlink("/proc/self/exe", own, sizeof(own) - 1) < 0)
                return EXIT_FAILURE;
        printf("ran %s\nstarted as", own);
        for (int i = 0; i < argc; i++) {
                printf(" %s", argv[i]);
                if (i > 0 && strcmp(argv[i - 1], "--") == 0)
                        fd = open(argv[i], O_RDONLY | O_CLOEXEC);
        }
        printf("\n");
        if (fd < 0 || read(fd, magic, sizeof(magic)) != sizeof(magic) ||
            memcmp(magic, "\177ELF", sizeof(magic)) != 0)
                return EXIT_FAILURE;
        printf("the image is one\n");
        fflush(stdout);
        if (strcmp(argv[argc - 1], "stay") == 0) {
                signal(SIGTERM, on_signal);
                signal(SIGINT, on_signal);
                printf("staying\n");
                fflush(stdout);
                pause();
        }
        return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
        if (read_behaviour() < 0)
                return EXIT_FAILURE;
        if (argc == 2 && strcmp(argv[1], "--version") == 0)
                return say_version();
        return run(argc, argv);
}
