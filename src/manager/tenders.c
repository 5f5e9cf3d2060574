/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/directory.h"
#include "host/tender.h"
#include "manager/probe.h"
#include "manager/tenders.h"
#include "systemd/log.h"

/* More in all folders together are a mistake, and not worth a process each. */
#define TENDERS_MAX 64U

/* What "--version" may take, and print. */
#define VERSION_USEC      (2ULL * 1000000ULL)
#define VERSION_SIZE_MAX  4096U
#define VERSION_SIZE_TEXT "4 KiB"

/* Starts wait for it, which should not fail since others bring many images just then. */
#define PATIENCE_USEC (10ULL * 1000000ULL)

/* One that gave no answer in time may have had a bad moment, and so may we have had: of that, those
 * who waited for the answer are told, and whoever comes next finds out anew. */
#define RETRY_SLOW_USEC   (60ULL * 1000000ULL)
#define RETRY_FAILED_USEC (50ULL * 1000ULL)
#define RETRY_NOW         0U
#define RETRY_NEVER       UINT64_MAX

/* Two changes of a folder within this time may leave it with the same stamp. */
#define STAMP_SURE_SEC 2

typedef struct Folder {
        const char *path;
        bool is_own; /* ours, where our own tender is */
        bool is_known;
        FileStamp stamp;
} Folder;

typedef struct Found {
        Tenders *tenders; /* NULL: its file is another one by now, or gone; an answer is awaited */
        size_t folder;
        FileStamp stamp;
        TenderName name;
        TenderState state;
        bool asking;
        uint64_t retry_usec; /* when a refused one is asked again */
        Fault refusal;
        Tender *tender; /* of one that is asked or usable */
        char version[TENDER_VERSION_MAX + 1];
        char path[];
} Found;

struct Tenders {
        Manager *manager;
        Folder folders[SETTINGS_FOLDERS_MAX + 1];
        size_t n_folders;
        Found *found[TENDERS_MAX]; /* in the order of the folders, then of the names */
        size_t n_found;
        ListLink waits;
};

Tender *tender_ref(Tender *tender) {
        tender->n_refs++;
        return tender;
}

Tender *tender_unref(Tender *tender) {
        if (!tender || --tender->n_refs > 0)
                return NULL;
        fd_close(tender->fd);
        free(tender);
        return NULL;
}

static Found *found_free(Found *found) {
        tender_unref(found->tender);
        free(found);
        return NULL;
}

static uint64_t now_usec(const Tenders *tenders) {
        uint64_t usec = 0;

        sd_event_now(tenders->manager->event, CLOCK_MONOTONIC, &usec);
        return usec;
}

/* --- what is there --- */

static void forget(Tenders *tenders, size_t index) {
        Found *found = tenders->found[index];

        tenders->n_found--;
        memmove(&tenders->found[index], &tenders->found[index + 1],
                (tenders->n_found - index) * sizeof(Found *));
        if (found->asking)
                found->tenders = NULL;
        else
                found_free(found);
}

static int note(Tenders *tenders, size_t folder, const char *file, const TenderName *name) {
        size_t size = strlen(tenders->folders[folder].path) + 1 + strlen(file) + 1;
        size_t place = 0;
        Found *found;

        if (tenders->n_found == TENDERS_MAX)
                return -ENOSPC;
        found = calloc(1, sizeof(*found) + size);
        if (!found)
                return -ENOMEM;
        snprintf(found->path, size, "%s/%s", tenders->folders[folder].path, file);
        found->folder = folder;
        found->name = *name;
        found->tenders = tenders;
        while (place < tenders->n_found && (tenders->found[place]->folder < folder ||
                                            (tenders->found[place]->folder == folder &&
                                             strcmp(tenders->found[place]->path, found->path) < 0)))
                place++;
        if ((place < tenders->n_found && strcmp(tenders->found[place]->path, found->path) == 0) ||
            file_stamp(found->path, &found->stamp) < 0) {
                found_free(found);
                return 0;
        }
        memmove(&tenders->found[place + 1], &tenders->found[place],
                (tenders->n_found - place) * sizeof(Found *));
        tenders->found[place] = found;
        tenders->n_found++;
        return 0;
}

