/* SPDX-License-Identifier: ISC */
#pragma once

/* A unikernel: what is recorded of it, the run at hand, and who waits for what. */

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "domain/config.h"
#include "domain/exit.h"
#include "domain/history.h"
#include "domain/lifecycle.h"
#include "domain/name.h"
#include "domain/restart.h"

typedef struct Claim Claim;
typedef struct Image Image;
typedef struct MacEntry MacEntry;
typedef struct Revision Revision;
typedef struct Start Start;
typedef struct Manager Manager;

#define IMAGE_DIGEST_TEXT_SIZE 65

typedef struct ImageInfo {
        char digest[IMAGE_DIGEST_TEXT_SIZE]; /* SHA-256, hexadecimal */
        uint64_t size_bytes;
        uint32_t target, abi_version; /* its ELF note */
} ImageInfo;

/* What a unikernel was made of: kept when it is updated, for the way back. */
typedef struct Version Version;
struct Version {
        Config config;
        ImageInfo image;
        Image *image_hold; /* NULL: nobody holds it yet */
        Version *next;     /* in Unikernel.in_doubt */
};

/* Of what is in there only; a hold is given back by image_release(), before this. */
Version *version_free(Version *version);
DEFINE_CLEANUP(Version *, version_free);

/* "alb7". No number is given again in a boot. */
typedef struct TapName {
        char text[IFNAMSIZ];
        char guest[DEVICE_NAME_MAX + 1]; /* its network; empty: not known */
} TapName;

/* A block device of the path of its unikernel. */
typedef struct BlockLabel {
        char text[NAME_LABEL_MAX + 1];
} BlockLabel;

/* A tender that the launcher has forked for us, from the gate to the end. */
typedef struct Run {
        uint64_t child; /* the launcher's number for it */
        pid_t pid;
        uint32_t uid;
        uint64_t start_ticks;  /* proc(5) */
        uint32_t slice_number; /* of its path; see slices.c */
        bool sliced;           /* it is counted in that slice */
        bool scoped;           /* it has a scope of ours, or may have one */
        bool opened;           /* its tender was executed */
        bool added_name;       /* its guest was given --name=LABEL by us */
        uint64_t opened_usec;  /* CLOCK_MONOTONIC */
        uint64_t started_usec; /* UTC, noted then and told ever since; 0: not known */
        bool asked;            /* we were told to end it */
        bool orphaned;         /* the launcher does not know it: it died since */
        int signal;            /* the last one that it was sent; 0: none */
        uint64_t generation;   /* of the launcher's list that it was last in */
        sd_id128_t invocation;
        TapName *taps; /* of its networks, in their order */
        size_t n_taps;
        bool taps_persist;  /* they don't end with their tender */
        BlockLabel *blocks; /* that it has open, whatever the configuration says by now */
        size_t n_blocks;
        sd_event_source *clear_timer; /* its tender is gone, and has left somebody behind */
} Run;

/* At least the last 64 runs of a name can be read in the journal. */
#define UNIKERNEL_INVOCATIONS_MAX 64

typedef struct Unikernel {
        Manager *manager;
        Name name;
        Config config;
        ImageInfo image;
        Claim *claim;   /* what it has of the paths above it; see claims.c */
        MacEntry *macs; /* of its networks, in their order; see macs.c */
        size_t n_macs;
        Image *image_hold; /* keeps the file from being swept */
        Version *previous; /* NULL: it was not updated yet */
        Version *in_doubt; /* what it was not to become, and may be on disk */
        bool wanted;       /* starts with the host */
        bool recorded;     /* on disk; before that nobody sees it */
        bool is_lost;      /* it runs, but its record can't be read; see lost.c */
        uint64_t created_usec;

        State state;
        uint64_t state_usec;
        uint32_t n_restarts;
        Exit last_exit;
        History history; /* that one, and those before it */
        Backoff backoff;
        /* Of one that waits: when it is started again, by CLOCK_MONOTONIC and to be told. */
        uint64_t next_usec, next_utc_usec;
        bool is_held;      /* its last start has failed, and it was not its last run */
        bool lacks_bridge; /* that was why: it is started when the bridge is there */
        bool is_queued;    /* it is started in its turn; see boot.c */
        sd_event_source *restart_timer;
        Revision *revision; /* a change of it that is under way */
        uint64_t n_changes; /* tells its versions apart */
        /* Whether version .watched_change stays up is watched until then, by CLOCK_MONOTONIC, by
         * the next daemon if need be. 0: it is not. */
        uint64_t watched_until_usec, watched_change;
        /* Change .due_change, once it is on disk, is to be what runs: by a restart, after which it
         * is watched for so long. 0: none is. */
        uint64_t due_change, due_watch_usec;
        bool restart_asked;         /* it is stopped to be started again */
        bool stays_until_boot;      /* whether it is wanted counts with the next one */
        sd_id128_t last_invocation; /* of the run that ended last */
        Run *run;
        bool adopted;         /* what was found of its last run is settled */
        Start *start;         /* under way */
        char *tender_path;    /* the one chosen last; NULL: none in this boot */
        bool shows_arguments; /* that one has the guest's arguments in its command line */
        sd_id128_t *invocations;
        size_t n_invocations;

        bool destroying, removing;
        bool destroys_blocks; /* those that belong to it, before its record */
        int blocks_error;     /* one of them could not be removed */
        int create_r;         /* why it is being removed, when it could not be created */
        Fault *create_fault;
        unsigned n_saving; /* how many writes are under way */
        bool is_saving;    /* its record is, once at a time */
        bool save_again;   /* it was changed since */
        bool saves_wish;   /* whether it is to run is in what is being written */
        bool save_wish_again;
        bool unsaved;   /* its record may not be on disk as it is here */
        int save_error; /* of the last write that had such a wish */
        ListLink waiters;
        ListLink consoles;
        ListLink blocks; /* that belong to it; see blocks.h */
        sd_event_source *stop_timer;
        sd_bus_slot *result_slot;
        sd_event_source *pidfd_source; /* of an orphaned run */
} Unikernel;

/* The unit of its runs; the slice of the run at hand, or of its path; the run's control group. */
void unikernel_scope(const Unikernel *unikernel, char ret[static NAME_UNIT_MAX + 1]);
void unikernel_slice(const Unikernel *unikernel, char ret[static NAME_UNIT_MAX + 1]);
void unikernel_control_group(const Unikernel *unikernel,
                             char ret[static NAME_CONTROL_GROUP_MAX + 1]);

/* "solo5-spt": what its image was made for. */
const char *unikernel_type(const Unikernel *unikernel);