static void scan(Tenders *tenders, size_t index) {
        const Folder *folder = &tenders->folders[index];
        _cleanup_(directory_closep) DIR *directory = NULL;
        struct dirent *entry;
        TenderName name;

        directory = opendir(folder->path);
        if (!directory)
                return;
        while ((entry = readdir(directory))) {
                if (tender_name_parse(&name, entry->d_name) < 0)
                        continue;
                /* Ours has its one place, and no place can offer another. */
                if (folder->is_own != (name.kind == TENDER_ALBATROSS_SPT) ||
                    (folder->is_own && name.versioned))
                        continue;
                if (note(tenders, index, entry->d_name, &name) < 0)
                        log_print(LOG_WARNING,
                                  "%s/%s is not looked at: no memory, or too many tenders",
                                  folder->path, entry->d_name);
        }
}

/* Whether something was added to a folder, or taken out, shows in the folder. */
static void refresh_folder(Tenders *tenders, size_t index) {
        Folder *folder = &tenders->folders[index];
        struct timespec now;
        FileStamp stamp;

        if (file_stamp(folder->path, &stamp) < 0) {
                folder->is_known = false;
                return;
        }
        if (folder->is_known && file_stamp_equal(&folder->stamp, &stamp))
                return;
        clock_gettime(CLOCK_REALTIME, &now);
        folder->stamp = stamp;
        folder->is_known = now.tv_sec - stamp.changed.tv_sec > STAMP_SURE_SEC;
        scan(tenders, index);
}

static void refresh(Tenders *tenders) {
        /* First those that are no longer what they were: they are found anew then. */
        for (size_t i = tenders->n_found; i-- > 0;) {
                Found *found = tenders->found[i];
                FileStamp stamp;

                if (file_stamp(found->path, &stamp) >= 0 && file_stamp_equal(&found->stamp, &stamp))
                        continue;
                tenders->folders[found->folder].is_known = false;
                forget(tenders, i);
        }
        for (size_t i = 0; i < tenders->n_folders; i++)
                refresh_folder(tenders, i);
        for (size_t i = 0; i < tenders->n_found; i++) {
                Found *found = tenders->found[i];

                if (found->state == TENDER_REFUSED && now_usec(tenders) >= found->retry_usec)
                        found->state = TENDER_UNASKED;
        }
}

/* --- what they say --- */

static void wake(Tenders *tenders) {
        ListLink woken;

        /* Those who have to wait again are not among these. */
        list_init(&woken);
        LIST_FOREACH(link, &tenders->waits) {
                list_remove(link);
                list_append(&woken, link);
        }
        while (!list_is_empty(&woken)) {
                TenderWait *wait = LIST_ENTRY(woken.next, TenderWait, link);

                list_remove(&wait->link);
                wait->again(wait->userdata);
        }
}

/* Takes the reason over, when there is one in words. @retry_usec: from now. */
static void refuse(Found *found, int r, Fault *fault, uint64_t retry_usec) {
        bool is_news;

        if (fault->code == FAULT_NONE)
                fault_set(fault, FAULT_NO_TENDER, "%s can't be used: %s", found->path,
                          strerror(-r));
        is_news = strcmp(found->refusal.message, fault->message) != 0;
        found->refusal = *fault;
        found->state = TENDER_REFUSED;
        found->retry_usec =
                retry_usec == RETRY_NEVER ? RETRY_NEVER : now_usec(found->tenders) + retry_usec;
        found->tender = tender_unref(found->tender);
        if (is_news)
                log_print(LOG_WARNING, "Not used as a tender: %s%s%s", fault->message,
                          fault->hint[0] ? "; " : "", fault->hint);
}

static int check_end(const Found *found, const ProbeResult *result, Fault *fault) {
        if (result->error == -ETIMEDOUT && result->report_size <= VERSION_SIZE_MAX)
                return fault_set(fault, FAULT_NO_TENDER,
                                 "%s --version gave no answer within %llu s", found->path,
                                 VERSION_USEC / 1000000ULL);
        if (result->report_size > VERSION_SIZE_MAX)
                return fault_set(fault, FAULT_NO_TENDER,
                                 "%s --version prints more than " VERSION_SIZE_TEXT, found->path);
        if (result->error == -EPERM)
                return fault_set(fault, FAULT_NO_TENDER,
                                 "%s can't be asked: albatross-launcher does not lend the uids of "
                                 "UidRange=, see albatrossd.conf(5)",
                                 found->path);
        if (result->error == -EAGAIN)
                return fault_set(fault, FAULT_NO_TENDER,
                                 "%s can't be asked what it is as long as all uids are in use, or "
                                 "too many transfers are under way",
                                 found->path);
        if (result->error < 0)
                return fault_set(fault, FAULT_NO_TENDER, "%s can't be executed: %s", found->path,
                                 strerror(-result->error));
        if (WIFSIGNALED(result->wait_status))
                return fault_set(fault, FAULT_NO_TENDER, "%s --version was ended by signal %d",
                                 found->path, WTERMSIG(result->wait_status));
        if (WEXITSTATUS(result->wait_status) != 0)
                return fault_set(fault, FAULT_NO_TENDER, "%s --version ended with status %d",
                                 found->path, WEXITSTATUS(result->wait_status));
        return 0;
}

static int check_version(Found *found, const ProbeResult *result, Fault *fault) {
        TenderVersion version;

        if (tender_version_parse(&version, result->report, result->report_size) < 0)
                return fault_set(fault, FAULT_NO_TENDER,
                                 "%s --version does not print what a tender prints", found->path);
        if (version.kind != found->name.kind)
                return fault_set(fault, FAULT_NO_TENDER, "%s says that it is %s", found->path,
                                 tender_kind_name(version.kind));
        found->tender->abi_version = version.abi_version;
        strcpy(found->version, version.text);
        return 0;
}

/* Is it more likely our trouble than the tender's? */
static bool is_passing(int error) {
        return error == -EPIPE || error == -EAGAIN || error == -EBUSY || error == -EMFILE ||
               error == -ENFILE || error == -ENOMEM || error == -EPERM;
}

static void on_version(void *userdata, const ProbeResult *result) {
        Found *found = userdata;
        Tenders *tenders = found->tenders;
        uint64_t retry_usec = RETRY_NEVER;
        Fault fault = {};
        int r;

        found->asking = false;
        if (!tenders) {
                found_free(found);
                return;
        }
        r = check_end(found, result, &fault);
        if (r >= 0)
                r = check_version(found, result, &fault);
        if (result->error == -ETIMEDOUT)
                retry_usec = RETRY_SLOW_USEC;
        else if (is_passing(result->error))
                retry_usec = RETRY_FAILED_USEC;
        if (r < 0)
                refuse(found, r, &fault, retry_usec);
        else
                found->state = TENDER_USABLE;
        wake(tenders);
}

static int open_found(Found *found, Fault *fault) {
        size_t size = strlen(found->path) + 1;
        _cleanup_(freep) Tender *tender = NULL;

        tender = calloc(1, sizeof(*tender) + size);
        if (!tender)
                return -ENOMEM;
        tender->fd = trusted_open(found->path, &found->stamp, fault);
        if (tender->fd < 0)
                return tender->fd;
        tender->n_refs = 1;
        tender->kind = found->name.kind;
        memcpy(tender->path, found->path, size);
        found->tender = TAKE_PTR(tender);
        return 0;
}

/* Positive: it is being asked; 0: all is known already. */
static int ask(Found *found) {
        Fault fault = {};
        int r;

        if (found->asking)
                return 1;
        r = open_found(found, &fault);
        if (r < 0) {
                /* That a folder is in order again does not show in the file. */
                refuse(found, r, &fault, RETRY_NOW);
                return 0;
        }
        r = probe_start(found->tenders->manager,
                        &(const ProbeSpec){
                                .name = tender_kind_name(found->name.kind),
                                .program_fd = found->tender->fd,
                                .arguments = {"--version"},
                                .input = -1,
                                .output = -1,
                                .deadline_usec = VERSION_USEC,
                                .patience_usec = PATIENCE_USEC,
                                .report_max = VERSION_SIZE_MAX,
                        },
                        on_version, found);
        if (r < 0) {
                refuse(found, r, &fault, RETRY_FAILED_USEC);
                return 0;
        }
        found->asking = true;
        return 1;
}

/* --- as a whole --- */

int tenders_ask_all(Tenders *tenders) {
        unsigned n_asked = 0;

        refresh(tenders);
        for (size_t i = 0; i < tenders->n_found; i++)
                if (tenders->found[i]->state == TENDER_UNASKED && ask(tenders->found[i]) > 0)
                        n_asked++;
        return n_asked > 0 ? -EAGAIN : 0;
}

static void fill_facts(const Tenders *tenders, TenderFacts ret[static TENDERS_MAX]) {
        for (size_t i = 0; i < tenders->n_found; i++) {
                const Found *found = tenders->found[i];

                ret[i] = (TenderFacts){
                        .path = found->path,
                        .name = found->name,
                        .state = found->state,
                        .abi_version =
                                found->state == TENDER_USABLE ? found->tender->abi_version : 0,
                        .refusal = &found->refusal,
                };
        }
}

/* "/usr/local/bin, /usr/bin" */
static void list_folders(const Tenders *tenders, char *ret, size_t size) {
        size_t used = 0;

        ret[0] = '\0';
        for (size_t i = 0; i < tenders->n_folders && used < size; i++)
                if (!tenders->folders[i].is_own)
                        used += (size_t) snprintf(ret + used, size - used, "%s%s",
                                                  used > 0 ? ", " : "", tenders->folders[i].path);
}

int tenders_choose(Tenders *tenders,
                   uint32_t target,
                   uint32_t abi_version,
                   Tender **ret,
                   Fault *fault) {
        const TenderWanted wanted = {
                .target = target,
                .abi_version = abi_version,
                .prefer_official = tenders->manager->settings.prefer_official_tender,
        };
        TenderFacts facts[TENDERS_MAX];
        char folders[FAULT_MESSAGE_MAX / 2];
        ssize_t chosen;

        refresh(tenders);
        for (;;) {
                fill_facts(tenders, facts);
                chosen = tender_choose(facts, tenders->n_found, &wanted);
                if (chosen < 0) {
                        list_folders(tenders, folders, sizeof(folders));
                        return tender_refuse(fault, facts, tenders->n_found, &wanted, folders);
                }
                if (facts[chosen].state == TENDER_USABLE) {
                        *ret = tender_ref(tenders->found[chosen]->tender);
                        return 0;
                }
                /* Asked or refused: each round has one less to ask. */
                if (ask(tenders->found[chosen]) > 0)
                        return -EAGAIN;
        }
}

void tenders_wait(Tenders *tenders, TenderWait *wait) {
        list_append(&tenders->waits, &wait->link);
}

int manager_visit_tenders(Manager *manager, ManagerTenderVisitor visitor, void *userdata) {
        const Tenders *tenders = manager->tenders;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < tenders->n_found; i++) {
                const Found *found = tenders->found[i];
                TenderReport report = {
                        .path = found->path,
                        .type = tender_kind_target(found->name.kind) == TENDER_TARGET_HVT
                                        ? "solo5-hvt"
                                        : "solo5-spt",
                        .version = found->version,
                };

                if (found->state == TENDER_UNASKED)
                        continue;
                if (found->state == TENDER_USABLE)
                        report.abi_version = found->tender->abi_version;
                else
                        report.refusal = &found->refusal;
                r = visitor(userdata, &report);
        }
        return r;
}

int tenders_new(Tenders **ret, Manager *manager) {
        Tenders *tenders;

        tenders = calloc(1, sizeof(*tenders));
        if (!tenders)
                return -ENOMEM;
        tenders->manager = manager;
        list_init(&tenders->waits);
        tenders->folders[tenders->n_folders++] =
                (Folder){.path = ALBATROSS_LIBEXECDIR, .is_own = true};
        for (const char *path = NULL;
             (path = strings_next(&manager->settings.tender_folders, path)) &&
             tenders->n_folders < N_ELEMENTS(tenders->folders);)
                tenders->folders[tenders->n_folders++] = (Folder){.path = path};
        *ret = tenders;
        return 0;
}

Tenders *tenders_free(Tenders *tenders) {
        if (!tenders)
                return NULL;
        for (size_t i = 0; i < tenders->n_found; i++)
                found_free(tenders->found[i]);
        LIST_FOREACH(link, &tenders->waits)
        list_remove(link);
        free(tenders);
        return NULL;
}
